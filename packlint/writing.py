"""Writing a file anew: whole or not at all."""

from __future__ import annotations

import errno
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
        if not _writable(target, state):
            raise WriteError("not written: the file is read-only")
        _replace(target, before, after, stat.S_IMODE(state.st_mode))
    except OSError as error:
        raise WriteError(f"not written: {error.strerror or error}") from error


def write_report(path: str, text: str) -> None:
    """Write a file that packlint makes, whole or not at all; raises `OSError`.

    What nothing can be renamed to, a pipe or a device, gets the text as it stands.
    """
    data = text.encode("utf-8", "backslashreplace")
    if _is_stream(path):
        with open(path, "ab") as stream:
            stream.write(data)
        return
    target = os.path.realpath(path)
    if not os.path.exists(target):
        mask = os.umask(0)
        os.umask(mask)
        _replace(target, None, data, 0o666 & ~mask)
        return
    state = os.stat(target)
    if not _writable(target, state):  # a rename would go through
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
    _replace(target, None, data, stat.S_IMODE(state.st_mode))


def _writable(path: str, state: os.stat_result) -> bool:
    """Whether a file is to be written: the superuser may write all, and must not."""
    return bool(state.st_mode & 0o222) and os.access(path, os.W_OK)


def _is_stream(path: str) -> bool:
    """Whether a path is of something that is written to as it is: a pipe, a device, or what a descriptor leads to."""
    if os.path.abspath(path).startswith(("/dev/std", "/dev/fd/", "/proc/")):
        return True
    try:
        return not stat.S_ISREG(os.stat(path).st_mode)
    except FileNotFoundError:
        return False


def _replace(target: str, before: bytes | None, after: bytes, mode: int) -> None:
    """Rename a file with the bytes `after` to the target, if that holds `before`; None asks for nothing."""
    handle, beside = tempfile.mkstemp(prefix=".packlint-", suffix=".tmp", dir=os.path.dirname(target))
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(after)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(beside, mode)
        if before is not None and _read(target) != before:
            raise WriteError("not written: the file has changed since it was read")
        os.replace(beside, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(beside)
        raise


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _inside(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip(os.sep) + os.sep)
