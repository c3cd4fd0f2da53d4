"""action.yml: what GitHub's schema says of it, and what it does, run by bash as GitHub's runner does."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.adopting.conftest import PYTHON, ROOT, Act, action, commit, files, git
from tests.adopting.schemas import violations
from tests.conftest import PADDED
from tests.test_fix import SAFE

_SPEC = importlib.util.spec_from_file_location("run_action", ROOT / ".github" / "run_action.py")
assert _SPEC is not None
assert _SPEC.loader is not None
run = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(run)

HOSTILE = (
    "; touch marker; $(touch marker) `touch marker` ${IFS} | touch marker\ntouch marker",
    'a\'; touch marker; "$(touch marker)" \'\n"; touch marker; # \\',
)
"""What writes a file called marker wherever a shell reads it."""


def test_github_takes_it() -> None:
    assert violations("vendor.github-actions", ROOT / "action.yml") == ""
    wrong = (ROOT / "action.yml").read_text().replace("using: composite", "using: bash")
    assert violations("vendor.github-actions", wrong) != ""


def test_inputs_reach_the_shell_as_variables_alone() -> None:
    described = action()
    setup, step = described["runs"]["steps"]
    assert "${{" not in step["run"]
    assert step["shell"] == "bash"
    expressions = {
        f"INPUT_{name.upper().replace('-', '_')}": f"${{{{ inputs.{name} }}}}" for name in described["inputs"]
    }
    del expressions["INPUT_PYTHON_VERSION"]
    assert step["env"] == {**expressions, "PYTHON": PYTHON}
    assert setup["with"]["update-environment"] == "false"
    assert re.fullmatch(r"actions/setup-python@[0-9a-f]{40}", setup["uses"])


def test_findings_are_annotations(tmp_path: Path, act: Act) -> None:
    files(tmp_path, a__py=PADDED, b__py=SAFE)
    acted = act(tmp_path)
    assert acted.annotated == ["a.py:11 PCK101", "b.py:12 PCK204"], acted.err
    assert (acted.code, acted.err, acted.outputs) == (1, "", {"exit-code": "1"})


def test_nothing_found(tmp_path: Path, act: Act) -> None:
    acted = act(files(tmp_path, a__py="x = 1\n"))
    assert (acted.code, acted.out, acted.err, acted.outputs) == (0, "", "", {"exit-code": "0"})


def test_paths_and_options(tmp_path: Path, act: Act) -> None:
    files(tmp_path, a__py=PADDED)
    files(tmp_path / "with space", b__py=SAFE, c__py=PADDED)
    acted = act(tmp_path, paths="'with space/b.py'\n\"with space/c.py\"", args="--select PCK2\n--exit-zero")
    assert (acted.annotated, acted.code, acted.outputs) == (["b.py:12 PCK204"], 0, {"exit-code": "0"}), acted.err


def test_sarif_is_written_beside(tmp_path: Path, act: Act) -> None:
    acted = act(files(tmp_path, a__py=PADDED), sarif_file="out put.sarif")
    assert (acted.annotated, acted.code) == (["a.py:11 PCK101"], 1)
    (log,) = json.loads((tmp_path / "out put.sarif").read_text())["runs"]
    (result,) = log["results"]
    assert result["ruleId"] == "PCK101"
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "a.py"


@pytest.mark.parametrize(
    "inputs",
    [
        {"paths": "missing"},
        {"args": "--no-such-option"},
        {"sarif_file": "missing/out.sarif"},
        {"git_diff": "main"},
        {"args": "'never closed"},
    ],
    ids=str,
)
def test_what_cannot_be_done_is_two(tmp_path: Path, act: Act, inputs: dict[str, str]) -> None:
    acted = act(files(tmp_path, a__py="x = 1\n"), **inputs)
    assert (acted.code, acted.outputs) == (2, {"exit-code": "2"}), acted.out + acted.err
    assert len((acted.out + acted.err).splitlines()) >= 1


@pytest.mark.parametrize("version", ["1.0; python_version < '4'", "--index-url=https://example.org", "1.0 requests"])
def test_a_version_is_nothing_else(tmp_path: Path, act: Act, version: str) -> None:
    acted = act(tmp_path, version=version)
    assert (acted.code, acted.err) == (2, "")
    assert acted.out == f"::error title=packlint::version: {version!r} is none, such as 0.1.0\n"


@pytest.mark.parametrize("text", HOSTILE, ids=["unquoted", "quoted"])
@pytest.mark.parametrize("name", ["paths", "args", "git_diff", "sarif_file", "version"])
def test_what_an_input_says_is_never_run(tmp_path: Path, act: Act, name: str, text: str) -> None:
    _, workspace = pull_request(tmp_path)
    acted = act(workspace, **{name: text})
    assert acted.code == (1 if name == "sarif_file" else 2), acted.out + acted.err  # such a file can be written
    assert acted.outputs == {"exit-code": str(acted.code)}
    assert not [path for path in tmp_path.rglob("*") if path.name == "marker"]


def test_a_file_name_is_no_option(tmp_path: Path, act: Act) -> None:
    acted = act(files(tmp_path, a__py=PADDED), paths="a.py --output-format=json=marker --fix -")
    assert acted.code == 2
    assert acted.annotated == ["a.py:11 PCK101"]
    assert not (tmp_path / "marker").exists()


def test_a_module_in_the_workspace_is_not_imported(tmp_path: Path, act: Act, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))  # as jobs set it for their tests
    trap = "import pathlib; pathlib.Path('marker').touch()\n"
    files(tmp_path, packlint__py=trap, hashlib__py=trap, pathspec__py=trap, ast__py=trap, sitecustomize__py=trap)
    files(tmp_path, **{".gitignore": "x\n"})
    acted = act(tmp_path)
    assert (acted.code, acted.out, acted.err) == (0, "", "")
    assert not (tmp_path / "marker").exists()


# --- what a pull request brings ---


def pull_request(folder: Path) -> tuple[Path, Path]:
    """A repository in which main has gone on since a branch left it, and a checkout of the branch merged into main.

    The checkout has one commit, as GitHub's has.
    """
    upstream, workspace = folder / "upstream", folder / "workspace"
    files(upstream, old__py=PADDED)
    git("init", "--quiet", "--initial-branch", "main", ".", cwd=upstream)
    for number in range(3):
        commit(upstream, f"main {number}", notes__txt=str(number))
    git("checkout", "--quiet", "-b", "feature", "HEAD~1", cwd=upstream)
    commit(upstream, "feature", new__py=SAFE)
    git("checkout", "--quiet", "--detach", "main", cwd=upstream)
    git("merge", "--quiet", "--no-edit", "feature", cwd=upstream)
    git("update-ref", "refs/pull/1/merge", "HEAD", cwd=upstream)
    git("checkout", "--quiet", "main", cwd=upstream)
    checkout(upstream, workspace, "refs/pull/1/merge")
    return upstream, workspace


def checkout(upstream: Path, workspace: Path, ref: str) -> None:
    """What actions/checkout does."""
    workspace.mkdir()
    git("init", "--quiet", ".", cwd=workspace)
    git("remote", "add", "origin", upstream.as_uri(), cwd=workspace)
    there = "refs/remotes/pull/1/merge" if ref.startswith("refs/pull") else f"refs/remotes/origin/{ref}"
    git("fetch", "--quiet", "--no-tags", "--depth=1", "origin", f"+{ref}:{there}", cwd=workspace)
    git("checkout", "--quiet", "--detach", there, cwd=workspace)


def test_only_what_a_pull_request_brings_fails(tmp_path: Path, act: Act) -> None:
    _, workspace = pull_request(tmp_path)
    acted = act(workspace, git_diff="main", sarif_file="out.sarif")
    assert (acted.annotated, acted.code, acted.err) == (["new.py:12 PCK204"], 1, "")
    (log,) = json.loads((workspace / "out.sarif").read_text())["runs"]
    assert [result["ruleId"] for result in log["results"]] == ["PCK204", "PCK101"], "code scanning wants everything"


def test_a_pull_request_that_brings_nothing_passes(tmp_path: Path, act: Act) -> None:
    upstream, workspace = pull_request(tmp_path)
    git("checkout", "--quiet", "--detach", git("rev-parse", "HEAD^1", cwd=upstream), cwd=upstream)
    acted = act(workspace, git_diff=git("rev-parse", "refs/pull/1/merge", cwd=upstream))
    assert (acted.code, acted.out, acted.err) == (0, "", "")


def test_without_a_base_everything_counts(tmp_path: Path, act: Act) -> None:
    _, workspace = pull_request(tmp_path)
    acted = act(workspace, git_diff="")
    assert (acted.annotated, acted.code) == (["new.py:12 PCK204", "old.py:11 PCK101"], 1)


def shared(workspace: Path, base: str) -> str:
    return git("log", "-1", "--format=%s", git("merge-base", base, "HEAD", cwd=workspace), cwd=workspace)


@pytest.mark.parametrize("base", ["main", "origin/main"])
def test_the_base_is_fetched_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, base: str) -> None:
    _, workspace = pull_request(tmp_path)
    monkeypatch.chdir(workspace)
    assert run.fetched(base, ["."]) == "origin/main"
    assert shared(workspace, "origin/main") == "main 2"
    assert git("rev-list", "--count", "HEAD", cwd=workspace) == "3", "the merge and its parents"


def test_the_history_between_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    upstream, _ = pull_request(tmp_path)
    for number in range(4):
        git("checkout", "--quiet", "feature", cwd=upstream)
        commit(upstream, f"feature {number}")
        git("checkout", "--quiet", "main", cwd=upstream)
        commit(upstream, f"later {number}")
    checkout(upstream, tmp_path / "of the branch", "feature")
    monkeypatch.chdir(tmp_path)
    assert run.fetched("main", ["of the branch/new.py", "of the branch"]) == "origin/main"
    assert shared(tmp_path / "of the branch", "origin/main") == "main 1"


def test_a_commit_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    upstream, workspace = pull_request(tmp_path)
    monkeypatch.chdir(workspace)
    base = git("rev-parse", "main~1", cwd=upstream)
    assert run.fetched(base, ["."]) == base
    assert shared(workspace, base) == "main 1"


def test_what_is_there_is_not_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    upstream, _ = pull_request(tmp_path)
    git("clone", "--quiet", "--no-local", str(upstream), str(tmp_path / "whole"), cwd=tmp_path)
    git("remote", "set-url", "origin", "/nowhere", cwd=tmp_path / "whole")
    monkeypatch.chdir(tmp_path / "whole")
    assert run.fetched("origin/main", ["."]) == "origin/main"
    assert git("rev-parse", "--is-shallow-repository", cwd=tmp_path / "whole") == "false"


@pytest.mark.parametrize("base", ["nonsense", "--upload-pack=touch marker", "a b:refs/heads/main", "0" * 40])
def test_a_base_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], base: str
) -> None:
    upstream, workspace = pull_request(tmp_path)
    monkeypatch.chdir(workspace)
    assert run.fetched(base, ["."]) in (base, f"origin/{base}")
    assert "fatal: " in capfd.readouterr().err
    assert not [path for path in tmp_path.rglob("*") if path.name.startswith("marker")]
    assert git("branch", "--format=%(refname)", cwd=upstream).split() == ["refs/heads/feature", "refs/heads/main"]


def test_a_folder_without_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run.fetched("main", ["."]) == "main"


# --- what is installed ---


def test_a_version_is_asked_of_the_registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def note(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
        asked.append(list(command))
        return subprocess.CompletedProcess(command, len(asked) - 1)

    monkeypatch.setattr(subprocess, "run", note)
    monkeypatch.setenv("RUNNER_TEMP", str(tmp_path))
    with pytest.raises(run.ActionError, match="could not be installed"):
        run.installed("0.1.0")
    made, installed = asked
    assert Path(made[-1]).parent == tmp_path
    assert installed[-1] == "packlint==0.1.0"
    assert made[1] == installed[1] == "-I"
