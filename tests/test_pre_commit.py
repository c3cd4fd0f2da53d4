"""The hook, run by real pre-commit in a project of its own."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import BROKEN
from tests.test_fix import FIXED, SAFE

ROOT = Path(__file__).parents[1]
BROKEN_NOTEBOOK = json.dumps({"cells": [{"cell_type": "code", "source": BROKEN}], "metadata": {}, "nbformat": 4})


CONFIGURATION = """\
repos:
  - repo: {repository}
    rev: {revision}
    hooks:
      - id: {hook}
"""


def git(*words: str, cwd: Path) -> str:
    named = ("-c", "user.name=a", "-c", "user.email=a@b.c")
    return subprocess.run(["git", *named, *words], cwd=cwd, check=True, capture_output=True, text=True).stdout.strip()


@functools.cache
def revision() -> str:
    """This checkout as it is, with what is not committed, as a commit of its repository."""
    return git("stash", "create", cwd=ROOT) or git("rev-parse", "HEAD", cwd=ROOT)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    git("init", "--quiet", ".", cwd=folder)
    return folder


def run_hooks(project: Path, store: Path, configuration: str, **files: str) -> tuple[int, str]:
    """Commit the files, run the hooks of a configuration over them, and give pre-commit's exit code and what it says.

    The files have `__` for the dot in their names.
    """
    (project / ".pre-commit-config.yaml").write_text(configuration)
    for file, text in files.items():
        (project / file.replace("__", ".")).write_text(text)
    git("add", "--all", cwd=project)
    done = subprocess.run(
        [sys.executable, "-m", "pre_commit", "run", "--all-files", "--color=never"],
        cwd=project,
        env={**os.environ, "PRE_COMMIT_HOME": str(store)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    if "No matching distribution" in done.stdout + done.stderr:
        pytest.skip("no package registry for the hook's environment")
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.returncode, done.stdout


def hook(project: Path, store: Path, name: str = "packlint", **files: str) -> tuple[int, str]:
    """Run a hook of this checkout."""
    configuration = CONFIGURATION.format(repository=ROOT, revision=revision(), hook=name)
    return run_hooks(project, store, configuration, **files)


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_the_hook(project: Path, store: Path) -> None:
    pytest.importorskip("pre_commit", reason="pre-commit is not installed")

    code, said = hook(project, store, notes__txt="LSTM(")
    assert (code, "no files to check" in said) == (0, True), said

    code, said = hook(project, store, model__py="import torch.nn as nn\n\nrnn = nn.LSTM(2, 3)\n")
    assert (code, "Passed" in said) == (0, True), said

    code, said = hook(project, store, model__py=BROKEN, book__ipynb=BROKEN_NOTEBOOK)
    assert (code, "Failed" in said) == (1, True), said
    assert said.count("PCK001") == 2, said

    code, said = hook(project, store, pyproject__toml='[tool.packlint]\nexclude = ["model.py", "*.ipynb"]\n')
    assert (code, "Passed" in said) == (0, True), said


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_the_hook_that_fixes(project: Path, store: Path) -> None:
    pytest.importorskip("pre_commit", reason="pre-commit is not installed")
    code, said = hook(project, store, "packlint-fix", model__py=SAFE)
    assert (code, "files were modified by this hook" in said, "1 fixed, 0 left." in said) == (1, True, True), said
    assert (project / "model.py").read_text() == FIXED
    code, said = hook(project, store, "packlint-fix")
    assert (code, "Passed" in said) == (0, True), said
