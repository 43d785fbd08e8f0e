"""Who pays for what: the money that activities and events name, in the currency in which it was given."""
