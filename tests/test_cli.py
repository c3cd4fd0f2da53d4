"""The command line: options, exit codes, standard input and output, and what happens when they break."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from packlint import __version__
from packlint.cli import main
from tests.conftest import BROKEN, Ran, run_packlint

Lint = Callable[..., Ran]


@pytest.fixture
def broken(folder: Path) -> Path:
    """A folder with one file that has one finding."""
    (folder / "a.py").write_text(BROKEN)
    return folder


# --- exit codes ---


def test_nothing_found(folder: Path, lint: Lint) -> None:
    (folder / "a.py").write_text("import torch\n")
    assert lint("a.py") == Ran(0, "All checks passed!\n", "")


def test_findings(broken: Path, lint: Lint) -> None:
    assert lint("a.py").code == 1
    assert lint("check", "a.py").code == 1
    assert lint("a.py", "--exit-zero").code == 0


def test_exit_zero_does_not_hide_what_could_not_be_done(broken: Path, lint: Lint) -> None:
    assert lint("a.py", "none.py", "--exit-zero").code == 2


def test_an_empty_list_of_files(folder: Path, lint: Lint) -> None:
    for words in ([], ["check"], ["--force-exclude"]):
        ran = lint(*words)
        assert (ran.code, ran.out) == (0, "All checks passed!\n")
        assert ran.err == "packlint: no files given, nothing checked (`packlint .` checks this folder)\n"
    assert lint("--output-format=json").findings == []


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--nonsense"], "unrecognized arguments: --nonsense"),
        (["--select"], "argument --select: expected one argument"),
        (["--sel", "PCK1"], "unrecognized arguments: --sel"),
        (["-j", "0"], "argument -j/--jobs: a number of processes is wanted, not '0'"),
        (["-j", "many"], "argument -j/--jobs: a number of processes is wanted, not 'many'"),
        (["--output-format", "xml"], "unknown output format 'xml' (known: full, concise, json, github, gitlab, sarif)"),
        (["--output-format", "json="], "--output-format json=: a file is wanted after `=`"),
        (
            ["--output-format", "json=x", "--output-format", "sarif=./x"],
            "--output-format: two reports cannot go to one file, x",
        ),
        (
            ["--output-format", "full", "--output-format", "github", "-o", "x"],
            "--output-format: two reports cannot go to one file, x",
        ),
        (
            ["--statistics", "--output-format", "sarif=x"],
            "--statistics: sarif has no counts (full, concise, json have)",
        ),
        (["--statistics-by", "line"], "--statistics-by line: rule, folder, file are wanted, one or several"),
        (["--statistics-by", ""], "--statistics-by : rule, folder, file are wanted, one or several"),
        (["--per-file-ignores", "PCK1"], "PATTERN:CODE is wanted, not 'PCK1'"),
        (["--exclude", "[z-a]*"], "'[z-a]*' is no pattern: bad character range z-a at position 9"),
        (["--root", "none"], "--root none: no such folder"),
    ],
)
def test_a_wrong_option_is_one_line(
    broken: Path, capsys: pytest.CaptureFixture[str], words: list[str], line: str
) -> None:
    assert main(["a.py", *words]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"packlint: error: {line}")
    assert err.count("\n") == 1


def test_an_unknown_code_is_one_line_and_the_others_count(broken: Path, lint: Lint) -> None:
    ran = lint("a.py", "--select", "PCK999,PCK001")
    assert (ran.code, ran.places) == (2, ["a.py PCK001"])
    assert ran.err == "packlint: the command line: no rule has the code `PCK999`\n"
    (broken / "pyproject.toml").write_text("[tool.packlint]\nper-file-ignores = {'b.py' = ['E501']}\n")
    ran = lint("a.py")
    assert (ran.code, ran.places) == (2, ["a.py PCK001"])
    assert ran.err == f"packlint: {broken}/pyproject.toml: no rule has the code `E501`\n"


def test_options_and_paths_in_any_order(broken: Path, lint: Lint) -> None:
    (broken / "b.py").write_text(BROKEN)
    assert lint("a.py", "--select", "PCK", "b.py").places == ["a.py PCK001", "b.py PCK001"]


def test_a_path_called_like_a_command(broken: Path, lint: Lint) -> None:
    (broken / "check").mkdir()
    (broken / "check" / "b.py").write_text(BROKEN)
    ran = lint("check", "a.py")
    assert ran.places == ["a.py PCK001"]
    assert ran.err == "packlint: `check` is read as the command; for the path write `./check`\n"
    assert lint("./check").places == ["check/b.py PCK001"]


def test_verify_wants_a_path(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify"]) == 2
    assert capsys.readouterr().err == (
        "packlint: error: a PATH is wanted (`packlint verify --help` lists the options)\n"
    )


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["PCK999"], "packlint: no rule is called `PCK999`\n"),
        ([], "packlint: error: a CODE or --all is wanted\n"),
        (
            ["PCK101", "--nonsense"],
            "packlint: error: unrecognized arguments: --nonsense (`packlint rule --help` lists the options)\n",
        ),
    ],
)
def test_a_wrong_word_after_rule_is_one_line(capsys: pytest.CaptureFixture[str], words: list[str], line: str) -> None:
    assert main(["rule", *words]) == 2
    assert capsys.readouterr() == ("", line)


# --- selection ---


def test_selection(broken: Path, lint: Lint) -> None:
    assert lint("a.py", "--select", "PCK000").code == 0
    assert lint("a.py", "--select", "PCK000", "--extend-select", "PCK001").code == 1
    assert lint("a.py", "--ignore", "PCK001").code == 0
    assert lint("a.py", "--select", "PCK000, PCK0").code == 1


@pytest.mark.parametrize(
    ("value", "files"),
    [
        ("a.py:PCK001", ["sub/b.py"]),  # a pattern without a slash also meets a name in a folder below
        ("sub/*:PCK0", ["a.py"]),
        ("*.py:ALL", []),
        ("!sub/*:PCK001", ["sub/a.py", "sub/b.py"]),
        ("a.py:PCK000", ["a.py", "sub/a.py", "sub/b.py"]),
        ("sub/b.py:PCK000,PCK001", ["a.py", "sub/a.py"]),
        ("./a.py:PCK001,b.py:PCK001", ["sub/a.py"]),
    ],
)
def test_per_file_ignores(broken: Path, lint: Lint, value: str, files: list[str]) -> None:
    (broken / "sub").mkdir()
    for name in ("sub/a.py", "sub/b.py"):
        (broken / name).write_text(BROKEN)
    assert lint(".", "--per-file-ignores", value).places == [f"{name} PCK001" for name in files]


def test_per_file_ignores_of_the_configuration(broken: Path, lint: Lint) -> None:
    (broken / "b.py").write_text(BROKEN)
    (broken / "pyproject.toml").write_text("[tool.packlint]\nper-file-ignores = {'a.py' = ['PCK001']}\n")
    assert lint(".").places == ["b.py PCK001"]
    assert lint(".", "--per-file-ignores", "b.py:PCK001").places == ["a.py PCK001"]
    assert lint(".", "--extend-per-file-ignores", "b.py:PCK001").places == []


# --- standard input ---


def test_standard_input() -> None:
    ran = run_packlint("-", "--output-format", "json", stdin=BROKEN.encode())
    assert (ran.code, [finding["filename"] for finding in ran.findings]) == (1, ["-"])


def test_standard_input_has_a_name(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.packlint]\nper-file-ignores = {'x.py' = ['PCK001']}\n")
    named = ["--output-format", "json", "-", "--stdin-filename"]
    ran = run_packlint(*named, "sub/y.py", stdin=BROKEN.encode(), cwd=tmp_path)
    assert [finding["filename"] for finding in ran.findings] == [str(tmp_path / "sub" / "y.py")]
    assert run_packlint(*named, "sub/x.py", stdin=BROKEN.encode(), cwd=tmp_path).code == 0
    assert run_packlint(*named[2:], "venv/y.py", stdin=BROKEN.encode(), cwd=tmp_path).code == 1
    assert run_packlint(*named[2:], "venv/y.py", "--force-exclude", stdin=BROKEN.encode(), cwd=tmp_path).code == 0


def test_standard_input_beside_files(broken: Path) -> None:
    ran = run_packlint("a.py", "-", "--output-format", "concise", stdin=BROKEN.encode(), cwd=broken)
    assert ran.places == ["- PCK001", "a.py PCK001"]


def test_standard_input_that_is_no_text() -> None:
    ran = run_packlint("-", stdin=b"nn.LSTM(\x00")
    assert (ran.code, ran.err) == (2, "packlint: -: is binary: it holds null bytes\n")


# --- output ---


def test_several_outputs_at_once(broken: Path, lint: Lint) -> None:
    ran = lint("a.py", "--output-format=concise", "--output-format=json=out.json", "--output-format=github=out.txt")
    assert ran.places == ["a.py PCK001"]
    assert json.loads((broken / "out.json").read_text())[0]["code"] == "PCK001"
    assert (broken / "out.txt").read_text().startswith("::error title=packlint (PCK001),")


def test_output_file(broken: Path, lint: Lint) -> None:
    ran = lint("a.py", "--output-file", "out.txt")
    assert (ran.code, ran.out) == (1, "")
    assert (broken / "out.txt").read_text().endswith("Found 1 finding.\n")


def test_an_output_that_cannot_be_written(broken: Path, lint: Lint) -> None:
    ran = lint("a.py", "--output-format=json=none/out.json", "--output-format=concise")
    assert (ran.code, ran.places) == (2, ["a.py PCK001"])
    assert ran.err == "packlint: none/out.json: No such file or directory\n"


def test_output_format_of_the_configuration(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (broken / "pyproject.toml").write_text("[tool.packlint]\noutput-format = 'github'\n")
    main(["a.py"])
    assert capsys.readouterr().out.startswith("::error ")
    main(["a.py", "--output-format", "full"])
    assert capsys.readouterr().out.startswith("PCK001 ")


def on_a_terminal(*words: str, cwd: Path, **environment: str) -> str:
    """What packlint writes to a terminal."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "packlint", *words]
    clean = {key: value for key, value in os.environ.items() if key != "NO_COLOR"} | {"TERM": "xterm"} | environment
    done = subprocess.run(command, cwd=cwd, stdout=theirs, stderr=subprocess.PIPE, env=clean, timeout=60, check=False)
    os.close(theirs)
    assert done.stderr == b""
    text = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        text += part
    os.close(ours)
    return text.decode()


