"""docs/adopting.md: every block is run, or held against the schema of its service."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from packlint import __version__
from packlint.cli import main
from packlint.config import read_config
from tests.adopting.conftest import ROOT, Job, action, bash, commit, files, git, load_yaml
from tests.adopting.schemas import violations
from tests.conftest import BROKEN, PADDED
from tests.report.test_gitlab import issues
from tests.test_fix import FIXED, SAFE
from tests.test_flake8_plugin import needs_flake8, run_flake8
from tests.test_packaging import pip
from tests.test_pre_commit import revision, run_hooks
from tests.test_usage import blocks, played

PAGE = (ROOT / "docs" / "adopting.md").read_text(encoding="utf-8")
PAGES = {name: (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "docs/adopting.md", "docs/usage.md")}
REPOSITORY = "https://github.com/packlint/packlint"
EVERY_YAML = [(page, text) for page, whole in PAGES.items() for text in blocks(whole, "yaml")]


def section(title: str) -> str:
    """A section of the page, without those below it."""
    level = "#" * (2 if f"\n## {title}\n" in PAGE else 3)
    return re.split(r"^##", PAGE.partition(f"\n{level} {title}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]


def only(title: str, language: str) -> str:
    (text,) = blocks(section(title), language)
    return text


# --- YAML ---


def workflow(text: str) -> str | None:
    """A block as a whole workflow of GitHub; None where it is no part of one."""
    said = load_yaml(text)
    if isinstance(said, list):
        steps = textwrap.indent(textwrap.dedent(text), " " * 6)
        return f"on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n{steps}"
    if "jobs" not in said:
        return None
    return text if "on" in said else f"on: push\n{text}"


@pytest.mark.parametrize(("page", "text"), EVERY_YAML, ids=[f"{page}-{n}" for n, (page, _) in enumerate(EVERY_YAML)])
def test_every_block_of_yaml_is_what_its_service_takes(page: str, text: str, tmp_path: Path) -> None:
    if (whole := workflow(text)) is not None:
        assert violations("vendor.github-workflows", whole) == ""
        return
    said = load_yaml(text)
    if "repos" not in said:
        assert all("script" in one for one in said.values()), page
        assert violations("vendor.gitlab-ci", text) == ""
        return
    pytest.importorskip("pre_commit", reason="pre-commit is not installed")
    command = [sys.executable, "-m", "pre_commit", "validate-config", str(files(tmp_path, a__yaml=text) / "a.yaml")]
    subprocess.run(command, check=True, capture_output=True, timeout=60)


def test_the_schemas_can_refuse() -> None:
    assert violations("vendor.github-workflows", "on: push\njobs:\n  a:\n    steps:\n      - uses: 1\n") != ""
    assert violations("vendor.gitlab-ci", "a:\n  script: [x]\n  artifacts: 1\n") != ""


def uses() -> list[Any]:
    """Every use of the action in the pages."""
    found = []
    for _, text in EVERY_YAML:
        if (whole := workflow(text)) is not None:
            steps = [step for job in load_yaml(whole)["jobs"].values() for step in job["steps"]]
            found += [step for step in steps if step.get("uses", "").startswith("packlint/")]
    return found


def test_the_action_is_used_as_it_is() -> None:
    inputs = action()["inputs"].keys()
    assert len(uses()) >= 3
    for step in uses():
        assert step["uses"] == f"packlint/packlint@v{__version__}"
        assert step.get("with", {}).keys() <= inputs


def test_the_inputs_on_the_page_are_those_that_there_are() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| (?:`(.*?)`)? ?\| ", section("GitHub"), re.MULTILINE)
    assert rows == [(name, one["default"]) for name, one in action()["inputs"].items()]


# --- shell ---


def environment(job: Job, **variables: str) -> dict[str, str]:
    """What a script of a CI service sees, where packlint can be installed from a registry."""
    path = os.pathsep.join([str(job.scripts), os.environ["PATH"]])
    return {**os.environ, "PATH": path, "HOME": str(job.temp), **variables}


@pytest.fixture
def merge_request(tmp_path: Path) -> Path:
    """A repository with a finding on main and another one on a branch, which is checked out; origin is itself."""
    folder = files(tmp_path / "project", old__py=PADDED)
    git("init", "--quiet", "--initial-branch=main", ".", cwd=folder)
    commit(folder, "main")
    git("remote", "add", "origin", ".", cwd=folder)
    git("checkout", "--quiet", "-b", "feature", cwd=folder)
    commit(folder, "feature", new__py=SAFE)
    return folder


def gitlab(job: Job, folder: Path, **variables: str) -> tuple[int, str, list[str]]:
    """Run the script of the GitLab job: exit code, what it says, and the files in its report."""
    (said,) = load_yaml(only("GitLab", "yaml")).values()
    script = "\n".join(said["script"])
    code, out, err = bash(script, folder, job.temp, environment(job, CI_PROJECT_DIR=str(folder), **variables))
    report = folder / said["artifacts"]["reports"]["codequality"]
    return code, out + err, [one["location"]["path"] for one in issues(report.read_text())]


def test_gitlab_on_the_default_branch(job: Job, merge_request: Path) -> None:
    code, said, reported = gitlab(job, merge_request)
    assert (code, reported) == (1, ["new.py", "old.py"])
    assert "Found 2 findings" in said
    assert (merge_request / ".packlint_cache").is_dir()
    files(merge_request, new__py=FIXED, old__py="x = 1\n")
    assert gitlab(job, merge_request)[::2] == (0, [])


def test_gitlab_in_a_merge_request(job: Job, merge_request: Path) -> None:
    base = git("merge-base", "main", "HEAD", cwd=merge_request)
    code, said, reported = gitlab(job, merge_request, CI_MERGE_REQUEST_DIFF_BASE_SHA=base)
    assert (code, reported) == (1, ["new.py", "old.py"]), "GitLab compares the reports itself"
    assert "new.py" in said
    assert "old.py" not in said
    files(merge_request, new__py=FIXED)
    code, said, reported = gitlab(job, merge_request, CI_MERGE_REQUEST_DIFF_BASE_SHA=base)
    assert (code, reported) == (0, ["old.py"])


def test_any_other_ci(job: Job, merge_request: Path) -> None:
    script, _ = blocks(section("Any other CI"), "sh")
    code, out, err = bash(script, merge_request, job.temp, environment(job))
    assert (code, err, "Found 2 findings" in out) == (1, "", True), err
    assert (merge_request / "packlint.sarif").is_file()


def test_any_other_ci_on_a_branch(job: Job, merge_request: Path) -> None:
    _, script = blocks(section("Any other CI"), "sh")
    code, out, err = bash(script, merge_request, job.temp, environment(job))
    assert (code, err, "Found 1 finding;" in out) == (1, "", True), err


def test_the_first_commands(job: Job, merge_request: Path) -> None:
    code, out, err = bash(blocks(PAGE, "sh")[0], merge_request, job.temp, environment(job))
    assert (code, "Found 2 findings" in out) == (1, True), err


# --- other tools ---


@pytest.fixture
def hooks(tmp_path: Path, store: Path) -> Callable[..., tuple[int, str]]:
    """A repository with the configuration of the page, whose hook is that of this checkout."""
    pytest.importorskip("pre_commit", reason="pre-commit is not installed")
    text = only("pre-commit", "yaml")
    assert REPOSITORY in text
    assert f"rev: v{__version__}\n" in text
    here = text.replace(REPOSITORY, str(ROOT)).replace(f"v{__version__}", revision())
    git("init", "--quiet", "--initial-branch=main", ".", cwd=tmp_path)

    def run(arguments: str = "", **texts: str) -> tuple[int, str]:
        return run_hooks(tmp_path, store, here + arguments, **texts)

    return run


def test_pre_commit(hooks: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    code, said = hooks(model__py=FIXED)
    assert (code, "Passed" in said) == (0, True), said
    code, said = hooks(model__py=SAFE)
    assert (code, "PCK204" in said) == (1, True), said
    assert (tmp_path / ".packlint_cache").is_dir()
    assert ".packlint_cache" not in git("ls-files", "--others", "--cached", "--exclude-standard", cwd=tmp_path)


def test_pre_commit_shows_what_is_new(hooks: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    (arguments,) = re.findall(r"`(args: \[--git-diff=.*?\])`", section("pre-commit"))
    commit(tmp_path, "main", old__py=PADDED)
    git("update-ref", "refs/remotes/origin/main", "HEAD", cwd=tmp_path)
    code, said = hooks(f"        {arguments}\n", new__py=SAFE)
    assert (code, "new.py" in said, "old.py" in said) == (1, True, False), said


def test_tox(tmp_path: Path) -> None:
    pytest.importorskip("tox", reason="tox is not installed")
    wheels, project = tmp_path / "wheels", files(tmp_path / "project", tox__ini=only("tox", "ini"), a__py=SAFE)
    leave = shutil.ignore_patterns(".*", "*.egg-info", "build", "tests", "docs", "benchmarks")
    shutil.copytree(ROOT, tmp_path / "checkout", symlinks=True, ignore=leave)
    pip(sys.executable, "wheel", "-w", str(wheels), str(tmp_path / "checkout"), cwd=tmp_path)
    # Linting needs no other package; so no registry is asked.
    offline = {"PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_FIND_LINKS": str(wheels)}

    def tox(*words: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "tox", "run", "-q", "-e", "packlint", *words],
            cwd=project,
            env={**os.environ, **offline},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    code, said = tox()
    assert (code, "Found 1 finding;" in said) == (1, True), said
    (project / "a.py").write_text(FIXED)
    code, said = tox()
    assert (code, "All checks passed!" in said) == (0, True), said
    code, said = tox("--", "--select", "PCK2", "a.py", "missing.py")
    assert (code, "missing.py: no such file" in said) == (2, True), said


@needs_flake8
def test_flake8(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files(folder, a__py=SAFE)
    (folder / ".flake8").write_text(only("flake8", "ini") + "select = E9\n")
    (folder / "pyproject.toml").write_text('[tool.packlint]\nbaseline = "packlint-baseline.json"\n')
    assert [place[3] for place in run_flake8(".", "--isolated", "--select=E9", cwd=folder)] == []
    assert main(["--write-baseline", "."]) == 0
    assert capsys.readouterr().out == "Wrote 1 finding to packlint-baseline.json.\n"
    assert run_flake8(".", cwd=folder) == []
    files(folder, b__py=PADDED)
    assert [(Path(place[0]).name, place[3]) for place in run_flake8(".", cwd=folder)] == [("b.py", "PCK101")]


# --- beginning with 400 findings ---


def numbered(path: Path, text: str, name: str, numbers: range) -> None:
    """Write the head of a file, and its class once for each number, with a function that uses it."""
    head, _, code = text.partition(f"\n\n\nclass {name}")
    use = "def use{0}(x, lengths):\n    return {1}{0}()(x, lengths)\n"
    classes = (f"\n\n\nclass {name}{number}{code}\n\n{use.format(number, name)}" for number in numbers)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(head + "".join(classes))


@pytest.fixture
def old_project(folder: Path) -> Path:
    """A repository with 400 findings."""
    for number in range(19):
        file = f"tagging/tagger_{number}.py" if number < 14 else f"tagging/old/tagger_{number}.py"
        numbered(folder / file, PADDED, "Tagger", range(20 * number, 20 * number + 20))
    encoder = (SAFE.partition("\n\n\ndef train")[0] + "\n").replace("(x, lengths, b", "(x, lengths.cuda(), b")
    numbered(folder / "speech" / "encoder.py", encoder, "Encoder", range(20))
    git("init", "--quiet", "--initial-branch=main", ".", cwd=folder)
    return folder


def one_repaired(folder: Path) -> None:
    file, packed = folder / "tagging" / "tagger_3.py", "nn.utils.rnn.pack_sequence(xs, enforce_sorted=False)"
    before, name, after = file.read_text().partition("class Tagger67(")
    file.write_text(before + name + after.replace("pad_sequence(xs, batch_first=True)", packed, 1))


def one_new_on_a_branch(folder: Path) -> None:
    commit(folder, "main")
    git("checkout", "--quiet", "-b", "feature", cwd=folder)
    files(folder, chunker__py=PADDED)


CHANGES = {"a tagger was repaired": one_repaired, "on a branch, chunker.py is new": one_new_on_a_branch}


def test_beginning_with_400_findings(old_project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = section("Beginning with 400 findings")
    configuration = only("Beginning with 400 findings", "toml")
    shown = blocks(text, "console")
    assert len(shown) == 6
    for number, block in enumerate(shown):
        if text.index(block) > text.index(configuration):
            files(old_project, pyproject__toml=configuration)
        assert played(block, old_project, capsys, CHANGES) == block, number
    assert (old_project / "chunker.py").read_text().count("# noqa: PCK101\n") == 1


def test_the_schema_for_editors(folder: Path, job: Job) -> None:
    code, out, err = bash(only("Editors", "sh"), folder, job.temp, environment(job))
    assert (code, out, err) == (0, "", "")
    text = only("Editors", "toml")
    assert text.startswith("#:schema ./packlint.schema.json\n")
    files(folder, packlint__toml=text, wrong__toml=text.replace("baseline", "base-line"))
    assert violations(folder / "packlint.schema.json", folder / "packlint.toml") == ""
    assert "base-line" in violations(folder / "packlint.schema.json", folder / "wrong.toml")
    assert read_config(str(folder / "packlint.toml"), text.encode())[1] == []


# --- exit codes ---

Runs = dict[int, tuple[str, ...]]
TEXTS = {"clean.py": "x = 1\n", "wrong.py": PADDED, "safe.py": SAFE, "broken.py": BROKEN}
OLD = "--baseline=old.json"
EXITS: dict[str, Runs] = {
    "packlint PATHS": {0: ("clean.py",), 1: ("wrong.py",), 2: ("missing.py", "wrong.py")},
    "packlint --exit-zero PATHS": {0: ("-e", "wrong.py"), 2: ("-e", "missing.py")},
    "packlint --fix PATHS": {0: ("--fix", "safe.py"), 1: ("--fix", "wrong.py"), 2: ("--fix", "linked.py")},
    "packlint --fix --exit-non-zero-on-fix PATHS": {
        0: ("--fix", "--exit-non-zero-on-fix", "clean.py"),
        1: ("--fix", "--exit-non-zero-on-fix", "safe.py"),
        2: ("--fix", "--exit-non-zero-on-fix", "linked.py"),
    },
    "packlint --diff PATHS": {0: ("--diff", "wrong.py"), 1: ("--diff", "safe.py"), 2: ("--diff", "missing.py")},
    "packlint --git-diff BASE PATHS": {
        0: ("--git-diff=HEAD", "old.py"),
        1: ("--git-diff=HEAD", "wrong.py"),
        2: ("--git-diff=nonsense", "wrong.py"),
    },
    "packlint --exit-non-zero-on-stale PATHS": {
        0: (OLD, "--exit-non-zero-on-stale", "old.py"),
        1: (OLD, "--exit-non-zero-on-stale", "."),
        2: ("--baseline=clean.py", "--exit-non-zero-on-stale", "clean.py"),
    },
    "packlint --write-baseline PATHS": {
        0: ("--baseline=new.json", "--write-baseline", "wrong.py"),
        2: ("--baseline=clean.py", "--write-baseline", "wrong.py"),
    },
    "packlint --add-noqa PATHS": {0: ("--add-noqa", "wrong.py"), 2: ("--add-noqa", "linked.py")},
    "packlint config --show": {0: ("config", "--show"), 2: ("config", "--show", "--config=broken.py")},
    "packlint clean": {0: ("clean",), 2: ("clean", "--cache-dir=elsewhere")},
    "packlint waste LENGTHS": {0: ("waste", "3", "2"), 2: ("waste", "many")},
}
"""For the rows of the table that are this command, how each of its codes comes about."""


def rows() -> dict[str, set[int]]:
    found = re.findall(r"^\| `(packlint [^`]+)` \| (.*?) \| (.*?) ?\| (.*?) ?\|$", section("Exit codes"), re.MULTILINE)
    return {command: {code for code, cell in enumerate(cells) if cell} for command, *cells in found}


def test_every_exit_code_of_the_command_is_tried() -> None:
    assert {command: {*runs} for command, runs in EXITS.items()} == {
        command: codes for command, codes in rows().items() if not command.startswith("packlint verify")
    }


@pytest.mark.parametrize(
    ("code", "words"),
    [
        pytest.param(code, words, id=f"{command}-{code}")
        for command, runs in EXITS.items()
        for code, words in runs.items()
    ],
)
def test_exit_codes(folder: Path, capsys: pytest.CaptureFixture[str], code: int, words: tuple[str, ...]) -> None:
    git("init", "--quiet", ".", cwd=folder)
    files(folder, old__py=PADDED, gone__py=SAFE)
    assert main(["--baseline=old.json", "--write-baseline", "old.py", "gone.py"]) == 0
    commit(folder, "old")
    (folder / "gone.py").unlink()
    for name, text in TEXTS.items():
        (folder / name).write_text(text)
    (folder / "elsewhere").mkdir()
    (folder / "linked.py").write_text(SAFE)
    os.link(folder / "linked.py", folder / "elsewhere" / "twice.py")
    capsys.readouterr()
    assert main([*words]) == code
    assert capsys.readouterr().err.startswith("packlint: ") or code != 2
