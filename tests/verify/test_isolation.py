"""Code that does harm, through the real command: it ends in time, leaves nothing, and is a line in the report."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import textwrap
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
if sys.platform != "linux":
    pytest.skip("the process table is read from /proc", allow_module_level=True)

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT = 3.0
MODEL = """
import ctypes, os, pathlib, signal, socket, subprocess, sys, threading, time
import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence

libc = ctypes.CDLL(None)
VICTIM, MARK, PORT = {victim!r}, {mark!r}, {port}

def attempt(*actions):
    for action in actions:
        try:
            action()
        except Exception:
            pass

def each_attempt(*actions):
    told = []
    for action in actions:
        try:
            told.append(f"did {{action()}}")
        except Exception as error:
            told.append(type(error).__name__)
    raise KeyboardInterrupt(" ".join(told))
{top}

class Model(nn.Module):
    def __init__(self, vocab=20, dim=4, hidden=6):
        super().__init__()
        getattr(self, "in_init")()
        self.embedding = nn.Embedding(vocab, dim, padding_idx=0)
        self.rnn = nn.LSTM(dim, hidden, batch_first=True, bidirectional=True)
        self.out = nn.Linear(2 * hidden, 3)

    def in_init(self):
        pass
{init}

    def in_forward(self):
        pass
{forward}

    def forward(self, tokens, lengths):
        getattr(self, "in_forward")()
        embedded = self.embedding(tokens)
        output, _ = self.rnn(embedded)
        return self.out(output)


def collate(batch):
    return pad_sequence(batch, batch_first=True), torch.tensor([len(one) for one in batch])


def run(model, batch):
    return model(*collate(batch))
"""


@dataclass(frozen=True)
class Case:
    """What is written where in a model, and what becomes of it; `reason` is searched for in the report's."""

    verdict: str
    reason: str = ""
    top: str = ""
    init: str = ""
    forward: str = ""


