"""One ranked search over all kinds of record."""
