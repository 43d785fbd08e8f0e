"""The eight goals of the plan."""
