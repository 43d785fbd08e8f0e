"""The OpenAPI text of webhooks: of the operations, and of what is posted."""

from typing import Any, get_args

from pydantic import BaseModel

from app.collection.asked import LIMIT, LIMIT_MOST
from app.operations import documented as doc
from app.webhooks import schemas
from app.webhooks.schemas import DeliveryState, NewWebhook, WebhookPatch, WebhookReplay, page_of

_KEYS: dict[str, Any] = {"security": [{"bearer": []}, {"api_key": []}]}
_ID = doc.parameter(
    "id", "The id of the webhook.", {"type": "string", "format": "uuid"}, "019aa5d0-6b7c-7c3e-9c39-0d1f5b3a7e11",
    place="path",
)  # fmt: skip
_WRITTEN = [doc.DRY_RUN, doc.IDEMPOTENCY_KEY, doc.REASON]
_PAGED = [
    doc.parameter(
        "limit", "How many on a page.",
        {"type": "integer", "format": "int32", "minimum": 1, "maximum": LIMIT_MOST, "default": LIMIT}, LIMIT,
    ),
    doc.CURSOR,
]  # fmt: skip
_STATE = doc.parameter(
    "state",
    "Only events in this state.",
    {"type": "string", "enum": list(get_args(DeliveryState))},
    "given_up",
)
_READS = (*doc.READS, 304)
_BODILESS = tuple(status for status in doc.WRITES if status != 415)


def _content(name: str) -> dict[str, Any]:
    return {"application/json": {"schema": doc.schema_ref(name)}}


def _body(name: str, about: str, example: Any, *media: str) -> dict[str, Any]:
    content = {"schema": doc.schema_ref(name), "example": example}
    return {
        "required": True,
        "description": about,
        "content": dict.fromkeys(media or ("application/json",), content),
    }


def _operation(
    summary: str, description: str, responses: dict[int | str, Any], parameters: list[Any], body: Any = None,
    status: int = 200,
) -> dict[str, Any]:  # fmt: skip
    extra = {"parameters": parameters, **_KEYS, **({"requestBody": body} if body else {})}
    return {
        "summary": summary, "description": description, "responses": responses, "openapi_extra": extra,
        "status_code": status,
    }  # fmt: skip