WALLS = ["files", "network", "processes", "shared memory"]
LATE = rf"not done after {TIMEOUT:g} s"
CASES = {
    # Never ends.
    "sleeps_at_import": Case(
        "unverified",
        LATE,
        top="""
        while True:
            try:
                time.sleep(1)
            except BaseException:
                pass
        """,
    ),
    "trains_at_import": Case(
        "unverified",
        LATE,
        top="""
        for epoch in range(10**9):
            epoch * 2
        """,
    ),
    "locked_in_init": Case(
        "unverified",
        LATE,
        init="libc.pause()",
    ),
    "deadlock_in_forward": Case(
        "unverified",
        LATE,
        forward="lock = threading.Lock(); lock.acquire(); lock.acquire()",
    ),
    "ignores_sigterm": Case(
        "unverified",
        LATE,
        forward="""
        for one in {*signal.Signals} - {9, 19}:
            attempt(lambda: signal.signal(one, signal.SIG_IGN))
        while True: pass
        """,
    ),
    "stops_itself": Case(
        "unverified",
        LATE,
        init="""
        os.kill(os.getpid(), signal.SIGSTOP)
        time.sleep(60)
        """,
    ),
    "floods_the_result": Case(
        "unverified",
        "no evidence",
        init="""
        while True:
            for one in range(3, 30):
                try:
                    os.write(one, b'x' * 65536)
                except OSError:
                    pass
        """,
    ),
    # Ends at once.
    "segfault": Case(
        "unverified",
        "died of SIGSEGV",
        init="ctypes.string_at(0)",
    ),
    "abort": Case(
        "unverified",
        "died of SIGABRT",
        top="os.abort()",
    ),
    "abort_in_c": Case(
        "unverified",
        "died of SIGABRT",
        forward="libc.abort()",
    ),
    "kills_itself": Case(
        "unverified",
        "died of SIGKILL",
        init="os.kill(os.getpid(), 9)",
    ),
    "exit_0": Case(
        "unverified",
        "ended the process, exit 0",
        top="os._exit(0)",
    ),
    "exit_3": Case(
        "unverified",
        "ended the process, exit 3",
        forward="os._exit(3)",
    ),
    "sys_exit_at_import": Case(
        "passed",
        top="sys.exit('not to be imported')",
    ),
    "sys_exit_in_init": Case(
        "unverified|passed",
        "SystemExit|",
        init="sys.exit(3)",
    ),
    "interrupt": Case(
        "unverified",
        "KeyboardInterrupt",
        top="raise KeyboardInterrupt",
    ),
    "interrupt_in_forward": Case(
        "unverified",
        "KeyboardInterrupt",
        forward="raise KeyboardInterrupt",
    ),
    "recursion": Case(
        "passed|unverified",
        "RecursionError|",
        init="""
        def again(): again()
        again()
        """,
    ),
    "recursion_in_c": Case(
        "unverified",
        "died of SIGSEGV",
        init="""
        sys.setrecursionlimit(10**9)
        def again(): sorted([1], key=lambda one: again())
        again()
        """,
    ),
    "lies": Case(
        "unverified",
        "no evidence",
        init="""
        for one in range(3, 30):
            attempt(lambda: os.write(one, b'{"evidence": [{}], "missing": 5}'))
        os._exit(0)
        """,
    ),
    "says_two_lines": Case(
        "unverified",
        r"^KeyboardInterrupt: one two \?\[31m",
        init=r"""
        raise KeyboardInterrupt('one\ntwo \x1b[31m \ud800 ' + 'long ' * 1000)
        """,
    ),
    # Starts processes.
    "forks": Case(
        "passed",
        init="attempt(os.fork, os.forkpty, lambda: os.system('touch ' + VICTIM + '/forked'))",
    ),
    "subprocess": Case(
        "passed",
        init="""
        attempt(
            lambda: subprocess.Popen(['sleep', '300', MARK]),
            lambda: os.posix_spawn('/bin/sleep', ['sleep', '300', MARK], {}),
        )
        """,
    ),
    "multiprocessing": Case(
        "passed",
        init="""
        import multiprocessing
        for how in ('fork', 'spawn', 'forkserver'):
            attempt(multiprocessing.get_context(how).Process(target=time.sleep, args=(300,)).start)
        """,
    ),
    "fork_in_c": Case(
        "passed",
        init="""
        if not getattr(libc, 'fork')():
            time.sleep(300)
        """,
    ),
    "flood": Case(
        "unverified",
        "more than 32 processes|no process|not done",
        forward="""
        while True:
            libc.fork()
        """,
    ),
    "daemon": Case(
        "passed",
        init="""
        if not libc.fork():
            libc.setsid()
            libc.signal(15, 1)
            if not libc.fork():
                libc.setsid()
                time.sleep(300)
            os._exit(0)
        """,
    ),
    "exec_in_c": Case(
        "unverified",
        "ended the process, exit 0",
        init="libc.execl(b'/bin/sleep', b'sleep', b'0.1', None)",
    ),
    "orphan_holds_the_pipe": Case(
        "unverified",
        "exit 4",
        init="""
        if not libc.fork():
            while True: time.sleep(1)
        os._exit(4)
        """,
    ),
    # Writes and removes files.
    "writes": Case(
        "passed",
        init="""
        attempt(
            lambda: open("relative.txt", "w").write("x"),
            lambda: open(VICTIM + "/open", "w").write("x"),
            lambda: open(__file__, "a").write("# x"),
            lambda: open(__file__ + ".txt", "x"),
            lambda: pathlib.Path(VICTIM, "pathlib").write_text("x"),
            lambda: pathlib.Path(VICTIM, "folder").mkdir(),
            lambda: pathlib.Path(VICTIM, "kept").touch(),
            lambda: os.open(VICTIM + "/os_open", os.O_CREAT | os.O_WRONLY),
            lambda: os.open(VICTIM + "/kept", os.O_TRUNC),
            lambda: torch.save({"a": torch.ones(3)}, VICTIM + "/model.pt"),
            lambda: torch.jit.save(torch.jit.script(nn.Linear(1, 1)), VICTIM + "/script.pt"),
            lambda: libc.creat((VICTIM + "/creat").encode(), 0o600),
            lambda: os.mkfifo(VICTIM + "/fifo"),
            lambda: os.mknod(VICTIM + "/node"),
            lambda: os.symlink("/etc/passwd", VICTIM + "/link"),
            lambda: os.link(VICTIM + "/kept", VICTIM + "/hard"),
            lambda: open("/dev/shm/" + MARK, "w"),
            lambda: __import__("sqlite3").connect(VICTIM + "/database").execute("create table a (b)"),
        )
        """,
    ),
    "saves": Case(
        "passed",
        init="""
        attempt(
            lambda: torch.save({"a": torch.ones(3)}, VICTIM + "/model.pt"),
            lambda: torch.save(obj={"a": torch.ones(3)}, f=pathlib.Path(VICTIM, "model.pt")),
            lambda: torch.jit.save(torch.jit.script(nn.Linear(1, 1)), VICTIM + "/script.pt"),
        )
        torch.save({}, "own.pt"), torch.load(f="own.pt"), torch.save(f="own.pt", obj={})
        """,
    ),
    "removes": Case(
        "passed",
        init="""
        attempt(
            lambda: os.remove(VICTIM + "/kept"),
            lambda: pathlib.Path(VICTIM, "kept").unlink(),
            lambda: os.remove("kept", dir_fd=os.open(VICTIM, os.O_RDONLY)),
            lambda: os.rename(VICTIM + "/kept", "moved"),
            lambda: (open("mine", "w").close(), os.rename("mine", VICTIM + "/kept")),
            lambda: os.truncate(VICTIM + "/kept", 0),
            lambda: os.chmod(VICTIM + "/kept", 0),
            lambda: os.utime(VICTIM + "/kept", (1, 1)),
            lambda: libc.unlink((VICTIM + "/kept").encode()),
            lambda: libc.chmod((VICTIM + "/kept").encode(), 0),
            lambda: __import__("shutil").rmtree(VICTIM),
            lambda: os.rmdir(VICTIM + "/empty"),
        )
        """,
    ),
    "takes_the_walls_down": Case(
        "passed|unverified",  # without a namespace it reaches the process that waits for it
        init="""
        libc.umount2(b"/", 2), libc.mount(b"none", b"/", None, 32 | 0, None)
        libc.mount(b"none", VICTIM.encode(), None, 32 | 4096, None)
        libc.umount2(os.getcwd().encode(), 2), libc.unshare(0x10000000), libc.unshare(0x20000)
        libc.mount(b"none", b"/", None, 32 | 0, None)
        libc.prctl(1, 0, 0, 0, 0)
        libc.kill(os.getppid() or 1, 9)
        libc.creat((VICTIM + "/after").encode(), 0o600)
        """,
    ),
    "own_folder_without_rights": Case(
        "passed",
        init="""
        attempt(
            lambda: os.mkdir('in'),
            lambda: open('in/file', 'w').close(),
            lambda: os.chmod('in', 0),
            lambda: os.chmod('.', 0),
        )
        """,
    ),
    "goes_elsewhere": Case(
        "passed",
        init="""
        attempt(lambda: os.chdir(VICTIM), lambda: open('elsewhere', 'w'), lambda: open('kept', 'w'))
        libc.creat(b'elsewhere', 0o600)
        """,
    ),
    # Uses the network.
    "connects": Case(
        "passed",
        init="""
        attempt(
            lambda: socket.create_connection(("127.0.0.1", PORT), 1),
            lambda: socket.socket().bind(("127.0.0.1", 0)),
            lambda: socket.getaddrinfo("example.org", 80),
            lambda: __import__("urllib.request").request.urlopen(f"http://127.0.0.1:{PORT}/", timeout=1),
        )
        class Address(ctypes.Structure):
            _fields_ = [
                ("family", ctypes.c_uint16),
                ("port", ctypes.c_uint16),
                ("host", ctypes.c_uint32),
                ("zero", ctypes.c_uint64),
            ]
        one = Address(2, socket.htons(PORT), socket.htonl(0x7F000001), 0)
        libc.connect(libc.socket(2, 1, 0), ctypes.byref(one), 16)
        """,
    ),
    "told_by_python": Case(
        "unverified",
        "^KeyboardInterrupt:( PermissionError){4}$",
        forward="""
        each_attempt(
            lambda: socket.create_connection(('127.0.0.1', PORT), 1),
            os.fork,
            lambda: open(VICTIM + '/x', 'w'),
            lambda: os.kill(os.getppid(), 0) if os.getppid() else os.fork(),
        )
        """,
    ),
    # Takes what there is.
    "memory_of_python": Case(
        "passed",
        init="attempt(lambda: bytearray(4 << 30), lambda: b'x' * (4 << 30))",
    ),
    "memory_of_torch": Case(
        "passed",
        init="attempt(lambda: torch.ones(1 << 29), lambda: torch.ones(1 << 32))",
    ),
    "memory_piece_by_piece": Case(
        "passed|unverified",
        "MemoryError|memory|",
        init="""
        kept = []
        while True: kept.append(bytearray(1 << 24))
        """,
    ),
    "memory_of_children": Case(
        "unverified",
        "MB of memory|died|not done",
        init="""
        for _ in range(8):
            if not libc.fork():
                kept = bytearray(os.urandom(1 << 20)) * 300
                time.sleep(60)
        time.sleep(60)
        """,
    ),
    "files_open": Case(
        "passed|unverified",
        init="""
        kept = []
        try:
            while True: kept.append(open('/dev/null'))
        except OSError: pass
        self.kept = [one.fileno() for one in kept]; Model.kept = kept
        """,
    ),
    "fills_the_disk": Case(
        "passed|unverified",
        init="""
        try:
            for at in range(100):
                with open(f'{at}', 'wb') as stream: stream.write(bytes(32 << 20))
        except OSError: pass
        """,
    ),
    "threads": Case(
        "passed",
        init="for _ in range(20): threading.Thread(target=time.sleep, args=(300,)).start()",
    ),
    "prints": Case(
        "passed",
        init="""
        for _ in range(100):
            sys.stdout.write('x' * (1 << 22))
            sys.stderr.write('x' * (1 << 20))
            os.write(1, b'x' * (1 << 22))
            os.write(2, b'x' * (1 << 20))
        """,
    ),
    "closes_everything": Case(
        "unverified",
        "exit|ended|OSError|EBADF|died",
        init="os.closerange(0, 1000)",
    ),
    # Reads what it must not, needs what is not there.
    "reads_the_environment": Case(
        "unverified",
        "seen 0, PATH True",
        init="""
        seen = 0
        for one in pathlib.Path("/proc").glob("[0-9]*/environ"):
            try:
                seen += ("SEC" + "RET").encode() in one.read_bytes()
            except OSError:
                pass
        seen += any(("SEC" + "RET") in name + os.environ[name] for name in os.environ)
        os.environ["SAID"] = f"seen {seen}, PATH {'PATH' in os.environ}"
        raise KeyboardInterrupt(os.environ["SAID"])
        """,
    ),
    "absent_package": Case(
        "passed|unverified",
        "not installed, stood in for: package_that_is_absent",
        top="""
        import package_that_is_absent as absent
        from package_that_is_absent.sub import thing
        thing.configure(absent.VALUE)
        """,
    ),
    # Does nothing wrong.
    "harmless": Case(
        "passed",
    ),
    "harmless_too": Case(
        "passed",
        init="""
        self.at = os.getcwd(); open('own.txt', 'w').write('x'); torch.save({}, 'own.pt')
        assert os.path.exists('own.pt')
        """,
    ),
}


