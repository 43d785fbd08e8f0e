"""`workplan import` and `workplan export`: the way of the file, what is said, and the exit codes of both."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from app.cli import cli
from app.exchange import register as exchange
from app.exchange import sending
from tests.conftest import Register
from tests.imports.sheets import SHEET, changed
from tests.input.wire import listening

Run = Callable[..., Awaitable[Result]]
HEAD = "title,kind,start_date,keys\n"


@pytest.fixture
async def run(empty: Register, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Run]:
    """Run a command, with a key and the address of a register that listens."""
    monkeypatch.setenv("WORKPLAN_KEY", empty.keys["secretariat"])
    monkeypatch.setenv("COLUMNS", "200")
    async with listening(empty.app) as wire:

        async def run(*arguments: Any, to: str = f"http://127.0.0.1:{wire.port}") -> Result:
            words = [str(each) for each in arguments]
            return await asyncio.to_thread(CliRunner().invoke, cli, [*words, "--to", to, "--patience", "1"])

        yield run


def written(folder: Path, text: str, name: str = "events.csv") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def parts(folder: Path) -> list[Path]:
    return [each for each in folder.iterdir() if each.suffix == ".part"]


async def test_what_is_exported_edited_and_imported_arrives(
    run: Run, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    file = written(
        tmp_path, HEAD + "Seminar,seminar,2025-06-24,moj-th:A\nStudy,study_visit,2025-07-01,moj-th:B\n"
    )
    done = await run("import", file)
    assert (done.exit_code, "2 create" in done.stdout) == (0, True), done.output
    back = tmp_path / "back.csv"
    assert (await run("export", "events", back, "-w", "kind=seminar")).exit_code == 0
    assert back.read_text().count("\n") == 2
    assert parts(tmp_path) == []
    back.write_text(back.read_text().replace("Seminar", "Great seminar"))
    done = await run("import", back, "--collection", "events", "--json", "--expect", "1")
    assert json.loads(done.stdout)["summary"]["update"] == 1, done.output
    array = tmp_path / "all.json"
    assert (await run("export", "events", array, "-w", "sort=title")).exit_code == 0
    assert [each["title"] for each in json.loads(array.read_text())] == ["Great seminar", "Study"]
    assert (await run("export", "events", "--format", "ndjson")).stdout.count("\n") == 2


async def test_a_workbook_goes_the_same_way(run: Run, client: httpx.AsyncClient, tmp_path: Path) -> None:
    await run(
        "import", written(tmp_path, HEAD + "Seminar,seminar,2025-06-24,\nStudy,study_visit,2025-07-01,\n")
    )
    book = tmp_path / "events.xlsx"
    assert (await run("export", "events", book)).exit_code == 0
    done = await run("import", book, "--json")
    assert json.loads(done.stdout)["summary"]["unchanged"] == 2, done.output
    book.write_bytes(changed(book.read_bytes(), SHEET, "Study", "Long study"))
    for more, title in ((["--dry-run"], "Study"), (["--expect", "1"], "Long study")):
        done = await run("import", book, "--json", *more)
        assert json.loads(done.stdout)["summary"]["update"] == 1, done.output
        found = (await client.get("/v1/events?kind=study_visit")).json()["items"]
        assert [each["title"] for each in found] == [title]


async def test_refused_rows_are_told_and_kept_to_be_mended(run: Run, tmp_path: Path) -> None:
    file = written(tmp_path, HEAD + "Good,seminar,2025-06-24,\nBad,seminar,2569-03-01,\n")
    done = await run("import", file, "--refused", tmp_path / "refused.csv")
    assert done.exit_code == 3, done.output
    assert "start_date" in done.stderr
    assert "2026-03-01" in done.stderr
    refused = (tmp_path / "refused.csv").read_text()
    assert (refused.count("\n"), "error" in refused) == (2, True)
    assert (await run("import", file, "--mode", "partial")).exit_code == 3
    mended = written(tmp_path, refused.replace("2569", "2026"), "mended.csv")
    assert (await run("import", mended, "--collection", "events")).exit_code == 0


async def test_a_preview_is_what_is_applied_or_nothing(
    run: Run, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    file = written(
        tmp_path, '{"key":"A","title":"T","kind":"seminar","start_date":"2025-06-24"}\n', "events.ndjson"
    )
    shown = await run("import", file, "--match", "by-key:moj-th", "--dry-run")
    plan = shown.stdout.split("plan ")[1].strip()
    assert (await client.get("/v1/events")).json()["items"] == []
    assert (await run("import", file, "--match", "by-key:moj-th", "--plan", plan)).exit_code == 0
    outdated = await run("import", file, "--match", "by-key:moj-th", "--plan", plan, "--again")
    assert outdated.exit_code == 4, outdated.output
    assert (await run("import", file, "--match", "by-key:moj-th", "--expect", "7")).exit_code == 4


async def test_the_same_file_is_loaded_once_and_again_when_asked_or_when_it_had_failed(
    run: Run, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    file = written(tmp_path, HEAD + "Seminar,seminar,2025-06-24,\n")
    assert (await run("import", file)).exit_code == 0
    again = await run("import", file)
    assert (again.exit_code, "was loaded before" in again.stderr) == (4, True)
    assert len((await client.get("/v1/events")).json()["items"]) == 1
    assert (await run("import", file, "--again")).exit_code == 0
    assert len((await client.get("/v1/events")).json()["items"]) == 2
    file = written(tmp_path, '[{"title":"A","goal":{"number":700}}]', "activities.json")
    assert (await run("import", file)).exit_code == 3
    await client.post("/v1/goals", json={"number": 700, "title": "Goal"})
    assert (await run("import", file)).exit_code == 0


async def test_a_file_of_rows_that_are_known_by_their_keys_is_loaded_every_night(
    run: Run, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    """Also one that is what an earlier night's was."""
    for title in ("A", "B", "A"):
        file = written(tmp_path, f"key,title,kind,start_date\nS-1,{title},seminar,2025-06-24\n")
        done = await run("import", file, "--match", "by-key:moj-th")
        assert (done.exit_code, "was loaded before" in done.output) == (0, False), done.output
        assert (await client.get("/v1/events/by-key/moj-th/S-1")).json()["title"] == title


