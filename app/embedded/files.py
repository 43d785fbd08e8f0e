"""Folders and files that are there complete, with owner and mode, or not at all."""

import os
import secrets
from pathlib import Path


def draft_of(path: Path) -> Path:
    """A name beside the real one, for what is not complete yet."""
    return path.with_name(f"{path.name}.draft-{secrets.token_hex(4)}")


def make_folder(path: Path, mode: int, uid: int, gid: int) -> None:
    draft = draft_of(path)
    draft.mkdir(0o700)
    try:
        os.chown(draft, uid, gid)
        draft.chmod(mode)
        draft.rename(path)
    except BaseException:
        draft.rmdir()
        raise


def write_file(path: Path, text: str, uid: int = -1, gid: int = -1) -> None:
    """Replace a file, for its owner only; the new one is safely on disk before it has the name."""
    draft = draft_of(path)
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fchown(descriptor, uid, gid)
            os.fsync(descriptor)
        draft.rename(path)
    finally:
        draft.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Make the names in it safe."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
