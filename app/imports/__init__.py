"""Files that come in: read strictly, row by row, and written as one batch with a report."""