async def test_a_dry_run_is_asked_anew(run: Run, tmp_path: Path) -> None:
    file = written(tmp_path, HEAD + "Seminar,seminar,2025-06-24,moj-th:A\n")
    shown = []
    for _ in range(2):
        shown.append(await run("import", file, "--dry-run", "--json"))
        await run("import", file)
    assert [each.exit_code for each in shown] == [0, 3], shown[1].output
    assert json.loads(shown[0].stdout)["plan"] != json.loads(shown[1].stdout).get("plan")


async def test_a_run_follows_the_job_of_one_that_was_killed(
    run: Run, held: asyncio.Event, client: httpx.AsyncClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(tmp_path, HEAD + "Seminar,seminar,2025-06-24,\n")
    params = {"match": "id", "mode": "atomic"}
    key = sending.Sending(file, "events", params, once=True).key(1)
    headers = {"Content-Type": "text/csv", "Prefer": "respond-async", "Idempotency-Key": key}
    killed = await client.post("/v1/events/bulk", params=params, content=file.read_bytes(), headers=headers)
    assert killed.status_code == 202
    followed, loop = sending._followed, asyncio.get_running_loop()

    def following(*arguments: Any) -> Any:
        loop.call_soon_threadsafe(held.set)
        return followed(*arguments)

    monkeypatch.setattr(sending, "_followed", following)
    done = await run("import", file)
    assert (done.exit_code, "1 create" in done.stdout) == (0, True), done.output
    assert len((await client.get("/v1/events")).json()["items"]) == 1


async def test_what_cannot_be_done_ends_with_a_code_that_says_why(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(tmp_path, HEAD)
    for code, arguments in (
        (2, ("import", tmp_path / "none.csv")),
        (2, ("import", written(tmp_path, "", "events.txt"))),
        (2, ("import", written(tmp_path, "nope\n1\n", "goals.csv"))),
        (2, ("import", file, "--collection", "nope")),
        (2, ("export", "events", "-w", "nope=1")),
        (2, ("import", file, "--key-file", tmp_path / "none")),
    ):
        done = await run(*arguments)
        assert done.exit_code == code, (arguments, done.output)
        assert done.stderr.startswith("workplan:"), done.output
    assert (await run("export", "events", to="http://127.0.0.1:1")).exit_code == 5
    monkeypatch.delenv("WORKPLAN_KEY")
    assert (await run("import", file)).exit_code == 6


async def test_what_breaks_on_the_way_is_asked_again_under_the_same_key(
    run: Run, client: httpx.AsyncClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer to the upload is lost, after it was committed."""
    request, lost = exchange.httpx2.Client.request, []

    def losing(self: Any, method: str, *arguments: Any, **more: Any) -> Any:
        answer = request(self, method, *arguments, **more)
        if method == "POST" and not lost:
            lost.append(answer.status_code)
            raise exchange.httpx2.ReadError("lost")
        return answer

    monkeypatch.setattr(exchange.httpx2.Client, "request", losing)
    done = await run("import", written(tmp_path, HEAD + "Seminar,seminar,2025-06-24,\n"))
    assert (done.exit_code, lost) == (0, [202]), done.output
    assert len((await client.get("/v1/events")).json()["items"]) == 1
