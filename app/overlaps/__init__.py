"""Overlaps: records that may be about the same thing, found live, and what people decided about them."""
