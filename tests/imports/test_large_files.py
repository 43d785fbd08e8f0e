"""Files are read in pieces: what lies across the edge of two of them, and what never ends."""

import gc
import json
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest

from app.errors import Problem
from app.http.spool import Spool
from app.imports.csv_rows import csv_table
from app.imports.json_rows import json_array, json_lines
from app.imports.texts import ROW_MOST, UnreadableFile


@pytest.fixture
def spool() -> Iterator[Callable[[bytes], Spool]]:
    """Makes spools, which are closed in the end."""
    with ExitStack() as made:

        def one(content: bytes) -> Spool:
            each = made.enter_context(Spool())
            each.write(content)
            return each

        yield one


Making = Callable[[bytes], Spool]
ROWS = [{"n": n, "text": "é漢\n" * 300} for n in range(4_000)]  # about 4 MB, in several pieces


def test_an_array_is_read_across_its_pieces(spool: Making) -> None:
    text = json.dumps(ROWS, ensure_ascii=False, indent=1)
    items = list(json_array(spool(text.encode())).rows)
    assert [item.value for item in items] == ROWS
    assert [item.line for item in items] == [2 + 4 * n for n in range(len(ROWS))]


def test_lines_are_read_across_their_pieces(spool: Making) -> None:
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS)
    assert [(item.line, item.value) for item in json_lines(spool(text.encode())).rows] == list(
        enumerate(ROWS, 1)
    )


@pytest.mark.parametrize("codec", ["utf-8", "utf-16"])
def test_csv_is_read_across_its_pieces_with_the_lines_of_quoted_cells(codec: str, spool: Making) -> None:
    text = "n,text\n" + "".join(f'{n},"{"é漢" * 300}\nb"\n' for n in range(4_000))
    items = list(csv_table(spool(text.encode(codec)), codec).rows)
    assert [(item.number, item.line) for item in items] == [(n + 1, 2 + 2 * n) for n in range(4_000)]
    assert items[-1].value[1].endswith("漢\nb")


@pytest.mark.parametrize(
    "content",
    [
        b"n,text\n" + b"1," * ROW_MOST,
        b"n,text\n" + b'1,"a\n2",' * (ROW_MOST // 4),
        b"n,text\n" + b'1,"' + b"a\n" * ROW_MOST,
    ],
)
def test_a_csv_row_that_does_not_end_is_refused_early(content: bytes, spool: Making) -> None:
    with pytest.raises(UnreadableFile) as refused:
        list(csv_table(spool(content), None).rows)
    assert refused.value.errors[0]["code"] == "row_too_large"


def test_a_json_row_that_does_not_end_is_refused_early(spool: Making) -> None:
    endless = b'{"text":"' + b"a" * 3 * ROW_MOST + b'"}'
    for read, content in ((json_array, b"[" + endless + b"]"), (json_lines, endless)):
        with pytest.raises(UnreadableFile) as refused:
            list(read(spool(content)).rows)
        assert refused.value.errors[0]["code"] == "row_too_large"


@pytest.mark.parametrize(("codec", "bad"), [("utf-8", b"\xff"), ("cp932", b"\x81\x00")])
def test_the_byte_that_cannot_be_read_is_named_far_into_the_file(
    codec: str, bad: bytes, spool: Making
) -> None:
    line = f"n,{'漢' * 200}\n".encode(codec)
    content = line * 4_000 + bad + b"\n" + line  # in several pieces
    with pytest.raises(Problem) as refused:
        list(csv_table(spool(content), codec).rows)
    error = refused.value.errors[0]
    assert (error["offset"], error["line"]) == (4_000 * len(line), 4_001)


async def test_a_report_lists_a_part_and_counts_the_rest_but_all_rows_come_back(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.imports.reports._LISTED_MOST", 3)
    text = "title,kind,start_date\n" + "".join(f"E{n},nothing,2025-06-24\n" for n in range(10))
    headers = {"Content-Type": "text/csv"}
    report = (await client.post("/v1/events/bulk", content=text, headers=headers)).json()
    assert ([each["row"] for each in report["errors"]], report["unlisted_rows"]) == ([1, 2, 3], 7)
    back = await client.post("/v1/events/bulk", content=text, headers=headers | {"Accept": "text/csv"})
    assert [line.split(",")[0] for line in back.text.splitlines()[1:]] == [f"E{n}" for n in range(10)]


async def test_rows_refer_to_rows_of_an_earlier_chunk(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.imports.loading._CHUNK_ROWS", 2)
    base = {"name": "N", "kind": "ministry"}
    rows = [{"code": f"C{n}", "keys": [f"x:{n}"], **base} for n in range(5)]
    rows.append({"code": "LAST", "parent": {"code": "C0"}, **base})
    rows.append({"code": "LATER", "parent": {"key": "x:1"}, **base})
    answer = await client.post("/v1/organisations/bulk?match=code", json=rows)
    assert answer.status_code == 200, answer.text
    assert (await client.get("/v1/organisations/LATER")).json()["parent"]["code"] == "C1"


async def test_repeated_rows_are_found_across_chunks(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.imports.loading._CHUNK_ROWS", 1)
    rows = [{"number": n, "title": "T"} for n in (1, 2, 1)]
    answer = await client.post("/v1/goals/bulk?match=number", json=rows)
    assert [(each["row"], each["code"]) for each in answer.json()["errors"]] == [(3, "repeated_row")]


async def test_an_answer_that_is_not_sent_leaves_no_file_open(
    client: httpx.AsyncClient, once: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its file would be closed when the collector comes by, and a test says so then."""
    monkeypatch.setattr("app.operations.transactions._KEPT_MOST", 10)
    headers = {**once, "Content-Type": "text/csv", "Accept": "text/csv"}
    rows = "title,kind,start_date\nA,none,2025-06-24\nB,seminar,2025-06-24\n"
    answer = await client.post("/v1/events/bulk?mode=partial", content=rows, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/answer-too-large")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        gc.collect()
    assert not [each for each in caught if each.category is ResourceWarning]
