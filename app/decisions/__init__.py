"""Decisions: what a Consultation decided, what follows from it, and at which later one it was closed."""
