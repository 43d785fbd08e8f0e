"""Who may see what of the journal, decided in one place: the database function of migration 0007."""

# Reads the image of a record in the journal; the tables themselves are guarded by their own rules. The feed asks about
# the kinds that are collections of the service, and about no others.
VISIBLE = """create function visible(kind text, record json) returns boolean language sql stable parallel safe
return kind <> 'api_keys'"""
