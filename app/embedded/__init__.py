"""The embedded database: PostgreSQL's own programs, kept in a private folder and run only while we run.

`start` is for the service, which owns the folder until it stops; nobody else may start on it meanwhile.
`session` is for commands: it joins a service that runs, or else starts a server for itself.
"""

from app.embedded.folder import default_data_dir
from app.embedded.guests import attach, session
from app.embedded.owner import Running, start
from app.embedded.refusals import EmbeddedError, InUseError

__all__ = ["EmbeddedError", "InUseError", "Running", "attach", "default_data_dir", "session", "start"]
