"""The people behind offices: personal data, in one place, seen by partners, kept for a time, and erased for good."""