@dataclass
class World:
    """A folder with code under test, one that it goes for, one for temporary files, a listening socket, and a mark."""

    folder: Path
    mark: str = field(default_factory=lambda: f"mark{uuid.uuid4().hex}")
    listening: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))

    def __post_init__(self) -> None:
        for name in ("code", "victim", "temporary"):
            (self.folder / name).mkdir()
        (self.folder / "victim" / "kept").write_text("kept")
        (self.folder / "victim" / "empty").mkdir()

    def write(self, name: str, case: Case) -> Path:
        def block(text: str) -> str:
            return textwrap.indent(textwrap.dedent(text), " " * 8)

        values = {"victim": str(self.folder / "victim"), "mark": self.mark, "port": self.listening.getsockname()[1]}
        path = self.folder / "code" / name / f"case_{name}.py"
        path.parent.mkdir()
        (path.parent / "pyproject.toml").write_text("[project]\nname = 'code'\n")  # a project of its own
        path.write_text(
            MODEL.format(top=textwrap.dedent(case.top), init=block(case.init), forward=block(case.forward), **values)
        )
        return path

    def start(
        self, *words: str, timeout: float = TIMEOUT, memory: int = 700, wrapper: str = ""
    ) -> subprocess.Popen[bytes]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "HOME") if name in os.environ}
        environment = kept | {"PYTHONPATH": str(ROOT), "SECRET": "SECRET", "TMPDIR": str(self.folder / "temporary")}
        environment["PACKLINT_NO_CACHE"] = "1"  # what is left in folders is looked at
        code = f"{wrapper}\nimport sys\nfrom packlint.cli import main\nsys.exit(main(sys.argv[1:]))"
        return subprocess.Popen(
            [sys.executable, "-c", code, "verify", *words, "--output-format=json", f"--timeout={timeout}",
             f"--memory={memory}", "--jobs=2", "--isolated"],
            env=environment | {"VIRTUAL_ENV": self.mark},  # every server and what it starts is given this one
            cwd=self.folder / "code",
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )  # fmt: skip

    def sites(self, *words: str, memory: int = 700, wrapper: str = "") -> tuple[dict[str, dict[str, Any]], list[str]]:
        """What the report has of each file, which must be one site each, and what walls were missing."""
        process = self.start(*words, memory=memory, wrapper=wrapper)
        out, err = process.communicate(timeout=300)
        assert process.returncode in (0, 1), err.decode()
        assert b"Traceback" not in err, err.decode()
        found = json.loads(out)
        names = [Path(site["filename"]).stem.removeprefix("case_") for site in found["sites"]]
        assert sorted(set(names)) == sorted(names)
        return dict(zip(names, found["sites"], strict=True)), found["missing"]

    def tree(self) -> dict[str, tuple[int, int, bytes]]:
        return {
            str(path.relative_to(self.folder)): (
                path.lstat().st_mode,
                0 if path.is_dir() else path.lstat().st_mtime_ns,
                path.read_bytes() if path.is_file() else b"",
            )
            for path in self.folder.rglob("*")
        }

    def alive(self) -> list[str]:
        """The processes that carry the mark, by what they were started as."""
        found = []
        for one in Path("/proc").glob("[0-9]*"):
            try:
                carries = any(self.mark.encode() in (one / name).read_bytes() for name in ("environ", "cmdline"))
                if carries and int(one.name) != os.getpid():
                    found.append(f"{one.name} {(one / 'cmdline').read_bytes()[:300]!r}")
            except OSError:
                continue
        return found

    def below(self) -> list[int]:
        """The servers and all below them, each server first."""
        return [int(one.split()[0]) for one in self.alive() if "importlib.util" in one]

    def wait_for_worker(self, seconds: float = 30.0) -> None:
        """Until there is a server that has been running something for a while: itself, one or two more, the worker."""
        end = time.monotonic() + seconds
        while len(self.below()) < 3:
            assert time.monotonic() < end, self.alive()
            time.sleep(0.02)
        time.sleep(0.5)

    def wait_for_none(self, seconds: float = 20.0) -> None:
        end = time.monotonic() + seconds
        while self.alive():
            assert time.monotonic() < end, self.alive()
            time.sleep(0.02)

    def nobody_connected(self) -> bool:
        self.listening.setblocking(False)
        try:
            self.listening.accept()
        except BlockingIOError:
            return True
        return False


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.listening.close()
    for one in made.alive():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(one.split()[0]), signal.SIGKILL)


