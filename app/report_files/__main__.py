"""Makes one file of a status report, in a process of its own: `python -m app.report_files NAME`.

The first line of its input says of which register the report is (`{"base": …}`), the rest is the report as JSON; the
file goes to its output. What is imported for it, and what it takes of memory, ends with it.
"""

import hashlib
import json
import os
import sys
from typing import IO

from app.report_files.given import Given


def made(name: str, given: Given, to: IO[bytes]) -> None:
    """Write the file of this name: `pdf`, `docx`, `xlsx`, `csv:<table>` or `svg:<chart>`."""
    kind, _, part = name.partition(":")
    if kind == "csv":
        from app.report_files.separated import separated

        separated(given, part, to)
    elif kind == "xlsx":
        from app.report_files.workbook import workbook

        workbook(given, to)
    elif kind == "docx":
        from app.report_files.word import word

        to.write(word(given))
    elif kind == "pdf":
        from app.report_files.portable import portable

        to.write(portable(given))
    else:
        from app.report_files.charts import drawn

        to.write(drawn(part, given.report, kind))


def main() -> None:
    os.nice(10)  # whoever asks the service for something else goes first
    order = json.loads(sys.stdin.buffer.readline())
    text = sys.stdin.buffer.read()
    given = Given(json.loads(text), hashlib.sha256(text).hexdigest(), order["base"])
    made(sys.argv[1], given, sys.stdout.buffer)


if __name__ == "__main__":
    main()
