"""Writing a file anew: whole or not at all."""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress


class WriteError(Exception):
    """A file was left as it is; `str()` is one line that says why."""


def write_file(path: str, before: bytes, after: bytes, root: str) -> None:
    """Put `after` in place of `before`, which must be what the file holds.

    It is written beside the file and renamed, so that a run that is killed leaves the old file or the new one. A link
    inside of `root` is followed.

    Raises:
        WriteError: the file has changed meanwhile, may not be written, has several names, or is a link out of `root`.
    """
    target = os.path.realpath(path)
    if os.path.islink(path) and not _inside(target, os.path.realpath(root)):
        raise WriteError(f"not written: it is a link to {target}, outside of the project")
    try:
        state = os.stat(target)
        if state.st_nlink > 1:
            raise WriteError("not written: the file has other names (hard links), which would keep the old text")
        if not state.st_mode & 0o222 or not os.access(target, os.W_OK):  # the superuser may, and must not
            raise WriteError("not written: the file is read-only")
        _replace(target, before, after, stat.S_IMODE(state.st_mode))
    except OSError as error:
        raise WriteError(f"not written: {error.strerror or error}") from error


def _replace(target: str, before: bytes, after: bytes, mode: int) -> None:
    handle, beside = tempfile.mkstemp(prefix=".packlint-", suffix=".tmp", dir=os.path.dirname(target))
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(after)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(beside, mode)
        with open(target, "rb") as file:
            if file.read() != before:
                raise WriteError("not written: the file has changed since it was read")
        os.replace(beside, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(beside)
        raise


def _inside(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip(os.sep) + os.sep)
