"""The change feed: what was changed, in the order in which it was committed, and how to prove that one has it all."""
