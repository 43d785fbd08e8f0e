"""The activities: the fourteen that the plan proposes, and what countries do under them."""
