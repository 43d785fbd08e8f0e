"""Gaps: what the plan asks for and the record lacks, counted live; each says who can fill it, and how."""
