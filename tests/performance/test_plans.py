"""At 100 000 rows no list reads its table from end to end: every order has an index, and every page reads a page."""