OPERATIONS: dict[str, dict[str, Any]] = {
    "list_webhooks": _operation(
        "List webhooks", "List your webhooks, newest first; an administrator sees all.",
        doc.ok(200, "A page.", _content("WebhookPage"), "ETag", "Link") | doc.problems(*_READS),
        [*_PAGED, doc.IF_NONE_MATCH],
    ),
    "create_webhook": _operation(
        "Add a webhook",
        "Subscribe to changes. Each is posted to the address as a thin event, signed as in Standard Webhooks 1.0: "
        "see `webhooks` in this document. The answer holds the secret, this once.",
        doc.ok(201, "Made.", _content("WebhookWithSecret"), "ETag", "Location", *doc.WRITTEN)
        | doc.problems(*doc.WRITES),
        _WRITTEN,
        _body("NewWebhook", "The new webhook.", NewWebhook.model_json_schema()["examples"][0]),
        201,
    ),
    "read_webhook": _operation(
        "Read a webhook", "Read one webhook: its state, how far it has come, and why it was disabled.",
        doc.ok(200, "The webhook.", _content("Webhook"), "ETag") | doc.problems(*_READS, 404),
        [_ID, doc.IF_NONE_MATCH],
    ),
    "update_webhook": _operation(
        "Change a webhook",
        "Change some fields of a webhook. While it is paused nothing is lost: made active, also after it was "
        "disabled, it goes on in the feed where it stopped.",
        doc.ok(200, "As it is now.", _content("Webhook"), "ETag", *doc.WRITTEN)
        | doc.problems(*doc.WRITES, 404, 412, 428),
        [_ID, doc.DRY_RUN, doc.IF_MATCH, doc.IDEMPOTENCY_KEY, doc.REASON],
        _body(
            "WebhookPatch", "A merge patch (RFC 7396): what is absent stays, null clears.", {"state": "paused"},
            "application/merge-patch+json", "application/json",
        ),
    ),
    "delete_webhook": _operation(
        "Delete a webhook", "Delete a webhook, with its log and what waits to be sent.",
        doc.ok(204, "Deleted.", None, *doc.WRITTEN) | doc.problems(*_BODILESS, 404, 412, 428),
        [_ID, doc.DRY_RUN, doc.IF_MATCH, doc.IDEMPOTENCY_KEY, doc.REASON],
        status=204,
    ),
    "rotate_webhook_secret": _operation(
        "Give a webhook another secret",
        "Make another secret, shown this once. For 24 hours events carry a signature of each, so that the receiver "
        "can change over at any time of its own; who rotates again meanwhile, as after a lost answer, keeps the older "
        "ones as well.",
        doc.ok(200, "The webhook, with its new secret.", _content("WebhookWithSecret"), "ETag", *doc.WRITTEN)
        | doc.problems(*_BODILESS, 404),
        [_ID, *_WRITTEN],
    ),
    "test_webhook": _operation(
        "Test a webhook",
        "Post a signed `ping` now, in whatever state the webhook is, and answer what came of it. The register itself "
        "is not changed.",
        doc.ok(200, "What came of it.", _content("WebhookTest"))
        | doc.problems(*(status for status in _BODILESS if status not in {409, 422}), 404),
        [_ID],
    ),
    "replay_webhook": _operation(
        "Send events again",
        "Send the events of a range of the feed again, under the same `webhook-id`, as far as the webhook has come.",
        doc.ok(200, "What is sent again.", _content("WebhookReplayed"), *doc.WRITTEN)
        | doc.problems(*doc.WRITES, 404),
        [_ID, *_WRITTEN],
        _body("WebhookReplay", "The range.", WebhookReplay.model_json_schema()["examples"][0]),
    ),
    "list_webhook_deliveries": _operation(
        "List the deliveries of a webhook",
        "What was sent and what waits, newest first, for 30 days. Of the receiver only its status is kept.",
        doc.ok(200, "A page.", _content("WebhookDeliveryPage"), "ETag", "Link") | doc.problems(*_READS, 404),
        [_ID, _STATE, *_PAGED, doc.IF_NONE_MATCH],
    ),
}  # fmt: skip
MODELS: list[tuple[type[BaseModel], str]] = [
    *((each, "validation") for each in (NewWebhook, WebhookPatch, WebhookReplay)),
    *(
        (each, "serialization")
        for each in (
            schemas.Webhook, schemas.WebhookWithSecret, schemas.WebhookDelivery, schemas.WebhookPing,
            schemas.WebhookTest, schemas.WebhookReplayed,
        )
    ),
]  # fmt: skip
PAGES = {
    "WebhookPage": page_of("Webhook", "A page of webhooks."),
    "WebhookDeliveryPage": page_of("WebhookDelivery", "A page of the log of a webhook."),
}

_SIGNED = [
    doc.parameter(
        "webhook-id", "The same at every attempt: what was handled under it need not be handled again.",
        {"type": "string", "maxLength": 100}, "msg_019aa5d06b7c7c3e9c390d1f5b3a7e11_128_660edd1954400", place="header",
    ) | {"required": True},
    doc.parameter(
        "webhook-timestamp", "Seconds since 1970 at the attempt: refuse what is older than five minutes.",
        {"type": "string", "maxLength": 20}, "1764000000", place="header",
    ) | {"required": True},
    doc.parameter(
        "webhook-signature",
        "`v1,` and the HMAC-SHA256 of `id.timestamp.body` in base64, for each secret that is good now.",
        {"type": "string", "maxLength": 200}, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", place="header",
    ) | {"required": True},
]  # fmt: skip


def _posted(name: str, summary: str, description: str, schema: str) -> dict[str, Any]:
    return {
        "post": {
            "tags": ["Webhooks"], "operationId": name, "summary": summary, "description": description,
            "parameters": _SIGNED,
            "requestBody": {"required": True, "description": "The event.", "content": _content(schema)},
            "responses": {
                "2XX": {"description": "Taken. The status alone decides; the body is not looked at."},
                "410": {"description": "Gone: the webhook is disabled."},
                "429": {"description": "Later: `Retry-After` is honoured, to an hour."},
                "default": {"description": "Not taken: tried again over 28 hours. Redirects are not followed."},
            },
            "security": [],
        }
    }  # fmt: skip


POSTED = {
    "change": _posted(
        "receive_change", "A record has changed",
        "Posted for every change that fits the webhook, at least once. Those of one record come in order, one after "
        "the other; those of different records in any.", "WebhookEvent",
    ),
    "ping": _posted("receive_ping", "A test", "Posted by `test`.", "WebhookPing"),
}  # fmt: skip
"""What receivers implement."""
