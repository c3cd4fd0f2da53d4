"""The action as GitHub's runner has it: a download of the project, and steps that bash runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
GIT = ("git", "-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "protocol.file.allow=always")
PYTHON = "${{ steps.python.outputs.python-path || (runner.os == 'Windows' && 'python' || 'python3') }}"


@dataclass(frozen=True, slots=True)
class Acted:
    """What a use of the action gave."""

    code: int
    out: str
    err: str
    outputs: dict[str, str]

    @property
    def annotated(self) -> list[str]:
        """The places of its annotations, as file, row and code."""
        lines = [line.partition("::error title=packlint (")[2] for line in self.out.splitlines()]
        assert all(lines), self.out
        places = []
        for line in lines:
            properties = dict(
                part.split("=", 1) for part in f"code={line}".replace(")", "", 1).split("::")[0].split(",")
            )
            places.append(f"{Path(properties['file']).name}:{properties['line']} {properties['code']}")
        return places


Act = Callable[..., Acted]


def git(*words: str, cwd: Path) -> str:
    return subprocess.run([*GIT, *words], cwd=cwd, check=True, capture_output=True, text=True).stdout.strip()


def load_yaml(text: str) -> Any:
    return pytest.importorskip("yaml").load(text, Loader=pytest.importorskip("yaml").BaseLoader)


def action() -> Any:
    """What action.yml says; all that is no list or table is text, as the runner reads it."""
    return load_yaml((ROOT / "action.yml").read_text(encoding="utf-8"))


def bash(script: str, cwd: Path, folder: Path, environment: dict[str, str]) -> tuple[int, str, str]:
    """Run a script as GitHub's runner and GitLab's run theirs: exit code, standard output, standard error."""
    if shutil.which("bash") is None:
        pytest.skip("bash is not installed")
    file = folder / "script.sh"
    file.write_text(script, encoding="utf-8")
    command = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(file)]
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="session")
def download(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project as the runner of GitHub unpacks it on Windows, where a link is a file with the name of its target."""
    made = (".[!g]*", ".git", "*.egg-info", "build", "__pycache__")
    leave = shutil.ignore_patterns(*made, "tests", "docs", "benchmarks", "corpus")
    folder = tmp_path_factory.mktemp("action") / "a checkout"
    shutil.copytree(ROOT, folder, symlinks=True, ignore=leave)
    (folder / "packlint" / "fixers").unlink()
    (folder / "packlint" / "fixers").write_text("../fixers")
    return folder


@dataclass(frozen=True, slots=True)
class Job:
    """A job on GitHub's runner, in which the action can be used again and again."""

    download: Path
    temp: Path

    @property
    def scripts(self) -> Path:
        """The folder with the commands that the action has installed."""
        (folder,) = self.temp.glob("packlint-*/bin")
        return folder

    def use(self, workspace: Path, **inputs: str) -> Acted:
        """Use the action in a folder."""
        described = action()
        given = {name.replace("_", "-"): value for name, value in inputs.items()}
        assert given.keys() <= described["inputs"].keys()
        values = {name: given.get(name, one["default"]) for name, one in described["inputs"].items()}
        known = {f"${{{{ inputs.{name} }}}}": value for name, value in values.items()} | {PYTHON: sys.executable}
        _, step = described["runs"]["steps"]
        outputs = self.temp / "outputs"
        outputs.unlink(missing_ok=True)
        environment = {
            **os.environ,
            **{name: known[expression] for name, expression in step["env"].items()},
            "GITHUB_ACTION_PATH": str(self.download),
            "GITHUB_OUTPUT": str(outputs),
            "GITHUB_WORKSPACE": str(workspace),
            "RUNNER_TEMP": str(self.temp),
        }
        code, out, err = bash(step["run"], workspace, self.temp, environment)
        return Acted(code, out, err, dict(line.split("=", 1) for line in outputs.read_text().splitlines()))


@pytest.fixture(scope="session")
def job(download: Path, tmp_path_factory: pytest.TempPathFactory) -> Job:
    """A job that has used the action once, so that packlint is installed."""
    job = Job(download, tmp_path_factory.mktemp("runner temp"))
    acted = job.use(tmp_path_factory.mktemp("empty"))
    if "No matching distribution" in acted.err:
        pytest.skip("no package registry to install from")
    assert acted.code == 0, acted.out + acted.err
    return job


@pytest.fixture
def act(job: Job) -> Act:
    """Use the action in a folder."""
    return job.use


def files(folder: Path, **texts: str) -> Path:
    """Write files, with `__` for the dot in their names."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name.replace("__", ".")).write_text(text)
    return folder


def commit(folder: Path, message: str, **texts: str) -> None:
    files(folder, **texts)
    git("add", "--all", cwd=folder)
    git("commit", "--quiet", "--allow-empty", "--message", message, cwd=folder)
