"""A repository of many projects, made up: as large as one likes, and the same for the same seed.

    python -m benchmarks.monorepo DIR [--files N] [--per-project N] [--rnn-share SHARE] [--seed N]

Its files are put together from the functions, classes and tables of `blocks/plain.py`, each project with nouns of its
own. They are as long as files are: most are short, few are long, the mean is near 300 lines. In the share of files
with recurrent layers stand the models of the other files in `blocks/`. Each has a file that makes its batches and a
script that trains it, in other folders, so that what holds of it stands in other files. Every project has one.
"""

from __future__ import annotations

import argparse
import ast
import functools
import math
import os
import random
import re
import sys
import textwrap
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

BLOCKS = Path(__file__).with_name("blocks")
FEWEST, MOST, MEAN = 50, 2000, 300  # lines of a file
SPREAD = 0.85  # of the logarithm of the lines
IN_A_FOLDER = 25  # files
VOCABULARIES = 8  # sets of nouns that a project has
LEAST_REST = 9  # lines that are left empty
MISSES = 8  # blocks that were too long for what is left, before a file is done
SLOTS = ("parcel", "customer", "sensor", "invoice", "ticket", "region")
"""The nouns of the blocks, in whose place others stand."""
NOUNS = tuple((BLOCKS / "nouns.txt").read_text(encoding="utf-8").split())
AREAS = (
    "data", "models", "training", "core", "api", "storage", "reports", "billing", "search", "mail", "jobs", "auth",
    "web", "tests", "cli", "maps", "media", "planning", "pricing", "sync",
)  # fmt: skip
KINDS = ("service", "store", "views", "rules", "client", "loader", "helpers", "report", "tasks", "schema", "sequence")
REMARKS = tuple((BLOCKS / "remarks.txt").read_text(encoding="utf-8").splitlines())
"""What files say of themselves at their top."""
LICENSE = (BLOCKS / "license.txt").read_text(encoding="utf-8")
PYPROJECT = """\
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "{package}"
version = "{major}.{minor}.0"
requires-python = ">=3.10"
dependencies = ["numpy", "torch"]
"""

Import = tuple[str, str, str]
"""The module, what is taken from it ('' for the module itself), and the name it is given ('' for its own)."""


@dataclass(frozen=True, slots=True)
class Block:
    """A statement at the top of a file: its name, its text, and what it needs imported."""

    name: str
    text: str
    needs: frozenset[Import]
    logs: bool

    @property
    def lines(self) -> int:
        return self.text.count("\n") + 1 + 2  # and two empty ones


@dataclass(frozen=True, slots=True)
class Kit:
    """A model, what makes its batches, and what trains it: blocks by path."""

    noun: str
    files: tuple[tuple[str, tuple[Block, ...]], ...]


