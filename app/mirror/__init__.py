"""A copy of a register somewhere else: kept in step by its feed, and proved by its digest."""
