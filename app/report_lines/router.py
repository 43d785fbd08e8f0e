"""The operations on the lines of progress reports."""

from app.operations.routes import endings, operations
from app.report_lines.queries import REPORT_LINES

router = operations(REPORT_LINES, tag="Report lines")
files = endings(REPORT_LINES)
