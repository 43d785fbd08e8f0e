"""The four headings of the plan, under which its goals stand."""
