"""The walls one by one, each in a process that is given it and then tries."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def tried(folder: Path, code: str) -> list[str]:
    """What a process of its own prints; `FOLDER` is where it may write, `OUTSIDE` where not, `LIMITS` is the module."""
    for name in ("inside", "outside"):
        (folder / name).mkdir()
    (folder / "outside" / "kept").write_text("kept")
    (folder / "outside" / "empty").mkdir()
    begin = f"""
import ctypes, os, pathlib, shutil, socket, subprocess, sys, tempfile
from packlint.verify import limits as LIMITS
FOLDER, OUTSIDE = {str(folder / "inside")!r}, {str(folder / "outside")!r}
LIBC = ctypes.CDLL(None)
os.chdir(FOLDER)
def attempt(action):
    try:
        action()
    except OSError as error:
        return type(error).__name__ + (": code" if "code under test" in str(error) else "")
    return "done"
"""
    done = subprocess.run(
        [sys.executable, "-c", begin + textwrap.dedent(code)],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"},
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


REFUSED = [
    "open(OUTSIDE + '/new', 'w')",
    "open(OUTSIDE + '/kept', 'r+')",
    "os.open(OUTSIDE + '/kept', os.O_RDONLY | os.O_TRUNC)",
    "pathlib.Path(OUTSIDE, 'kept').unlink()",
    "pathlib.Path(OUTSIDE, 'kept').write_bytes(b'')",
    "os.remove('kept', dir_fd=os.open(OUTSIDE, os.O_RDONLY))",
    "os.rename(OUTSIDE + '/kept', 'kept')",
    "(open('own', 'w').close(), os.rename('own', OUTSIDE + '/kept'))",
    "os.replace('own', os.path.join(OUTSIDE, 'kept'))",
    "os.link(OUTSIDE + '/kept', 'hard')",
    "os.symlink('own', OUTSIDE + '/soft')",
    "(os.symlink(OUTSIDE + '/kept', 'soft'), open('soft', 'w'))",
    "os.truncate(OUTSIDE + '/kept', 0)",
    "os.chmod(OUTSIDE + '/kept', 0)",
    "os.chmod(os.open(OUTSIDE + '/kept', os.O_RDONLY), 0)",
    "os.utime(OUTSIDE + '/kept', (1, 1))",
    "os.mkdir(OUTSIDE + '/folder')",
    "os.rmdir(OUTSIDE + '/empty')",
    "shutil.rmtree(OUTSIDE)",
    "open('/dev/shm/packlint', 'w')",
    "os.kill(os.getppid(), 0)",
    "os.fork()",
    "subprocess.Popen(['true'])",
    "socket.create_connection(('127.0.0.1', 9), 1)",
    "socket.getaddrinfo('localhost', 80)",
    "socket.socket().bind(('127.0.0.1', 0))",
]
ALLOWED = [
    "open('own', 'w').close()",
    "open(OUTSIDE + '/kept').close()",
    "os.rename('own', 'other')",
    "os.truncate('other', 0)",
    "os.chmod('other', 0o600)",
    "os.remove('other', dir_fd=os.open('.', os.O_RDONLY))",
    "os.makedirs('a/b/c')",
    "shutil.rmtree('a')",
    "tempfile.TemporaryDirectory(dir=FOLDER).cleanup()",
    "tempfile.TemporaryFile(dir=FOLDER).close()",
    "open('/dev/null', 'w').close()",
    "os.kill(os.getpid(), 0)",
    "os.listdir(OUTSIDE)",
    "socket.socket().close()",
    "__import__('sqlite3').connect(':memory:').close()",
]


def test_the_hook_refuses_what_reaches_beyond_the_folder(tmp_path: Path) -> None:
    code = "LIMITS.refuse(FOLDER)\n" + "\n".join(f"print(attempt(lambda: {one}))" for one in REFUSED)

    said = tried(tmp_path, code)

    assert dict(zip(REFUSED, said, strict=True)) == dict.fromkeys(REFUSED, "PermissionError: code")
    assert sorted(os.listdir(tmp_path / "outside")) == ["empty", "kept"]
    assert (tmp_path / "outside" / "kept").read_text() == "kept"


def test_the_hook_lets_code_do_what_stays_in_the_folder(tmp_path: Path) -> None:
    code = "LIMITS.refuse(FOLDER)\n" + "\n".join(f"print(attempt(lambda: {one}))" for one in ALLOWED)

    said = tried(tmp_path, code)

    assert dict(zip(ALLOWED, said, strict=True)) == dict.fromkeys(ALLOWED, "done")


@pytest.mark.skipif(sys.platform != "linux", reason="Landlock is Linux's")
def test_landlock_alone_refuses_writes_that_python_does_not_see(tmp_path: Path) -> None:
    code = """
    print(LIMITS._landlock(LIBC, FOLDER, False))
    print(LIBC.creat((OUTSIDE + "/new").encode(), 0o600) >= 0, LIBC.unlink((OUTSIDE + "/kept").encode()) == 0)
    print(LIBC.creat((FOLDER + "/new").encode(), 0o600) >= 0, LIBC.unlink((FOLDER + "/new").encode()) == 0)
    print(os.path.exists(OUTSIDE + "/kept"), attempt(lambda: open("/dev/null", "w")))
    """

    said = tried(tmp_path, code)

    if said[0] == "True":  # not every kernel has it
        assert said[1:] == ["False False", "True True", "True done"]


@pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's")
def test_what_the_system_does_not_give_is_named(tmp_path: Path) -> None:
    code = """
    def no(*_, **__):
        class Refusing:
            def __getattr__(self, name):
                return lambda *_: -1
        return Refusing()
    LIMITS.ctypes.CDLL = no
    print(*LIMITS.unshare())
    print(*LIMITS.confine(FOLDER, ["processes", "network", "files", "shared memory"], False))
    print(*LIMITS.confine(FOLDER, ["network"], False))
    """

    assert tried(tmp_path, code) == [
        "processes network files shared memory",
        "processes network shared memory files",
        "network files",
    ]


def test_where_there_is_nothing_of_linux_nothing_is_tried(tmp_path: Path) -> None:
    code = """
    sys.platform = "darwin"
    LIMITS.ctypes.CDLL = None
    LIMITS.adopt_orphans(), LIMITS.end_with_parent()
    print(*LIMITS.confine(FOLDER, LIMITS.unshare(), False))
    LIMITS.bound(5.0, None)
    LIMITS.refuse(FOLDER)
    """

    assert tried(tmp_path, code) == ["processes network files shared memory memory"]


def test_a_process_is_ended_with_its_group() -> None:
    from packlint.verify.server import _end

    process = subprocess.Popen(
        ["sh", "-c", "sleep 300 & echo $!; wait"], stdout=subprocess.PIPE, start_new_session=True, text=True
    )
    assert process.stdout is not None
    child = int(process.stdout.readline())

    _end(process.pid)

    assert process.wait(10) == -signal.SIGKILL
    assert process.stdout.read() == ""  # the child held the pipe, too
    process.stdout.close()
    end = time.monotonic() + 10
    while _is_running(child) and time.monotonic() < end:
        time.sleep(0.01)
    assert not _is_running(child)


def _is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_folder_is_removed_whatever_became_of_its_rights(tmp_path: Path) -> None:
    from packlint.verify.server import _remove

    inner = tmp_path / "folder" / "inner"
    inner.mkdir(parents=True)
    (inner / "file").write_text("x")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o500)
    (inner.parent / "link").symlink_to(elsewhere)
    inner.chmod(0)
    inner.parent.chmod(0)

    _remove(str(inner.parent))

    assert not inner.parent.exists()
    assert elsewhere.stat().st_mode & 0o777 == 0o500