@dataclass(frozen=True, slots=True)
class Project:
    """What a project is made from."""

    folder: str
    number: int
    files: int
    models: int
    seed: int


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: files, those with recurrent layers among them, lines and bytes."""

    files: int
    models: int
    lines: int
    size: int


# --- blocks ---


@functools.cache
def plain() -> tuple[Block, ...]:
    return tuple(cut((BLOCKS / "plain.py").read_text(encoding="utf-8")))


@functools.cache
def kits() -> tuple[Kit, ...]:
    return tuple(_kit(path.read_text(encoding="utf-8")) for path in sorted(BLOCKS.glob("*.py")) if path.stem != "plain")


def _kit(text: str) -> Kit:
    pieces = re.split(r"^# file: (.+)\n", text, flags=re.MULTILINE)[1:]
    files = tuple((path, tuple(cut(code))) for path, code in zip(pieces[::2], pieces[1::2], strict=True))
    (noun,) = (slot for slot in SLOTS if slot in files[0][0])
    return Kit(noun, files)


def cut(code: str) -> Iterator[Block]:
    """The functions, classes and tables of a file."""
    lines = code.splitlines(keepends=True)
    imports: dict[str, Import] = {}
    for node in ast.parse(code).body:
        if isinstance(node, ast.Import):
            imports |= {(one.asname or one.name).split(".")[0]: (one.name, "", one.asname or "") for one in node.names}
        elif isinstance(node, ast.ImportFrom):
            imports |= {one.asname or one.name: (node.module or "", one.name, one.asname or "") for one in node.names}
        elif (name := _name(node)) not in ("", "logger"):
            decorators = node.decorator_list if isinstance(node, (ast.ClassDef, ast.FunctionDef)) else []
            first = min([node.lineno, *(decorator.lineno for decorator in decorators)])
            used = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
            needs = frozenset(imports[one] for one in used & imports.keys())
            yield Block(name, "".join(lines[first - 1 : node.end_lineno]).rstrip("\n"), needs, "logger" in used)


def _name(node: ast.stmt) -> str:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return node.name
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id
    return ""


_SLOT = re.compile(
    "|".join(
        f"(?<![a-z]){slot}(?=s?(?![a-z]))|{slot.capitalize()}(?=s?(?![a-z]))|{slot.upper()}(?=S?(?![A-Z]))"
        for slot in SLOTS
    )
)


class Renaming:
    """Other nouns in the place of those of the blocks, and the name of the package."""

    def __init__(self, nouns: Iterable[str], package: str) -> None:
        pairs = list(zip(SLOTS, nouns, strict=True))
        self.words = {form(slot): form(noun) for slot, noun in pairs for form in (str, str.capitalize, str.upper)}
        self.package = package

    def __call__(self, text: str) -> str:
        return _SLOT.sub(lambda match: self.words[match.group()], text).replace("package_name", self.package)

    def block(self, block: Block) -> Block:
        needs = frozenset((self(module), self(name), asked) for module, name, asked in block.needs)
        return Block(self(block.name), self(block.text), needs, block.logs)


# --- a file ---


def length(rng: random.Random) -> int:
    """Lines of a file: the logarithm is normal, cut off at both ends."""
    return min(MOST, max(FEWEST, round(rng.lognormvariate(math.log(MEAN) - SPREAD**2 / 2, SPREAD))))


def filled(rng: random.Random, blocks: list[Block], wanted: int, vocabularies: Sequence[Sequence[Block]]) -> None:
    """Add plain blocks, each once under the same nouns, until a file has about so many lines."""
    modules = {module for block in blocks for module, _, _ in block.needs}
    lines = sum(block.lines for block in blocks)
    for vocabulary in rng.sample(vocabularies, len(vocabularies)):
        misses = 0
        for block in rng.sample(vocabulary, len(vocabulary)):
            more = {module for module, _, _ in block.needs}
            left = wanted - HEAD - lines - len(modules | more)
            if lines < FEWEST:  # whatever was wanted
                left = max(left, FEWEST)
            if left < LEAST_REST or misses == MISSES:
                return
            if block.lines > left:
                misses += 1
                continue
            blocks.append(block)
            lines += block.lines
            modules |= more


HEAD = 30  # lines about the imports: what is said of the file, and what comes from the same project, take no more


def module(about: str, blocks: Sequence[Block], siblings: Sequence[Import], table: str) -> str:
    """The text of a file."""
    needs = {one for block in blocks for one in block.needs}
    logger = []
    if any(block.logs for block in blocks):
        needs.add(("logging", "", ""))
        logger.append("logger = logging.getLogger(__name__)")
    paragraphs = [[f'"""{about}"""'], list(_imports(needs)), list(_imports(siblings)), logger]
    parts = ["\n\n".join("\n".join(lines) for lines in paragraphs if lines), *(block.text for block in blocks)]
    if siblings:
        entries = "".join(f'    "{name}": {name},\n' for _, name, _ in siblings)
        parts.append(f"{table} = {{\n{entries}}}")
    return "\n\n\n".join(parts) + "\n"


def _imports(needs: Iterable[Import]) -> Iterator[str]:
    whole = sorted((name, asked) for name, part, asked in needs if not part)
    yield from (f"import {name} as {asked}" if asked else f"import {name}" for name, asked in whole)
    parts: dict[str, list[str]] = {}
    for name, part, asked in sorted(needs):
        if part:
            parts.setdefault(name, []).append(f"{part} as {asked}" if asked else part)
    yield from (f"from {name} import {', '.join(names)}" for name, names in parts.items())


# --- a project ---


def write_project(project: Project) -> Written:
    """Write a project; it depends on its number and the seed alone, whoever writes it, and when."""
    rng = random.Random(f"{project.seed}:{project.number}")
    nouns = rng.sample(NOUNS, len(NOUNS))
    package = f"{nouns[0]}_{nouns[1]}_{project.number}"
    folder = Path(project.folder, package)
    words = rng.sample(NOUNS, VOCABULARIES * len(SLOTS))  # none is in two of them: a file may draw on several
    renamings = [Renaming(words[at : at + len(SLOTS)], package) for at in range(0, len(words), len(SLOTS))]
    vocabularies = [[renaming.block(block) for block in plain()] for renaming in renamings]
    head = LICENSE.format(package=package) if rng.random() < 0.4 else ""
    written: dict[str, tuple[str, ...]] = {}  # names of the modules so far, by dotted name
    lines = size = 0
    for path, blocks in _files(rng, project, nouns, package):
        wanted = length(rng) - head.count("\n")
        given = list(blocks)
        filled(rng, given, wanted, vocabularies)
        own = {block.name for block in given}
        own |= {asked or part or whole for block in given for whole, part, asked in block.needs}
        siblings: list[Import] = []
        for dotted in rng.sample(sorted(written), min(len(written), rng.randrange(4))):
            name = rng.choice(written[dotted])
            if name not in own:
                own.add(name)
                siblings.append((dotted, name, ""))
        dotted = f"{package}/{path}".removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        words = dotted.replace("_", " ").split(".")
        about = f"{words[-1].capitalize()} of {' '.join(words[:-1])}."
        if remarks := rng.sample(REMARKS, rng.randrange(6)):
            about += "\n\n" + "\n\n".join(textwrap.fill(remark, 100) for remark in remarks) + "\n"
        text = head + module(about, given, siblings, "REGISTERED_" + dotted.rpartition(".")[2].upper())
        target = folder / package / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8", newline="\n")
        if given:
            written[dotted] = tuple(block.name for block in given)
        lines += text.count("\n")
        size += len(text)
    number = rng.randrange(5)
    meta = PYPROJECT.format(package=package, major=number, minor=rng.randrange(30))
    (folder / "pyproject.toml").write_text(meta, encoding="utf-8", newline="\n")
    return Written(project.files, project.models, lines, size)


def _files(
    rng: random.Random, project: Project, nouns: Sequence[str], package: str
) -> Iterator[tuple[str, tuple[Block, ...]]]:
    """The path of each file within the package, and what it begins with."""
    recurrent: list[tuple[str, tuple[Block, ...]]] = []
    ordered = rng.sample(kits(), len(kits()))
    for number in range(project.models):
        kit = ordered[number % len(ordered)]
        others = rng.sample(NOUNS, len(SLOTS))
        chosen = [nouns[number] if slot == kit.noun else other for slot, other in zip(SLOTS, others, strict=True)]
        renaming = Renaming(chosen, package)
        recurrent += ((renaming(path), tuple(map(renaming.block, blocks))) for path, blocks in kit.files)
    count = max(3, -(-project.files // IN_A_FOLDER))
    areas = [AREAS[i] if i < len(AREAS) else f"{AREAS[i % len(AREAS)]}_{i // len(AREAS)}" for i in range(count)]
    paths = ["__init__.py", *(f"{area}/__init__.py" for area in areas)]
    names = [f"{noun}_{kind}" for noun in NOUNS for kind in KINDS]
    plain_ones = project.files - len(paths) - len(recurrent)
    paths += (f"{areas[i % count]}/{name}.py" for i, name in enumerate(rng.sample(names, plain_ones)))
    return iter([*((path, ()) for path in paths), *recurrent])


def changed_files(folder: Path) -> tuple[Path, ...]:
    """Of what was written to a folder: a model in which something is found, and what makes its batches."""
    model = min(folder.glob("*/*/models/*_encoder.py"), default=None)
    if model is None:
        return ()
    return model, model.parents[1] / "data" / f"{model.stem.removesuffix('_encoder')}_events.py"


# --- all of it ---


class ImpossibleError(Exception):
    """What was asked for cannot be made."""


def projects(folder: str, files: int, per_project: int, share: float, seed: int) -> Iterator[Project]:
    """The projects, full ones first; `share` of the files have recurrent layers, and one in each project at least."""
    for number, start in enumerate(range(0, files, per_project)):
        end = min(start + per_project, files)
        models = max(math.ceil(share), round(share * end) - round(share * start))
        count = end - start
        if models > len(NOUNS) or 3 * models + 1 + max(3, -(-count // IN_A_FOLDER)) > count:
            raise ImpossibleError(f"{count} files are too few for a project in which {models} have recurrent layers")
        if count > len(NOUNS) * len(KINDS):
            raise ImpossibleError(f"a project of {count} files is too large: {len(NOUNS) * len(KINDS)} at most")
        yield Project(folder, number, count, models, seed)


def write(folder: Path, files: int, per_project: int, share: float, seed: int, processes: int = 1) -> Written:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ImpossibleError(f"{folder}: is there already")
    todo = list(projects(str(folder), files, per_project, share, seed))
    if processes == 1:
        done = list(map(write_project, todo))
    else:
        with ProcessPoolExecutor(processes) as pool:
            done = list(pool.map(write_project, todo))
    return Written(
        sum(one.files for one in done),
        sum(one.models for one in done),
        sum(one.lines for one in done),
        sum(one.size for one in done),
    )


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.monorepo", description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, metavar="DIR", help="a folder that is not there yet, or is empty")
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--per-project", type=int, default=500)
    parser.add_argument("--rnn-share", type=float, default=0.01, help="of files with recurrent layers (0.01)")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args(argv)
    if arguments.files < 1 or arguments.per_project < 1 or not 0 <= arguments.rnn_share <= 1:
        parser.error("files are counted from 1, and a share lies between 0 and 1")
    begin = time.perf_counter()
    asked = (arguments.folder, arguments.files, arguments.per_project, arguments.rnn_share, arguments.seed)
    try:
        made = write(*asked, processes=os.cpu_count() or 1)
    except (ImpossibleError, OSError) as error:
        print(f"{parser.prog}: error: {error}", file=sys.stderr)
        return 2
    took = time.perf_counter() - begin
    print(f"{made.files:,} files, {made.models:,} of them with recurrent layers, {made.lines:,} lines, ", end="")
    print(f"{made.size / 1e6:,.0f} MB in {took:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
