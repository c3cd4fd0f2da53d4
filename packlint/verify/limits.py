"""What code under test may not do: use the network, start processes, write files, take all time and memory.

Each wall stands where the system lets it stand, and what could not be had is said. On Linux there are namespaces for
processes, network and mounts; everywhere an audit hook, which Python code cannot take down again
(https://peps.python.org/pep-0578/), refuses with a line.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from typing import Any

NAMESPACES = {"processes": 0x20000000, "network": 0x40000000, "mounts": 0x00020000}  # CLONE_NEW* of sched.h
REFUSED = {
    "socket.connect": "open a connection",
    "socket.bind": "open a socket",
    "socket.sendto": "send to a socket",
    "socket.getaddrinfo": "look up a host",
    "socket.gethostbyname": "look up a host",
    "subprocess.Popen": "start a process",
    "os.system": "start a process",
    "os.exec": "start a process",
    "os.fork": "start a process",
    "os.forkpty": "start a process",
    "os.posix_spawn": "start a process",
    "os.spawn": "start a process",
}
WRITES = {
    "os.remove",
    "os.rename",
    "os.mkdir",
    "os.rmdir",
    "os.link",
    "os.symlink",
    "os.truncate",
    "os.chmod",
    "os.chown",
}
FILE_BYTES = 64 << 20
OPEN_FILES = 256


def unshare() -> list[str]:
    """Take namespaces of one's own; the names of those that the system does not give."""
    if sys.platform != "linux":
        return [*NAMESPACES]
    libc = ctypes.CDLL(None, use_errno=True)
    return [name for name, flag in NAMESPACES.items() if libc.unshare(flag) != 0]


def adopt_orphans() -> None:
    """What code under test leaves behind becomes a child of this process, where it can be found and ended."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER of prctl.h


def read_only_but(folder: str) -> bool:
    """Make every mount read-only but one folder; only in a mount namespace of one's own."""
    libc = ctypes.CDLL(None, use_errno=True)
    private, bind, at_recursive, read_only = 1 << 18 | 1 << 14, 1 << 12, 0x8000, 1  # MS_PRIVATE|MS_REC, MS_BIND
    if libc.mount(b"none", b"/", None, private, None) != 0:
        return False
    here = os.fsencode(folder)
    if libc.mount(here, here, None, bind, None) != 0:
        return False

    class Attributes(ctypes.Structure):
        _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "userns")]

    set_all, clear_here = Attributes(read_only, 0, 0, 0), Attributes(0, read_only, 0, 0)
    mount_setattr = 442  # the same number on every architecture
    if libc.syscall(mount_setattr, -100, b"/", at_recursive, ctypes.byref(set_all), ctypes.sizeof(set_all)) != 0:
        return False
    return bool(libc.syscall(mount_setattr, -100, here, 0, ctypes.byref(clear_here), ctypes.sizeof(clear_here)) == 0)


def bound(seconds: float, memory: int | None) -> None:
    """Limit this process: processor time, address space in bytes, the size of files, how many are open, no core."""
    try:
        import resource
    except ImportError:
        return
    limits = [(resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, FILE_BYTES), (resource.RLIMIT_NOFILE, OPEN_FILES)]
    limits.append((resource.RLIMIT_CPU, int(seconds) + 5))
    if memory is not None:
        limits.append((resource.RLIMIT_AS, memory))
    for name, value in limits:
        with contextlib.suppress(ValueError, OSError):  # a harder one stands already
            resource.setrlimit(name, (value, value))


def refuse(folder: str) -> None:
    """From here on this process may write in one folder only, and use neither the network nor other processes."""
    inside = os.path.realpath(folder) + os.sep

    def writes(path: Any) -> bool:
        if isinstance(path, int):
            return False
        full = os.path.realpath(os.fsdecode(path))
        return not full.startswith(inside) and not full.startswith("/dev/")

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in REFUSED:
            raise PermissionError(f"code under test may not {REFUSED[event]}")
        if event == "open" and arguments[0] is not None:
            mode, flags = arguments[1] or "", arguments[2] or 0
            wants = any(letter in str(mode) for letter in "wax+") or flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            if wants and writes(arguments[0]):
                raise PermissionError(f"code under test may not write {os.fsdecode(arguments[0])}")
        elif event in WRITES and arguments and isinstance(arguments[0], str | bytes) and writes(arguments[0]):
            raise PermissionError(f"code under test may not change {os.fsdecode(arguments[0])}")

    sys.addaudithook(hook)
