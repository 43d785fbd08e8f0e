"""What two texts of the plan have in common and where they part, place by place and word by word. Pure."""

from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

from app.collection.comparing import pieces
from app.plan.texts import Place, PlanText, Wording, in_order

Piece = dict[str, str]


def redlined(before: PlanText, after: PlanText) -> dict[str, Any]:
    """The places of both texts in order, and how many were changed."""
    both = PlanText({**before.words, **after.words}, {**before.under, **after.under})
    places = []
    for place in in_order(both):
        old, new = before.words.get(place), after.words.get(place)
        if old is not None or new is not None:
            places.append(_compared(place, both, old, new))
    counts = {
        word: sum(place["change"] == word for place in places) for word in ("modified", "added", "retired")
    }
    return {"counts": counts, "places": places}


def _compared(place: Place, both: PlanText, old: Wording | None, new: Wording | None) -> dict[str, Any]:
    change = "added" if old is None else "retired" if new is None else "same" if old == new else "modified"
    nothing: Mapping[str, Any] = {"text": "", "sub_items": []}
    old, new = old or nothing, new or nothing
    return {
        "kind": place[0],
        "name": place[1],
        "under": both.under.get(place),
        "change": change,
        "text": _words(old["text"], new["text"]),
        "sub_items": _items(old["sub_items"], new["sub_items"]),
    }


def _words(old: str, new: str) -> list[Piece]:
    return [{"op": op, "text": text} for op, text in pieces(old, new)]


def _items(old: Sequence[str], new: Sequence[str]) -> list[list[Piece]]:
    """Items that stand for each other are compared word by word."""
    found = []
    for _, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        for number in range(max(i2 - i1, j2 - j1)):
            was = old[i1 + number] if i1 + number < i2 else ""
            now = new[j1 + number] if j1 + number < j2 else ""
            found.append(_words(was, now))
    return found
