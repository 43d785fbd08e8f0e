"""Forms of values as regular expressions, as far as JSON Schema has words for them."""

from collections.abc import Iterable
from typing import Any

UUID = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"


def several(words: Iterable[str], most: int | None = None) -> dict[str, Any]:
    """One or several of these words (or patterns), separated by commas.

    A text and no array: many generated clients repeat the parameter for an array, whatever its `style` says.
    """
    one = f"({'|'.join(words)})"
    repeated = f"{{0,{most - 1}}}" if most else "*"
    return {"type": "string", "minLength": 1, "maxLength": 2000, "pattern": f"^{one}(,{one}){repeated}$"}


SPACES = r"\u0020\u0085\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000"
WORD = rf"[^\u0000-\u001F{SPACES}]+"
_RELATIVE = "today|-?([0-9]{1,5}[dw]|[0-9]{1,4}m|[0-9]{1,3}y)"
_MONTHS = (
    "(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8])"
)
_LEAP_YEARS = "((19|2[0-3])(0[48]|[2468][048]|[13579][26])|2000)"
_DAYS = f"((19[0-9]{{2}}|2[0-3][0-9]{{2}})-({_MONTHS})|{_LEAP_YEARS}-02-29)"
DATES = f"({_DAYS}|{_RELATIVE})"
_TIMES = "T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?(Z|[+-](0[0-9]|1[0-3]):[0-5][0-9])"
INSTANTS = f"({_DAYS}({_TIMES})?|{_RELATIVE})"
FILTER_TEXT = r"^[^\u0000,]{1,2000}(,[^\u0000,]{1,2000})*$"
