"""How the server is set up: postgresql.conf and pg_hba.conf, written anew at every start.

Both are in the cluster, and the log too: PostgreSQL may be unable to reach anything above (programs.HERE).
Own wishes go into `alter system`, which is kept in the cluster and stronger than this.
"""

import re
from collections.abc import Mapping

from app.embedded.account import Account
from app.embedded.files import write_file
from app.embedded.folder import PORT, Folder
from app.embedded.memory import available, shared_buffers
from app.embedded.refusals import EmbeddedError

_SETTINGS = {
    "max_connections": "100",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "random_page_cost": "1.1",
    "jit": "off",
    "max_wal_size": "1GB",  # bounds the time of recovery after a crash
    "max_slot_wal_keep_size": "2GB",  # a forgotten standby must not fill the disk
    "timezone": "UTC",
    "log_timezone": "UTC",
    "default_text_search_config": "pg_catalog.simple",
    # The log says what happened and never shows data: no DETAIL, no parameters, no statements with literals.
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_min_error_statement": "panic",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": "postgresql-%Y%m%d-%H%M%S.log",
    "log_rotation_size": "10MB",
    "log_rotation_age": "0",
}
_LOGS_KEPT = 10


def configure(folder: Folder, account: Account, settings: Mapping[str, str]) -> bool:
    """Write both files, and say whether they differ from what a running server was started with."""
    chosen = {
        **_SETTINGS,
        "shared_buffers": shared_buffers(available()),
        **settings,
        "listen_addresses": "",
        "port": str(PORT),
        "unix_socket_directories": str(folder.socket.resolve()),
        "unix_socket_permissions": "0700",
    }
    texts = {
        folder.configuration: "# Written at every start. Own wishes: alter system.\n"
        + "".join(f"{name} = {_quoted(name, value)}\n" for name, value in chosen.items()),
        folder.admission: "# Written at every start.\n"
        "local all all scram-sha-256\nlocal replication all scram-sha-256\n",
    }
    changed = False
    for path, text in texts.items():
        if not path.exists() or path.read_text() != text:
            write_file(path, text, account.uid, account.gid)
            changed = True
    return changed


def cluster_name(folder: Folder) -> str:
    """Stands in the command line of every process of this cluster, and of no other."""
    found = folder.path.stat()
    return f"workplan-{found.st_dev:x}-{found.st_ino:x}"


def drop_old_logs(folder: Folder) -> None:
    """PostgreSQL begins a new file every 10 MB, but never removes one."""
    for old in sorted(folder.log.glob("postgresql-*.log"))[:-_LOGS_KEPT]:
        old.unlink(missing_ok=True)


def _quoted(name: str, value: str) -> str:
    if not re.fullmatch(r"[a-z_]+(\.[a-z_]+)?", name) or "\n" in value:
        raise EmbeddedError(f"{name} = {value!r} is not a setting of PostgreSQL.")
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
