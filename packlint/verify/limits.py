"""What code under test may not do: use the network, start processes, write files, take all time and memory.

Each wall stands where the system lets it stand, and what could not be had is said. On Linux there are namespaces for
processes, network, mounts and shared memory, in a user namespace for those who are not root, and Landlock, which needs
no privilege (https://docs.kernel.org/userspace-api/landlock.html). Everywhere an audit hook, which Python code cannot
take down again (https://peps.python.org/pep-0578/), refuses with a line.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from collections.abc import Iterator
from typing import Any

USERS = 0x10000000  # CLONE_NEW* of sched.h, as those below
NAMESPACES = {"processes": 0x20000000, "network": 0x40000000, "files": 0x00020000, "shared memory": 0x08000000}
REFUSED = {
    "socket.connect": "open a connection",
    "socket.bind": "open a socket",
    "socket.sendto": "send to a socket",
    "socket.sendmsg": "send to a socket",
    "socket.getaddrinfo": "look up a host",
    "socket.getnameinfo": "look up a host",
    "socket.gethostbyname": "look up a host",
    "socket.gethostbyaddr": "look up a host",
    "subprocess.Popen": "start a process",
    "os.system": "start a process",
    "os.exec": "start a process",
    "os.fork": "start a process",
    "os.forkpty": "start a process",
    "os.posix_spawn": "start a process",
    "os.spawn": "start a process",
    "os.killpg": "end processes",
}
WRITES = {
    "os.remove": 1,
    "os.rename": 2,
    "os.mkdir": 1,
    "os.rmdir": 1,
    "os.link": 2,
    "os.truncate": 1,
    "os.chmod": 1,
    "os.chown": 1,
    "os.chflags": 1,
    "os.utime": 1,
    "os.setxattr": 1,
    "os.removexattr": 1,
    "sqlite3.connect": 1,
}
"""Events that change files, with how many of their arguments are paths."""
FROM_HERE = {"os.truncate", "os.chflags", "os.setxattr", "os.removexattr", "sqlite3.connect"}
"""Those whose paths are relative to the working folder only."""
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
TASKS = 64  # processes and threads
FILE_BYTES = 64 << 20
FOLDER_BYTES = 256 << 20
OPEN_FILES = 256


def unshare() -> list[str]:
    """Take namespaces of one's own; the names of those that the system does not give. The caller has one thread."""
    if sys.platform != "linux":
        return [*NAMESPACES]
    libc = ctypes.CDLL(None, use_errno=True)
    missing = [name for name, flag in NAMESPACES.items() if libc.unshare(flag) != 0]
    if not missing or not _unshare_users(libc):
        return missing
    return [name for name in missing if libc.unshare(NAMESPACES[name]) != 0]


def _unshare_users(libc: ctypes.CDLL) -> bool:
    """Take a user namespace, in which the other ones need no privilege; whoever runs this stays who they are."""
    user, group = os.geteuid(), os.getegid()
    if libc.unshare(USERS) != 0:
        return False
    with contextlib.suppress(OSError):
        for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            with open(f"/proc/self/{name}", "w", encoding="ascii") as stream:
                stream.write(text)
    return True


def adopt_orphans() -> None:
    """What code under test leaves behind becomes a child of this process, where it can be found and ended."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER of prctl.h


def end_with_parent() -> None:
    """When the process that started this one is killed, this one is, too; only on Linux."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)  # PR_SET_PDEATHSIG of prctl.h, SIGKILL


def confine(folder: str, missing: list[str], devices: bool) -> list[str]:
    """Let this process and those it starts write in one folder only; the names of the walls that are missing.

    missing: what `unshare` did not get. devices: code under test uses an accelerator, whose driver writes to its
    device. The folder is empty afterwards, and the caller has one thread.
    """
    if sys.platform != "linux":
        return [*missing, "memory"]  # others have no limit that holds, and no /proc to watch it
    libc = ctypes.CDLL(None, use_errno=True)
    read_only = "files" not in missing and _read_only_but(libc, folder)
    if "processes" not in missing and read_only:  # only the processes of one's own are seen
        libc.mount(b"proc", b"/proc", b"proc", 0x1 | 0x2 | 0x4 | 0x8, None)  # MS_RDONLY, NOSUID, NODEV, NOEXEC
    alone = _become_nobody(libc, folder) or "processes" not in missing
    libc.prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS of prctl.h
    _give_up_capabilities(libc)
    _bound_tasks(TASKS if alone else TASKS + _tasks(os.getuid()))
    landlocked = _landlock(libc, folder, devices)
    left = [name for name in missing if name != "files"]
    return left if read_only or landlocked else [*left, "files"]


