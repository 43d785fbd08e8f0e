"""Whom to ask: the office of a country that answers for a purpose (goals 5 and 6 of the plan)."""