def test_every_harm_is_a_line_and_leaves_nothing(world: World) -> None:
    for name, case in CASES.items():
        world.write(name, case)
    before = world.tree()

    found, _ = world.sites(".")

    wrong = [f"{name}: {one}" for name, case in CASES.items() for one in wrongs(case, found.pop(name))]
    assert not wrong, "\n".join(wrong)
    assert not found
    assert world.alive() == []
    assert world.tree() == before
    assert not Path("/dev/shm", world.mark).exists()
    assert world.nobody_connected()


def wrongs(case: Case, site: dict[str, Any]) -> Iterator[str]:
    """What a site of the report has that it should not have."""
    reason = site["reason"]
    if site["verdict"] not in case.verdict.split("|") or not re.search(case.reason, reason):
        yield f"{site['verdict']}: {reason}"
    if not reason.isprintable() or len(reason) > 500 or (site["verdict"] != "passed" and not reason):
        yield f"no line: {reason!r}"


SECCOMP = """
import ctypes, struct
# As containers do: unshare and mount fail with EPERM, by numbers of x86-64; and Landlock as if it were not there.
refused = {272: 1, 165: 1, 442: 1, 444: 38}
rules = [(0x20, 0, 0, 0)]
for number, error in refused.items():
    rules += [(0x15, 0, 1, number), (0x06, 0, 0, 0x50000 | error)]
rules += [(0x06, 0, 0, 0x7FFF0000)]
code = b"".join(struct.pack("HBBI", *rule) for rule in rules)
kept = ctypes.create_string_buffer(code)
program = struct.pack("HxxxxxxQ", len(rules), ctypes.addressof(kept))
libc = ctypes.CDLL(None)
libc.prctl(38, 1, 0, 0, 0)
assert libc.prctl(22, 2, program) == 0
"""
NOT_SO_MUCH_ROOT = """
import ctypes, os
# Root without CAP_SYS_ADMIN gets its namespaces as everybody else does.
libc = ctypes.CDLL(None)
if os.geteuid() == 0:
    assert libc.prctl(24, 21, 0, 0, 0) == 0
    header, kept = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    assert libc.capget(header, kept) == 0
    kept[0] &= ~(1 << 21)
    kept[1] &= ~(1 << 21)
    assert libc.capset(header, kept) == 0
"""


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="numbers of system calls")
def test_without_namespaces_python_stands_guard_and_that_is_said(world: World) -> None:
    names = [
        "forks",
        "daemon",
        "flood",
        "orphan_holds_the_pipe",
        "connects",
        "abort",
        "saves",
        "reads_the_environment",
        "harmless_too",
    ]
    for name in names:
        world.write(name, CASES[name])
    (world.folder / "victim").chmod(0o777)  # being nobody is no help
    before = world.tree()

    found, missing = world.sites(".", wrapper=SECCOMP)

    assert missing == WALLS
    wrong = [f"{name}: {one}" for name in names for one in wrongs(CASES[name], found.pop(name))]
    assert not wrong, "\n".join(wrong)
    assert world.alive() == []
    assert world.tree() == before