def test_colour_is_for_terminals(broken: Path) -> None:
    assert "\033[" in on_a_terminal("a.py", cwd=broken)
    assert "\033[" not in on_a_terminal("a.py", cwd=broken, NO_COLOR="1")
    assert "\033[" not in on_a_terminal("a.py", cwd=broken, TERM="dumb")
    assert "\033[" not in run_packlint("a.py", cwd=broken).out


def test_a_closed_pipe_is_quiet(folder: Path) -> None:
    for number in range(200):
        (folder / f"a{number}.py").write_text(BROKEN)
    command = [sys.executable, "-m", "packlint", "."]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 1


def run_in_a_shell(command: str, folder: Path) -> Ran:
    """Run packlint, which is `$packlint` in the command, in a shell."""
    packlint = f"{sys.executable} -m packlint"
    done = subprocess.run(
        ["sh", "-c", command], cwd=folder, env={**os.environ, "packlint": packlint}, capture_output=True, check=False
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


def test_closed_streams_are_quiet(broken: Path) -> None:
    assert run_in_a_shell("$packlint a.py >&-", broken) == Ran(1, "", "")
    assert run_in_a_shell("$packlint a.py none.py --statistics 2>&-", broken).code == 2
    ran = run_in_a_shell("$packlint - a.py --output-format concise <&-", broken)
    assert (ran.code, ran.places) == (2, ["a.py PCK001"])
    assert ran.err == "packlint: -: standard input is closed\n"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no full device")
def test_a_full_disk_is_one_line(broken: Path) -> None:
    for words in ("a.py", "a.py --exit-zero", "rule PCK101"):
        ran = run_in_a_shell(f"$packlint {words} >/dev/full", broken)
        assert ran == Ran(2, "", "packlint: error: standard output: No space left on device\n")
    assert run_in_a_shell("$packlint none.py 2>/dev/full", broken).code == 2


def test_a_working_folder_that_is_gone_is_one_line(broken: Path) -> None:
    ran = run_in_a_shell("mkdir gone; cd gone; rmdir ../gone; $packlint a.py", broken)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert ran.err.startswith("packlint: error: the working folder: No such file or directory")


def test_ctrl_c(folder: Path) -> None:
    """The exit code is 130, nothing is printed, and no worker is left."""
    for number in range(100):
        (folder / f"a{number}.py").write_text("import torch.nn as nn\nrnn = nn.LSTM(2, 3)\n" + "x = 1\n" * 4000)
    slow = (
        "import os, sys, time, packlint.engine as e, packlint.cli as c\n"
        "def slow(task, data=None):\n"
        "    os.write(1, b'started\\n')\n"  # in one piece, unlike what print does when two processes do it
        "    time.sleep(60)\n"
        "e.check_file = slow\n"
        "sys.exit(c.main(sys.argv[1:]))\n"
    )
    for jobs in ("1", "2"):
        with subprocess.Popen(
            [sys.executable, "-c", slow, ".", "-j", jobs],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            assert process.stdout.readline() == b"started\n"
            begin = time.monotonic()
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does: every process of the group
            assert process.wait(30) == 130
            assert time.monotonic() - begin < 20
            assert process.stderr.read() == b""  # would wait for a worker that is left
            with pytest.raises(ProcessLookupError):
                os.killpg(process.pid, 0)


# --- the rest ---


def test_statistics(broken: Path, lint: Lint) -> None:
    (broken / "b.py").write_text(BROKEN)
    ran = lint(".", "--statistics")
    assert (ran.code, ran.out) == (1, "2\tPCK001\tsyntax-error\nFound 2 findings.\n")
    assert lint(".", "--statistics", "--output-format=json").findings == [
        {"code": "PCK001", "name": "syntax-error", "count": 2}
    ]


def test_statistics_by(broken: Path, lint: Lint) -> None:
    (broken / "sub").mkdir()
    for name in ("b.py", "sub/c.py"):
        (broken / name).write_text(BROKEN)
    counts = "2\t.\tPCK001\tsyntax-error\n1\tsub\tPCK001\tsyntax-error\nFound 3 findings.\n"
    assert lint(".", "--statistics-by", "folder,rule") == Ran(1, counts, "")
    assert lint(".", "--statistics-by=rule").out == lint(".", "--statistics").out
    assert lint(".", "--statistics", "--statistics-by=file, file").out.startswith("1\ta.py\n1\tb.py\n1\tsub/c.py\n")
    assert lint(".", "--statistics-by=folder", "--output-format=json").findings == [
        {"folder": str(broken), "count": 2},
        {"folder": str(broken / "sub"), "count": 1},
    ]
    # A format that a project is set to, and that has no counts, gives way.
    (broken / "pyproject.toml").write_text("[tool.packlint]\noutput-format = 'sarif'\n")
    assert main([".", "--statistics", "-j1"]) == 1


def test_no_cache_is_accepted(broken: Path, lint: Lint) -> None:
    assert lint("a.py", "--no-cache").code == 1


def test_version_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"packlint {__version__}\n"
    for words in (["check", "--version"], ["--help"], ["rule", "--help"]):
        with pytest.raises(SystemExit) as stop:
            main(words)
        assert stop.value.code == 0
        assert "packlint" in capsys.readouterr().out


def imported(*words: str) -> set[str]:
    """The modules that a run of packlint imports."""
    code = (
        "import sys\nfrom packlint.cli import main\nmain(sys.argv[1:])\nprint(*sys.modules, sep='\\n', file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


def test_version_imports_next_to_nothing() -> None:
    modules = imported("--version")
    assert not modules & {"argparse", "ast", "dataclasses", "packlint.config", "packlint.analysis", "packlint.rules"}


def test_linting_imports_neither_libcst_nor_torch_nor_flake8(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import torch.nn as nn\nrnn = nn.LSTM(2, 3)\n")
    modules = imported(str(tmp_path), "-j1")
    assert "packlint.check" in modules
    assert not modules & {"libcst", "torch", "flake8", "numpy", "pathspec", "packlint.fixers"}
    assert not modules & {"packlint.report.json", "packlint.report.sarif", "packlint.identity", "packlint.writing"}


def test_a_file_without_recurrence_is_not_analysed(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import torch\n")
    assert not imported(str(tmp_path), "-j1") & {"packlint.check", "packlint.rules.base", "multiprocessing"}


def test_linting_works_where_flake8_and_libcst_are_absent(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(BROKEN)
    code = (
        "import sys\n"
        "for name in ('flake8', 'libcst', 'torch', 'numpy'):\n"
        "    sys.modules[name] = None\n"  # an import of it then raises ImportError
        "from packlint.cli import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path), "--output-format", "concise"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "")
    assert "PCK001" in done.stdout
