"""Rows as COPY reads them, in its text format: made while the database is busy, and sent when it is not.

https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any

_SPECIAL = re.compile(r"[\\\t\n\r]")
_WRITTEN = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_IN_ARRAYS = str.maketrans({"\\": "\\\\", '"': '\\"'})


def copy_text(rows: Iterable[Sequence[Any]]) -> bytes:
    """Lines of rows. Values are texts, lists of texts, None, and what PostgreSQL reads as `str` writes it: numbers,
    days, moments, ids, true and false.
    """
    return "".join(["\t".join(map(_value, row)) + "\n" for row in rows]).encode()


def _value(value: Any) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, list):
        quoted = ('"' + each.translate(_IN_ARRAYS) + '"' for each in value)
        text = f"{{{','.join(quoted)}}}"
    else:
        text = value if isinstance(value, str) else str(value)
    return text.translate(_WRITTEN) if _SPECIAL.search(text) else text
