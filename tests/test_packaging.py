"""packlint is found with its fixers from a wheel, from an editable install, and from a checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest

from packlint import __version__

ROOT = Path(__file__).resolve().parent.parent
LOOK = "import packlint.cli, importlib.util as u; print(u.find_spec('packlint.fixers').name, u.find_spec('fixers'))"


def run(*command: str, cwd: Path, **environment: str) -> str:
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project, so that what a build leaves lies elsewhere."""
    leave = ignore_patterns(".git", "*.egg-info", "build", "dist", ".*", "__pycache__", "corpus", "runs")
    return copytree(ROOT, tmp_path_factory.mktemp("checkout") / "packlint", symlinks=True, ignore=leave)


def pip(python: str, *words: str, cwd: Path) -> None:
    """Run the pip of this environment for another one, with setuptools from here: no network is needed."""
    here = sysconfig.get_path("purelib")
    run(python, "-m", "pip", "--no-input", "-q", *words, "--no-deps", "--no-build-isolation", cwd=cwd, PYTHONPATH=here)


def test_wheel(checkout: Path, tmp_path: Path) -> None:
    pip(sys.executable, "wheel", "-w", str(tmp_path), str(checkout), cwd=tmp_path)
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.name == f"packlint-{__version__}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        archive.extractall(tmp_path / "site")
    assert {name.split("/")[0] for name in names} == {"packlint", f"packlint-{__version__}.dist-info"}
    sources = {path.relative_to(ROOT).as_posix() for path in (ROOT / "packlint").rglob("*.py")}
    sources |= {f"packlint/fixers/{path.name}" for path in (ROOT / "fixers").glob("*.py")}
    assert sources | {"packlint/py.typed"} == {name for name in names if name.startswith("packlint/")}
    metadata = (tmp_path / "site" / f"packlint-{__version__}.dist-info" / "METADATA").read_text(encoding="utf-8")
    assert 'Requires-Dist: distributed>=2024; extra == "dask"' in metadata
    entry_points = (tmp_path / "site" / f"packlint-{__version__}.dist-info" / "entry_points.txt").read_text()
    assert "packlint = packlint.cli:main" in entry_points
    assert "PCK = packlint.flake8_plugin:Plugin" in entry_points
    assert "[pytest11]\npacklint = packlint.pytest_plugin" in entry_points
    found = run(sys.executable, "-S", "-c", LOOK, cwd=tmp_path, PYTHONPATH=str(tmp_path / "site"))
    assert found == "packlint.fixers None\n"


def test_editable(checkout: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "env", with_pip=False)
    python = str(tmp_path / "env" / "bin" / "python")
    pip(python, "install", "-e", str(checkout), cwd=tmp_path)
    assert run(python, "-c", LOOK, cwd=tmp_path) == "packlint.fixers None\n"
    assert run(str(tmp_path / "env" / "bin" / "packlint"), "--version", cwd=tmp_path) == f"packlint {__version__}\n"


def test_checkout(checkout: Path) -> None:
    """Without an install, from the folder itself, with nothing but Python's own library."""
    found = run(sys.executable, "-S", "-c", LOOK.rpartition(", u.find_spec")[0] + ")", cwd=checkout)
    assert found == "packlint.fixers\n"
    shown = run(sys.executable, "-S", "-m", "packlint", "packlint/cli.py", cwd=checkout)
    assert shown == "All checks passed!\n"
