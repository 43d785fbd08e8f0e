"""A redline as a page: complete in itself, readable on paper, with nothing that a strict policy would refuse."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

_STYLE = """
body { font: 1rem/1.5 Georgia, "Noto Serif", serif; color: #1a1a1a;
  max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; line-height: 1.25; } h2 { font-size: 1.15rem; margin-top: 2rem; } h3 { font-size: 1rem; }
ins { color: #14532d; background: #e3f4e6; text-decoration: underline; }
del { color: #8f1d1d; background: #fbe6e6; text-decoration: line-through; }
.about { color: #555; } .goal { font-weight: bold; } .activity { margin-left: 1.5rem; }
.modified, .added, .retired { border-left: 3px solid #b58900; padding-left: .7rem; }
.name { color: #555; font-weight: normal; margin-right: .5rem; }
@media print { body { margin: 0; max-width: none; } }
"""
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""Its own style sheet, and nothing else."""
_TAGS = {"insert": "ins", "delete": "del"}
_ELEMENTS = {"area": "h2"}


def page(redline: Mapping[str, Any], about: str) -> str:
    """The whole page."""
    title = escape(redline["title"])
    places = "\n".join(_place(place) for place in redline["places"])
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}: redline</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>{title}</h1>
<p class="about">{escape(about)} <ins>Words that were added</ins>, <del>words that were taken out</del>.</p>
{places}
</body>
</html>
"""


def _place(place: Mapping[str, Any]) -> str:
    element = _ELEMENTS.get(place["kind"], "p")
    name = (
        f'<span class="name">{escape(place["name"])}</span>' if place["kind"] in {"goal", "activity"} else ""
    )
    kinds = f"{place['kind']} {place['change']}" if place["change"] != "same" else place["kind"]
    text = f'<{element} class="{kinds}">{name}{_marked(place["text"])}</{element}>'
    items = "".join(f"<li>{_marked(item)}</li>" for item in place["sub_items"])
    return f'{text}\n<ul class="{place["kind"]}">{items}</ul>' if items else text


def _marked(pieces: Sequence[Mapping[str, str]]) -> str:
    return "".join(
        f"<{_TAGS[piece['op']]}>{escape(piece['text'])}</{_TAGS[piece['op']]}>"
        if piece["op"] in _TAGS
        else escape(piece["text"])
        for piece in pieces
    )
