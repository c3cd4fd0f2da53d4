"""What action.yml starts: packlint is installed beside the job's own Python and run over the workspace.

The inputs are the environment variables INPUT_...; Python runs isolated (-I), for a module in the workspace that is
called like one of ours is not to be imported.
"""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

VERSION = re.compile(r"[0-9][0-9A-Za-z.!+]*")
COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
DEEPER = (1, 50, 1000, 2**31 - 1)
"""By how many commits a shallow clone is deepened, in turn. A merge of a pull request has its base one commit below."""


class ActionError(Exception):
    """Something that cannot be done, in a line."""


def main() -> int:
    """Install and run packlint; the exit code is packlint's, and 2 for all else that goes wrong."""
    try:
        code = checked(installed(given("VERSION")))
    except ActionError as error:
        print(f"::error title=packlint::{error}")
        code = 2
    with open(os.environ["GITHUB_OUTPUT"], "a", encoding="utf-8") as outputs:
        outputs.write(f"exit-code={code}\n")
    return code


def given(name: str) -> str:
    """An input of the action."""
    return os.environ[f"INPUT_{name}"].strip()


def words(name: str) -> list[str]:
    """An input of several words, as a shell takes them apart."""
    try:
        return shlex.split(given(name))
    except ValueError as error:
        raise ActionError(f"{name.lower()}: {error}") from error


def installed(version: str) -> Sequence[str]:
    """The command that runs packlint, from an environment of its own; a job that needs it twice installs it once."""
    if version and VERSION.fullmatch(version) is None:
        raise ActionError(f"version: {version!r} is none, such as 0.1.0")
    wanted = f"packlint=={version}" if version else os.environ["GITHUB_ACTION_PATH"]
    name = hashlib.sha256(f"{sys.executable} {wanted}".encode()).hexdigest()[:12]
    folder = Path(os.environ["RUNNER_TEMP"], f"packlint-{name}")
    scripts = folder / ("Scripts" if os.name == "nt" else "bin")
    python = [str(scripts / "python"), "-I", "-X", "utf8", "-m"]
    if not any(scripts.glob("packlint*")):
        pip = [*python, "pip", "install", "--quiet", "--disable-pip-version-check", wanted]
        for command in ([sys.executable, "-I", "-m", "venv", str(folder)], pip):
            if subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode != 0:
                raise ActionError("packlint could not be installed; the log says why")
    return [*python, "packlint", "check"]


def checked(packlint: Sequence[str]) -> int:
    """Run packlint: annotations on standard output, and a file of SARIF where one was asked for."""
    options = words("ARGS")
    paths = [f"./{path}" if path.startswith("-") else path for path in words("PATHS")]  # a file name is no option
    everything = [f"--output-format=sarif={sarif}"] if (sarif := given("SARIF_FILE")) else []
    annotated = [*options, "--output-format=github"]
    base = given("GIT_DIFF")
    if not base:
        return run(*packlint, *annotated, *everything, *paths)
    code = run(*packlint, *annotated, f"--git-diff={fetched(base, paths)}", *paths)
    # Code scanning takes an alert that is missing for one that was fixed.
    complete = run(*packlint, *options, *everything, "--exit-zero", *paths) if everything else 0
    return max(code, complete)


def run(*command: str) -> int:
    """Run packlint, and give its exit code: 2 also where a signal ended it."""
    code = subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode
    return code if code in (0, 1) else 2


def fetched(base: str, paths: Sequence[str]) -> str:
    """The commit to compare with, as git knows it here, with all history up to where HEAD left it.

    What git cannot fetch it says itself, and packlint then says what it lacks.
    """
    folder = next((str(path if path.is_dir() else path.parent) for path in map(Path, paths) if path.exists()), ".")

    def git(*arguments: str, quiet: bool = False) -> str | None:
        errors = subprocess.DEVNULL if quiet else None
        command = ("git", "-C", folder, *arguments)
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=errors, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else None

    head = git("rev-parse", "HEAD")
    if head is None or git("merge-base", "--", base, "HEAD", quiet=True) is not None:
        return base
    if COMMIT.fullmatch(base):
        name = wanted = base
    else:
        branch = base.removeprefix("origin/")
        name, wanted = f"origin/{branch}", f"+refs/heads/{branch}:refs/remotes/origin/{branch}"
    for more in DEEPER:
        shallow = git("rev-parse", "--is-shallow-repository") == "true"
        depth = [f"--deepen={more}"] if shallow else []
        if git("fetch", "--quiet", "--no-tags", *depth, "origin", wanted, head) is None or not shallow:
            break
        if git("merge-base", "--", name, "HEAD", quiet=True) is not None:
            break
    return name


if __name__ == "__main__":
    sys.exit(main())