def test_whoever_is_not_root_gets_the_walls_of_a_user_namespace(world: World) -> None:
    names = ["writes", "removes", "takes_the_walls_down", "daemon", "connects", "reads_the_environment", "harmless_too"]
    for name in names:
        world.write(name, CASES[name])
    before = world.tree()

    found, missing = world.sites(".", wrapper=NOT_SO_MUCH_ROOT)

    assert missing in ([], ["network", "processes", "shared memory"], WALLS)  # some systems give none of them
    wrong = [f"{name}: {one}" for name in names for one in wrongs(CASES[name], found.pop(name))]
    assert not wrong, "\n".join(wrong)
    assert world.alive() == []
    assert world.tree() == before


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_when_the_command_is_ended_nothing_goes_on(world: World, number: int) -> None:
    world.write("hangs", Case("", init="time.sleep(300)"))
    process = world.start(".", timeout=60.0)
    world.wait_for_worker()

    process.send_signal(number)
    process.communicate(timeout=30)

    world.wait_for_none()
    assert list((world.folder / "temporary").iterdir()) == []
    if number == signal.SIGINT:
        assert process.returncode == 130


def test_a_server_that_is_killed_costs_one_subject(world: World) -> None:
    world.write("hangs", Case("", init="time.sleep(300)"))
    world.write("harmless", Case(""))
    process = world.start(".", timeout=60.0)
    world.wait_for_worker()

    os.kill(min(world.below()), signal.SIGKILL)
    out, _ = process.communicate(timeout=60)

    found = {Path(site["filename"]).stem: site for site in json.loads(out)["sites"]}
    assert found["case_hangs"]["reason"] == "the process that runs it died"
    assert found["case_harmless"]["verdict"] == "passed"
    assert world.alive() == []
    assert list((world.folder / "temporary").iterdir()) == []
