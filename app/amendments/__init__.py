"""Amendments: how the plan's text is changed, by the concurrence of ASEAN and Japan to the exact words."""
