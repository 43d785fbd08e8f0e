"""How long the answers take that count over the whole register: `python -m bench.reports`.

On 50 000 generated events and 10 000 generated activities, with two Consultations to which twelve generated countries
have reported, the first of them frozen; of the activities, one in 256 has a status that its dates contradict. Wall-clock
times are of this machine at this hour; beside them stands the CPU time that the database took. Of the files of reports
it is shown when their first byte comes, and by how much the service grows meanwhile.
"""

import argparse
import asyncio
import os
import statistics
import time
import urllib.request
from pathlib import Path

import asyncpg
from rich.console import Console
from rich.table import Table

from bench.exports import Export, download
from bench.registers import Register, folder_for, register

EVENTS, ACTIVITIES, ROUNDS = 50_000, 10_000, 5
_PERIODS = f"""
delete from activities where id in (select id from activities order by id offset {ACTIVITIES});
update activities set status = case when right(id::text, 2) = '00' then status when end_date < current_date
  then 'implemented' else 'ongoing' end;
update countries set side = case when code = 'AX' then 'japan' else 'asean' end,
  asean_member_since = case when code <> 'AX' then date '1967-08-08' end;
insert into consultations (number, title, status, start_date, end_date, date_precision, period_start, period_end)
select n, 'Generated consultation ' || n, 'held', day, day, 'day', day - 365, day - 1
from (values (1, date '2010-11-01'), (2, date '2011-11-01')) c(n, day);
insert into progress_reports (consultation_id, country)
select c.id, k.code from consultations c, countries k where k.code <> 'LX';
insert into report_lines (report_id, activity_id, response, status)
select r.id, a.id, case a.n % 3 when 0 then 'nothing_to_report' else 'reported' end,
  case when a.n % 3 <> 0 then 'ongoing' end
from progress_reports r join (select id, countries, row_number() over () as n from activities) a
  on r.country = any(a.countries) where a.n % 4 <> 0;
update progress_reports set state = 'submitted';
update progress_reports set state = 'accepted' where country <> 'KX';
"""
ASKED = {
    "report, live": "/v1/consultations/2/report",
    "outstanding": "/v1/consultations/2/outstanding",
    "difference": "/v1/consultations/2/report/diff?from=1",
    "gaps": "/v1/gaps?limit=1000",
    "checks": "/v1/checks",
    "overlaps": "/v1/overlaps",
    "overlaps of one": "/v1/overlaps?activity={activity}",
    "funding": "/v1/funding",
}
FILES = {
    "live, JSON": "/v1/consultations/2/report",
    "live, CSV of activities": "/v1/consultations/2/report.csv",
    "live, CSV of lines": "/v1/consultations/2/report.csv?table=lines",
    "live, XLSX": "/v1/consultations/2/report.xlsx",
    "live, DOCX": "/v1/consultations/2/report.docx",
    "live, PDF": "/v1/consultations/2/report.pdf",
    "frozen, JSON": "/v1/consultations/1/report/frozen",
    "frozen, CSV of activities": "/v1/consultations/1/report/frozen.csv",
    "frozen, XLSX": "/v1/consultations/1/report/frozen.xlsx",
}


def main() -> None:
    """Fill, ask, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.reports", description=__doc__)
    parser.add_argument(
        "--keep", type=Path, help="a folder for the filled register, which a later run uses again"
    )
    asked = parser.parse_args()
    with folder_for(asked.keep) as folder, register(EVENTS, folder) as found:
        activity = asyncio.run(_reported(found.address))
        _frozen(found)
        _show(found, activity)
        _show_files(found)


async def _reported(address: str) -> str:
    """Two Consultations are reported to, once; the id of an activity."""
    connection = await asyncpg.connect(address)
    if not await connection.fetchval("select exists (select from consultations)"):
        await connection.execute(_PERIODS, timeout=600)
        await connection.execute("vacuum analyze", timeout=600)
    one = await connection.fetchval(
        "select id from activities where start_date > '2010-01-01' order by id limit 1"
    )
    await connection.close()
    return str(one)


def _frozen(found: Register) -> None:
    """The report of the first Consultation is frozen; again, it stays as it is."""
    asked = urllib.request.Request(
        f"{found.server.address}/v1/consultations/1/freeze?force=true",
        method="POST",
        headers=found.measured.writer,
    )
    urllib.request.urlopen(asked).close()


def _show_files(found: Register) -> None:
    table = Table("file", "first byte, s", "whole, s", "grown, MB", "bytes", box=None)
    for name, path in FILES.items():
        had = [download(found.server, path, "*/*") for _ in range(ROUNDS)]
        first, whole = (
            statistics.median(getattr(each, part) for each in had) for part in ("first", "seconds")
        )
        table.add_row(name, f"{first:.2f}", f"{whole:.2f}", f"{_most(had):.0f}", f"{had[0].size:,}")
    Console().print(table)


def _most(had: list[Export]) -> float:
    return max(each.grown for each in had)


def _show(found: Register, activity: str) -> None:
    table = Table("answer", "median, s", "least, s", "CPU of the database, s", "bytes", box=None)
    for name, path in ASKED.items():
        times, busy, size = [], [], 0
        for _ in range(ROUNDS):
            before, begun = _cpu(found.postmaster), time.perf_counter()
            with urllib.request.urlopen(found.server.address + path.format(activity=activity)) as answer:
                size = len(answer.read())
            times.append(time.perf_counter() - begun)
            busy.append(_cpu(found.postmaster) - before)
        cells = (statistics.median(times), min(times), min(busy))
        table.add_row(name, *(f"{each:.2f}" for each in cells), f"{size:,}")
    Console().print(table)
    Console().print(f"{EVENTS:,} events, {ACTIVITIES:,} activities; load average {os.getloadavg()[0]:.1f}")


def _cpu(postmaster: int) -> float:
    """Seconds of CPU that the processes of the database have taken, those that have ended included."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == postmaster:
            ticks += int(fields[11]) + int(fields[12])
        elif int(stat.parent.name) == postmaster:
            ticks += int(fields[13]) + int(fields[14])
    return ticks / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
