"""What changed: the feed of the journal."""
