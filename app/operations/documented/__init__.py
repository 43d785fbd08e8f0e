"""The OpenAPI text of the common operations, made from the declaration of each collection."""

from app.operations.documented.answers import (
    BINARY,
    HEADERS,
    READS,
    REFUSALS,
    WRITES,
    WRITTEN,
    described,
    ok,
    problems,
    schema_ref,
)
from app.operations.documented.contents import (
    body_of,
    counts_content,
    difference_content,
    history_content,
    item_content,
    links_of,
    list_content,
    merge_body,
    page_schema,
    patch_of,
    record_content,
)
from app.operations.documented.examples import example_of, patch_example, record_example, request_example
from app.operations.documented.parameters import (
    AS_OF,
    CASCADE,
    CURSOR,
    DRY_RUN,
    FROM_TO,
    HISTORY_PAGE,
    IDEMPOTENCY_KEY,
    IF_MATCH,
    IF_NONE_MATCH,
    ON_DUPLICATE,
    REASON,
    id_parameter,
    name_parameter,
    parameter,
)
from app.operations.documented.patterns import several
from app.operations.documented.questions import (
    filter_parameters,
    list_parameters,
    query_words,
    shaping_parameters,
    stats_parameters,
)
from app.operations.documented.schemas import COMMON_SCHEMAS

__all__ = [
    "AS_OF", "BINARY", "CASCADE", "COMMON_SCHEMAS", "CURSOR", "DRY_RUN", "FROM_TO", "HEADERS", "HISTORY_PAGE",
    "IDEMPOTENCY_KEY", "IF_MATCH", "IF_NONE_MATCH", "ON_DUPLICATE", "READS", "REASON", "REFUSALS", "WRITES",
    "WRITTEN", "body_of", "counts_content", "described", "difference_content", "example_of", "filter_parameters",
    "history_content", "id_parameter", "item_content", "links_of", "list_content",
    "list_parameters", "merge_body", "name_parameter", "ok", "page_schema", "parameter", "patch_example",
    "patch_of", "problems", "query_words", "record_content", "record_example", "request_example", "schema_ref",
    "several", "shaping_parameters", "stats_parameters",
]  # fmt: skip