def _read_only_but(libc: ctypes.CDLL, folder: str) -> bool:
    """Make every mount read-only but one folder, in memory; only in a mount namespace of one's own."""
    private, at_recursive, read_only = 1 << 18 | 1 << 14, 0x8000, 1  # MS_PRIVATE|MS_REC, AT_RECURSIVE, ..._RDONLY
    if libc.mount(b"none", b"/", None, private, None) != 0:
        return False
    attributes = (ctypes.c_uint64 * 4)(read_only, 0, 0, 0)  # struct mount_attr: set, clear, propagation, userns
    mount_setattr = 442  # the same number on every architecture, as those of Landlock
    if libc.syscall(mount_setattr, -100, b"/", at_recursive, attributes, ctypes.sizeof(attributes)) != 0:
        return False
    size = f"size={FOLDER_BYTES}".encode()
    return bool(libc.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", 0x2 | 0x4, size) == 0)  # MS_NOSUID, MS_NODEV


def _become_nobody(libc: ctypes.CDLL, folder: str) -> bool:
    """Root becomes a user that nobody else is: no limit on processes binds root, and root owns too much."""
    if os.geteuid() != 0 or libc.prctl(23, 5, 0, 0, 0) != 1:  # PR_CAPBSET_READ, CAP_KILL: it must be possible to end it
        return False
    user = 1_900_000_000 + int.from_bytes(os.urandom(3), "big")
    libc.prctl(8, 1, 0, 0, 0)  # PR_SET_KEEPCAPS
    with contextlib.suppress(OSError):
        os.chown(folder, user, user)
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
        return True
    return False


def _bound_tasks(count: int) -> None:
    """Limit the processes and threads of this user; the limit does not bind root."""
    import resource

    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NPROC, (count, count))


def _tasks(user: int) -> int:
    """The processes and threads of a user."""
    count = 0
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if os.stat(f"/proc/{name}").st_uid == user:
                count += len(os.listdir(f"/proc/{name}/task"))
    return count


def _give_up_capabilities(libc: ctypes.CDLL) -> None:
    """None are kept but one to read what root can: else code under test could take its walls down again."""
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # _LINUX_CAPABILITY_VERSION_3, this process
    for kept in (1 << 2, 1 << 1, 0):  # CAP_DAC_READ_SEARCH; containers often have CAP_DAC_OVERRIDE only
        if libc.capset(header, (ctypes.c_uint32 * 6)(kept, kept, 0, 0, 0, 0)) == 0:
            return


def _landlock(libc: ctypes.CDLL, folder: str, devices: bool) -> bool:
    """The same wall once more, from Landlock: it stands where namespaces are refused, in most containers."""
    create, add, restrict = 444, 445, 446
    version = libc.syscall(create, None, 0, 1)
    if version < 1:
        return False
    writes = 1 << 1 | sum(1 << at for at in range(4, 13))  # write, remove, and make one of every kind
    writes |= (1 << 13 if version >= 2 else 0) | (1 << 14 if version >= 3 else 0)  # move between folders, truncate
    network = 0b11 if version >= 4 else 0  # bind, connect (TCP)
    scoped = 0b11 if version >= 6 else 0  # abstract sockets, signals
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = libc.syscall(create, (ctypes.c_uint64 * 3)(writes, network, scoped), size, 0)
    if ruleset < 0:
        return False
    a_file = writes & (1 << 1 | 1 << 14)
    allowed = {folder: writes & ~(1 << 6 | 1 << 11)}  # no devices
    allowed |= dict.fromkeys(["/dev"] if devices else ["/dev/null", "/dev/zero", "/dev/full"], a_file)
    try:
        for path, rights in allowed.items():
            with contextlib.suppress(OSError):
                at = os.open(path, os.O_PATH | os.O_CLOEXEC)
                rule = rights.to_bytes(8, sys.byteorder) + at.to_bytes(4, sys.byteorder)  # struct, packed
                libc.syscall(add, ruleset, 1, rule, 0)
                os.close(at)
        return bool(libc.syscall(restrict, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


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
    inside = os.path.realpath(folder)

    def outside(path: str) -> bool:
        full = os.path.realpath(path)
        device = full.startswith("/dev/") and not full.startswith("/dev/shm/")
        return not (full + os.sep).startswith(inside + os.sep) and not device

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in REFUSED:
            raise PermissionError(f"code under test may not {REFUSED[event]}")
        if event == "open":
            wants = any(letter in str(arguments[1] or "") for letter in "wax+") or (arguments[2] or 0) & WRITING
            if wants and not isinstance(arguments[0], int):
                for path in filter(outside, _paths(arguments[:1], ())):
                    raise PermissionError(f"code under test may not write {path}")
        elif event == "os.symlink":
            for path in filter(outside, _paths(arguments[1:2], arguments[2:])):
                raise PermissionError(f"code under test may not change {path}")
        elif event in WRITES:
            count = WRITES[event]
            rest = () if event in FROM_HERE else arguments[count:]
            for path in filter(outside, _paths(arguments[:count], rest)):
                raise PermissionError(f"code under test may not change {path}")
        elif event == "os.kill" and arguments[0] != os.getpid():
            raise PermissionError("code under test may not end processes")

    sys.addaudithook(hook)


def _paths(given: tuple[Any, ...], rest: tuple[Any, ...]) -> Iterator[str]:
    """Paths that an event of the audit hook names, each joined to the folder that it is relative to.

    rest: the arguments after them; the folders that are open as numbers are among the last of these, in the same order.
    """
    folders = [one for one in rest if isinstance(one, int)][-len(given) :]
    for at, path in enumerate(given):
        if isinstance(path, int):
            yield _opened(path)
        elif isinstance(path, str | bytes | os.PathLike):
            text = os.fsdecode(path)
            folder = folders[at] if at < len(folders) else -1
            yield os.path.join(_opened(folder), text) if folder >= 0 and not os.path.isabs(text) else text


def _opened(number: int) -> str:
    """The path of an open file."""
    try:
        return os.readlink(f"/proc/self/fd/{number}")
    except OSError:
        return f"{os.sep}file {number}"  # where it lies is not known, so it is in no folder that may be written
