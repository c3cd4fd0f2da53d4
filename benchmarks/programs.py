"""Random programs around recurrent layers, and what must hold of packlint on every one of them.

    python -m benchmarks.programs --count 20000 [--seed N] [FOLDERS...]

Half of the programs are written from the grammar below. The others are parts of real files in which statements were
deleted and swapped: the rules' checked files, the examples, and the files under FOLDERS that mention recurrence.
A program is a project of one or two files that parses. Then packlint never fails on it (no PCK000, no file that could
not be checked), what it reports stands inside the file, is the same in whatever order the files are checked and in
however many processes, does not change where a comment and an empty line are added at the end, and comes in good time.
What does not hold is shown with a program that was cut down to what it takes. Exit code: 0, or 1 where there is such.
"""

from __future__ import annotations

import argparse
import ast
import collections
import functools
import pickle
import random
import re
import sys
import tempfile
import textwrap
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias
from unittest import mock

import packlint.analysis.project  # fills the tables of operations
import packlint.engine
from packlint.analysis.names import BLOCKS
from packlint.analysis.tensors.base import CREATORS, FUNCTIONS, OPERATIONS
from packlint.check import check_source
from packlint.config import ProjectFacts
from packlint.engine import Checked, Task, check_file, check_files, forget, project_of
from packlint.executors.local import Here, Processes
from packlint.files import Found
from packlint.findings import Finding
from packlint.progress import Progress
from packlint.rules import all_rules
from packlint.source import Recurrence, SourceError, read_source, recurrence

ROOT = Path(__file__).resolve().parents[1]
OWN_SEEDS = ("tests/rules", "examples")
LARGEST_SEED = 100_000  # bytes
PART = 6  # statements at the top of a seed that make a program
CHANGES = 6
PATIENCE = 5.0  # seconds for a program
TOGETHER = 250  # programs that are checked at once, over processes
PROCESSES = "the findings depend on the number of processes"

CODES = frozenset(all_rules())
FACTS = ProjectFacts(
    padding_functions=("model.pad",),
    packing_wrappers=("model.Wrapper",),
    fixed_length=("train.windows",),
    sorted_by_length=("train.by_length",),
)

Files: TypeAlias = dict[str, str]
"""A program: texts by file name."""


# --- programs from a grammar ---


def choices(text: str) -> tuple[str, ...]:
    """Templates with an empty line between them."""
    return tuple(textwrap.dedent(text).strip().split("\n\n"))


def words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


STATEMENTS = {
    "module": ("<imports>\n<class>\n<tops>", "<imports>\n<function>\n<class>\n<class>\n<tops>", "<imports>\n<tops>"),
    "tops": ("<top>", "<top>\n<top>", "<top>\n<top>\n<top>", "<top>\n<top>\n<top>\n<top>"),
    "top": ("<class>", "<class>", "<function>", "<function>", "<script>", "<statement>"),
    "imports": choices(
        """
            import torch
            from torch import nn
            import torch.nn.functional as F
            from torch.nn.utils.rnn import *

            import torch, torch.nn as nn, numpy as np
            from torch.nn.utils.rnn import pack_padded_sequence as pack_it, pad_packed_sequence
            from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence, PackedSequence

            import torch
            import torch.nn as nn
            import torch.nn.utils.rnn as rnn_utils
            from torch.nn import *
            from torch.utils.data import DataLoader, Dataset
            from . import <name>
            from ..<name> import <name> as <name>
        """
    ),
    "class": choices(
        """
            class <Class>(<base>):
                def __init__(self, <parameters>):
                    super().__init__()
                    <setup>
                    <setup>
                    <setup>
                def forward(self, <arguments>):
                    <block>
                    <ending>

            <decorator>
            class <Class>(<base>):
                <name> = <e>
                <name>: <e> = <e>
                <setup>
                <method>
                <method>

            class <Class>(Dataset):
                def __getitem__(self, index):
                    <block>
                    return <e>, <e>
                def __len__(self):
                    return <e>
                def collate(self, batch):
                    <block>
                    <ending>

            class <Class>:
                <block>
                <class>
        """
    ),
    "method": choices(
        """
            def <called>(self, <arguments>):
                <block>
                <ending>

            def __init__(self, <parameters>):
                <setup>
                <setup>
                <block>

            @staticmethod
            def <called>(<parameters>):
                <block>

            @property
            def <layer>(self):
                <block>
                <ending>

            @classmethod
            async def <called>(cls, <parameters>):
                <block>
        """
    ),
    "function": choices(
        """
            def <called>(<parameters>):
                <block>
                <ending>

            def <called>(batch):
                <name>, <name> = zip(*batch)
                <block>
                return <e>, <e>

            <decorator>
            async def <called>(<parameters>) -> <e>:
                <block>
                yield <e>

            <decorator>
            def <called>(<parameters>):
                <name> = <e>
                def <called>(<parameters>):
                    nonlocal <name>
                    <block>
                    <ending>
                return <name>

            def <called>(<parameters>): return <e>
        """
    ),
    "script": choices(
        """
            loader = DataLoader(<Class>(<passed>), batch_size=<n>, collate_fn=<name>, shuffle=<b>)
            model = <Class>()
            for <target> in loader:
                <block>
                model(<passed>)

            if __name__ == '__main__':
                model = nn.DataParallel(<Class>(<passed>)).cuda()
                <block>

            model = <Class>(<passed>)
            logits = model(<passed>)
            loss = F.cross_entropy(logits, <e>)
        """
    ),
    "block": (
        "<statement>",
        "<statement>\n<statement>",
        "<statement>\n<statement>\n<statement>",
        "<idiom>\n<idiom>\n<idiom>\n<statement>",
        "<idiom>\n<statement>\n<idiom>\n<idiom>",
    ),
    "statement": (
        *("<idiom>",) * 6,
        *("<plain>",) * 4,
        *choices(
            """
                if <e>:
                    <block>

                if <e>:
                    <block>
                elif <e>:
                    <block>
                else:
                    <block>

                if self.training and <e>:
                    <idiom>
                else:
                    <idiom>

                for <target> in <e>:
                    <block>

                for i, <target> in enumerate(<e>):
                    <block>
                    <name>[i, :<e>] = <e>
                else:
                    <block>

                for t in range(<name>.size(<n>)):
                    <name>, <name> = self.<layer>(<name>[:, t:t + 1], <name>)
                    <block>

                while <e>:
                    <block>
                    break

                while len(<name>) < <e>:
                    <name>.append(<e>)

                with <e> as <place>, <e>:
                    <block>

                with torch.no_grad():
                    <block>

                try:
                    <block>
                except <e> as <name>:
                    <block>
                else:
                    <block>
                finally:
                    <block>

                try:
                    <block>
                except:
                    raise

                async with <e> as <name>:
                    <block>

                async for <target> in <e>:
                    <block>

                match <e>:
                    case <pattern>:
                        <block>
                    case <pattern> if <e>:
                        <block>
                    case _:
                        <block>

                <function>

                <class>

                import <name>.<name> as <name>
            """
        ),
    ),
}
"""Statements of several lines. A hole that is alone on its line is filled with lines of the same indentation."""

LINES = {
    "setup": (
        *("self.<layer> = nn.<Rnn>(<n>, <n>, batch_first=<b>, bidirectional=<b>)",) * 3,
        "self.<layer> = nn.<Rnn>(<n>, <n>, num_layers=<e>, batch_first=<e>, dropout=<e>, bidirectional=<e>)",
        "self.<layer> = getattr(nn, <word>)(<passed>)",
        "self.<layer> = {'lstm': nn.LSTM, <word>: nn.GRU}[<e>](<passed>)",
        "self.<layer> = nn.ModuleList([nn.<Rnn>(<passed>) for <target> in range(<n>)])",
        "self.<layer> = nn.Sequential(<e>, nn.<Rnn>(<passed>), *<e>)",
        "self.<layer> = nn.Embedding(<n>, <n>, padding_idx=<n>)",
        "self.<layer> = nn.Linear(<e>, <n>)",
        "self.<layer> = <Class>(<passed>)",
        "self.<layer>: <e> = <e>",
        "setattr(self, <word>, nn.<Rnn>(<passed>))",
        "self.<layer>, self.<layer> = <e>, nn.<Rnn>(<passed>)",
        "self.<layer> = nn.DataParallel(<e>)",
    ),
    "ending": (
        "return <e>",
        "return <e>",
        "return <name>, <e>",
        "return self.<layer>(<e>)",
        "yield <e>",
        "return",
        "pass",
    ),
    "idiom": (
        "x = self.embed(<name>)",
        "x = pad_sequence(<e>, batch_first=<b>)",
        "x, lengths = pad_sequence([<e> for <name> in <name>]), torch.tensor([len(<name>) for <name> in <name>])",
        "packed = pack_padded_sequence(<name>, lengths.cpu(), batch_first=<b>, enforce_sorted=<b>)",
        "packed = pack_padded_sequence(<name>, <e>)",
        "out, (h, c) = self.<layer>(<name>, <name>)",
        "out, h = self.<layer>(<name>)",
        "out = self.<layer>(<e>)[<n>]",
        "out, _ = pad_packed_sequence(<name>, batch_first=<b>)",
        "out, lengths = pad_packed_sequence(<e>, batch_first=<b>, total_length=<e>)",
        "lengths, order = lengths.sort(<n>, descending=<b>)",
        "order = torch.argsort(<e>, descending=<b>)",
        "inverse = order.argsort()",
        "<name> = <name>[order]",
        "<name> = <name>.index_select(<n>, <name>)",
        "<name> = <name>.transpose(<n>, <n>)",
        "<name> = <name>.permute(<n>, <n>, <n>).contiguous()",
        "<name> = <name>.to(<e>)",
        "mask = <name> != <n>",
        "mask = torch.arange(<e>)[None, :] < lengths[:, None]",
        "lengths = mask.sum(<n>)",
        "last = out[torch.arange(len(<name>)), lengths - 1]",
        "last = out[:, -1]",
        "last = torch.cat([h[-2], h[-1]], dim=<n>)",
        "scores = F.softmax(self.<layer>(out).masked_fill(<e>, <e>), dim=<n>)",
        "pooled = <name>.mean(dim=<n>)",
        "h = torch.zeros(<n>, <name>.size(<n>), <n>)",
        "hidden = (h, c)",
        "batch, time, _ = <name>.shape",
        "loss = F.cross_entropy(<name>.view(-1, <n>), <name>.view(-1))",
        "samples.sort(key=lambda s: len(s[<n>]), reverse=<b>)",
        "self.<layer>.flatten_parameters()",
    ),
    "plain": (
        "<target> = <e>",
        "<target> = <target> = <e>",
        "<name>: <e> = <e>",
        "<name>: <e>",
        "<place> <operator>= <e>",
        "<e>",
        "(<name> := <e>)",
        "del <place>, <place>",
        "assert <e>, <e>",
        "global <name>, <name>",
        "nonlocal <name>",
        "raise <e> from <e>",
        "return <e>",
        "return",
        "pass",
        "continue",
        "break",
        "await <name>(<passed>)",
        "<name> = yield",
        "<name> = yield from <e>",
        "setattr(<e>, <word>, <e>)",
        "<e>.append(<e>)",
        "<e>.<operation>_(<passed>)",
        "<name>.data.copy_(<e>)",
    ),
    "e": (
        *("<name>",) * 4,
        "self.<layer>",
        "self.<layer>(<passed>)",
        "self.<layer>(<e>)[<n>]",
        "self.<called>(<passed>)",
        "<called>(<passed>)",
        "<Class>(<passed>)",
        "<Class>(<passed>)(<passed>)",
        "pack_padded_sequence(<e>, <e>, batch_first=<e>, enforce_sorted=<e>)",
        "pack_padded_sequence(<passed>)",
        "pad_packed_sequence(<passed>)",
        "pad_packed_sequence(<e>, batch_first=<b>)",
        "pad_sequence(<passed>)",
        "pack_sequence(<e>, enforce_sorted=<b>)",
        "unpack_sequence(<e>)",
        "PackedSequence(<passed>)",
        *("<e>.<operation>(<passed>)",) * 3,
        "torch.<operation>(<passed>)",
        "torch.<function>(<passed>)",
        "torch.<creator>(<passed>)",
        "np.<function>(<passed>)",
        "F.pad(<e>, (<n>, <n>, 0, <e>))",
        "nn.<Rnn>(<passed>)",
        "nn.<Rnn>(<n>, <n>)(<e>)",
        "<e>.<attribute>",
        *("<e>[<index>]",) * 3,
        "(<e> <operator> <e>)",
        "(<e> <comparison> <e>)",
        "(<e> < <e> <= <e>)",
        "(<e> and <e> or <e>)",
        "(not <e>)",
        "(-<e>)",
        "(~<e>)",
        "(<e> if <e> else <e>)",
        "(lambda <parameters>: <e>)",
        "(<name> := <e>)",
        "(await <e>)",
        "(yield <e>)",
        "(yield from <e>)",
        "[<e>, *<e>]",
        "(<e>, <e>)",
        "(*<e>, <e>)",
        "()",
        "[]",
        "{<e>, <e>}",
        "{<word>: <e>, **<e>}",
        "[<e> for <target> in <e>]",
        "[<e> for <target> in <e> if <e> for <target> in <e>]",
        "{<e> for <target> in <e>}",
        "{<e>: <e> for <target> in <e>}",
        "(<e> async for <target> in <e>)",
        "f'{<name>}{<name>!r:>{<name>}}'",
        "len(<e>)",
        "sum(<e> for <name> in <e>)",
        "max(len(<name>) for <name> in <e>)",
        "max(<e>, <e>, key=<e>)",
        "sorted(<e>, key=lambda <name>: <e>, reverse=<b>)",
        "list(map(<e>, <e>))",
        "zip(*<e>)",
        "enumerate(<e>, <n>)",
        "range(<e>, <e>, <n>)",
        "isinstance(<e>, (nn.LSTM, <e>))",
        "getattr(<e>, <word>, <e>)",
        "super().forward(<passed>)",
        "functools.partial(<e>, <passed>)",
        "nn.DataParallel(<e>)",
        "<leaf>",
    ),
    "leaf": ("<name>", "<name>", *words("<word> None True False ... (<n>) 1.5 float('-inf') 2j b''")),
    "passed": (
        "<e>",
        "<e>",
        "<e>, <e>",
        "<e>, <keyword>=<e>",
        "<e>, <e>, <keyword>=<b>, **<e>",
        "*<e>, <e>",
        "*<e>, **<e>",
        "<keyword>=<e>",
        "<n>, <n>",
        "",
    ),
    "index": (
        "<e>",
        "<n>",
        ":, -1",
        ":, <e>",
        "-1",
        "<e>, <e>",
        "..., None, ::<n>, <e>",
        "<e>:<e>:<e>",
        "::-1",
        ":, :, :<n>",
        "torch.arange(<e>), <e> - 1",
        "(<e>, *<e>)",
        "()",
        "<word>",
        "lambda: <e>",
    ),
    "place": ("<name>", "self.<layer>", "<e>.<attribute>", "<e>[<index>]", "<name>[<index>]", "self.<layer>[<n>]"),
    "target": (
        *("<name>",) * 3,
        "<name>, <name>",
        "<name>, (<name>, <name>)",
        "<name>, *<name>",
        "[<place>, <place>]",
        "<place>",
        "*<name>, <place>",
        "()",
    ),
    "parameters": (
        "",
        "<one>",
        "<one>, <two>",
        "<one>, <two>=<e>",
        "<one>, /, <two>, *, <three>=<e>",
        "<one>, *<two>, **<three>",
        "*, <one>, **<two>",
    ),
    "arguments": (
        "x",
        "x, lengths",
        "ids, lengths=None",
        "x, lengths, h=None",
        "x, mask, *, lengths=<e>",
        "*args, **kwargs",
        "batch",
        "x: torch.Tensor, lengths: <e> = <e>",
    ),
    "pattern": (
        "<name>",
        "{<word>: <name>, **rest}",
        "[<pattern>, *_]",
        "(<n>, <pattern>)",
        "nn.LSTM(hidden_size=<pattern>)",
        "str() | None",
        "<word> as <name>",
        "PackedSequence()",
    ),
    "decorator": ("@<name>", "@torch.no_grad()", "@<e>", "@dataclass", "@functools.wraps(<name>)", "@torch.jit.script"),
    "base": ("nn.Module", "nn.Module", "nn.Module", "nn.<Rnn>", "<Class>", "<Class>, metaclass=<name>", "<e>", "*<e>"),
    "name": words(
        "x xs ids lengths lens mask packed out h c hidden order idx batch inverse self loader model last scores n i t"
    ),
    "one": ("x", "batch", "self", "ids"),
    "two": ("lengths", "mask", "h"),
    "three": ("c", "order", "kwargs"),
    "layer": ("rnn", "lstm", "gru", "embed", "fc", "encoder", "layers", "rnn"),
    "called": ("forward", "encode", "collate", "pad", "by_length", "train", "init_hidden", "__call__", "windows"),
    "Class": ("Tagger", "Encoder", "Decoder", "Wrapper", "Words"),
    "Rnn": ("LSTM", "GRU", "RNN"),
    "attribute": words("shape data batch_sizes T device values indices sorted_indices hidden_size rnn"),
    "operation": tuple(sorted(OPERATIONS)),
    "function": tuple(sorted(FUNCTIONS)),
    "creator": tuple(sorted(CREATORS)),
    "keyword": words("dim batch_first descending lengths enforce_sorted total_length hx keepdim mask"),
    "operator": ("+", "-", "*", "/", "//", "%", "@", "**", "&", "|", "^", "<<"),
    "comparison": ("==", "!=", "<", ">=", "is", "is not", "in", "not in"),
    "word": ("'LSTM'", "'rnn'", "'lengths'", "'cuda'", "''", "'input_ids'", "'ü\\n'", "'desc'"),
    "n": ("0", "1", "2", "-1", "-2", "8", "10_000", "0x10"),
    "b": ("True", "False"),
}
"""Statements of one line, expressions, and what they are made of."""

HOLE = re.compile(r"<(\w+)>")


class Writer:
    """Writes programs; all that is left to chance is asked of `chance`."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def program(self) -> Files:
        """A project of one file, or of a model and a script."""
        if self._chance.random() < 0.7:
            return {"model.py": self._lines("module", 4)}
        script = (
            f"from model import *\nfrom model import <Class>\nimport model\n{self._chance.choice(STATEMENTS['module'])}"
        )
        return {"model.py": self._lines("module", 3), "train.py": self._filled(script, 3)}

    def _lines(self, kind: str, depth: int) -> str:
        template = self._chance.choice(STATEMENTS[kind] if depth > 0 else ("<idiom>", "<idiom>", "<plain>"))
        return self._filled(template, depth - 1)

    def _filled(self, template: str, depth: int) -> str:
        lines = []
        for line in template.split("\n"):
            alone = HOLE.fullmatch(line.strip())
            if alone is not None and alone[1] in STATEMENTS:
                indentation = line[: len(line) - len(line.lstrip())]
                lines.append(textwrap.indent(self._lines(alone[1], depth), indentation))
            else:
                lines.append(self._line(line, self._chance.randint(2, 4)))
        return "\n".join(lines)

    def _line(self, template: str, depth: int) -> str:
        return HOLE.sub(lambda hole: self._expression(hole[1], depth), template)

    def _expression(self, kind: str, depth: int) -> str:
        if depth <= 0 and kind in {"e", "passed", "index", "place", "target", "pattern"}:
            kind = "leaf" if kind == "e" else "name"
        return self._line(self._chance.choice(LINES[kind]), depth - 1)


# --- programs from real files ---


def seeds(folders: Iterable[Path]) -> list[Path]:
    """The files under some folders that mention recurrence."""
    files = (path for folder in folders for path in sorted(folder.rglob("*.py")) if path.is_file())
    small = (path for path in files if path.stat().st_size <= LARGEST_SEED)
    return [path for path in small if recurrence(path.read_bytes()) is Recurrence.CALLED]


@functools.lru_cache(maxsize=256)
def tree_of(path: Path) -> ast.Module | None:
    """The tree of a file; None where it does not parse."""
    try:
        return read_source(path).tree
    except SourceError:
        return None


def changed(chance: random.Random, tree: ast.Module) -> Files:
    """A part of a file, with its imports, in which statements are deleted and swapped."""
    imports = [one for one in tree.body if isinstance(one, ast.Import | ast.ImportFrom)]
    others = [one for one in tree.body if one not in imports]
    start = chance.randrange(max(len(others) - PART, 0) + 1)
    part = ast.Module([*imports, *others[start : start + PART]], [])
    part = pickle.loads(pickle.dumps(part))  # a tenth of the time of copy.deepcopy
    for _ in range(chance.randint(1, CHANGES)):
        blocks = list(blocks_in(part))
        if not blocks:
            break
        block = chance.choice(blocks)
        at = chance.randrange(len(block))
        if chance.random() < 0.5:
            block[at : at + 1] = [] if len(block) > 1 or block is part.body else [ast.Pass()]
            continue
        other = chance.choice(blocks)
        there = chance.randrange(len(other))
        one, two = block[at], other[there]
        if not holds(one, two) and not holds(two, one):
            block[at], other[there] = two, one
    return {"model.py": ast.unparse(ast.fix_missing_locations(part)) + "\n"}


def blocks_in(node: ast.AST) -> Iterator[list[ast.stmt]]:
    """Every list of statements in a module or a statement."""
    for name in BLOCKS:
        part = getattr(node, name, None)
        if part:
            if isinstance(part[0], ast.stmt):
                yield part
            for inner in part:
                yield from blocks_in(inner)


def holds(outer: ast.stmt, inner: ast.stmt) -> bool:
    return outer is inner or any(one is inner for block in blocks_in(outer) for one in block)


class Programs:
    """Makes programs of both kinds."""

    def __init__(self, folders: Sequence[Path] = (), share: float = 0.5) -> None:
        self.seeds = seeds([*(ROOT / name for name in OWN_SEEDS), *folders])
        self._share = share

    def program(self, chance: random.Random) -> Files:
        while chance.random() >= self._share:
            tree = tree_of(chance.choice(self.seeds))
            with suppress(ValueError, RecursionError):  # before 3.12 not every f-string can be written out
                if tree is not None:
                    return changed(chance, tree)
        return Writer(chance).program()


# --- what must hold ---


def trouble(files: Files, folder: Path, spoken: collections.Counter[str] | None = None) -> list[str]:
    """What does not hold of packlint on a program, which is laid out in an empty folder."""
    lay_out(files, folder)
    begin = time.process_time()
    found = checked(files, folder)
    seconds = time.process_time() - begin
    if spoken is not None:
        spoken.update(finding.code for one in found.values() for finding in one.findings)
    problems = [problem for one in found.values() for problem in failures(one)]
    if seconds > PATIENCE:
        problems.append(f"took {seconds:.0f} seconds")
    problems += [problem for one in found.values() for finding in one.findings for problem in misplaced(finding, files)]
    lay_out({name: f"{text}\n\n# the end\n\n" for name, text in files.items()}, folder)
    if found != checked(reversed(files), folder):
        lay_out(files, folder)
        same = found == checked(reversed(files), folder)
        problems.append(f"the findings depend on {'a comment at the end' if same else 'the order of the files'}")
    return problems


def lay_out(files: Files, folder: Path) -> None:
    (folder / "setup.cfg").touch()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8", errors="surrogatepass")


def checked(names: Iterable[str], folder: Path) -> dict[str, Checked]:
    """What comes of each file, by its name, of a project that nothing is known of yet."""
    forget()
    return {name: check_file(task(str(folder / name))) for name in names}


def task(path: str) -> Task:
    return Task(path, str(Path(path).parent), CODES, FACTS)


def failures(one: Checked) -> Iterator[str]:
    if one.error is not None:
        yield f"not checked: {one.error}"
    for finding in one.findings:
        if finding.code in {"PCK000", "PCK001"}:
            yield f"{finding.code}: {finding.message}"


def misplaced(finding: Finding, files: Files) -> Iterator[str]:
    """Places that are not inside a file."""
    lines = files[Path(finding.filename).name].split("\n")
    begin, end = (finding.row, finding.column), (finding.end_row, finding.end_column)
    inside = all(1 <= row <= len(lines) and 1 <= column <= len(lines[row - 1]) + 1 for row, column in (begin, end))
    if not inside or end < begin:
        yield f"{finding.code} stands at {begin} to {end}"
    for fact in finding.evidence:
        name = Path(fact.filename).name
        if name not in files or not 1 <= fact.row <= files[name].count("\n") + 1:
            yield f"{finding.code} rests on a fact at {name}:{fact.row}"


def differing(programs: Sequence[Files], folder: Path, jobs: int) -> list[int]:
    """The programs whose findings are others where several processes check them together."""
    for number, files in enumerate(programs):
        (folder / str(number)).mkdir()
        lay_out(files, folder / str(number))
    found = [Found(str(folder / str(n) / name), str(folder)) for n, files in enumerate(programs) for name in files]
    with mock.patch.object(packlint.engine, "ENOUGH_BYTES", 0):
        alone, together = (
            {
                one.path: one
                for one in check_files(found, lambda file: task(file.path), Processes(number), Progress(sys.stderr))
            }
            for executor in (Here(), Processes(jobs))
        )
    paths = [path for path in alone if alone[path] != together[path]]
    return sorted({int(Path(path).parent.name) for path in paths})


# --- the command ---


def reduced(files: Files, fails: Callable[[Files], bool]) -> Files:
    """The program with all statements left out that are not needed for it to fail."""
    smaller = True
    while smaller:
        smaller = False
        for name in files:
            for number in range(sum(map(len, blocks_in(ast.parse(files[name]))))):
                tried = {**files, name: without_statement(files[name], number)}
                if tried[name] != files[name] and fails(tried):
                    files, smaller = tried, True
                    break
    return files


def without_statement(text: str, number: int) -> str:
    tree = ast.parse(text)
    block, at = [(block, at) for block in blocks_in(tree) for at in range(len(block))][number]
    block[at : at + 1] = [] if len(block) > 1 or block is tree.body else [ast.Pass()]
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"


def kind_of(problem: str) -> str:
    """A problem without what differs from program to program."""
    return re.sub(r"\d+|'[^']*'", "*", problem.split(" at ")[0])


def in_a_folder(files: Files, spoken: collections.Counter[str] | None = None) -> list[str]:
    """What does not hold of a program; the codes of what is found are counted in `spoken`."""
    with tempfile.TemporaryDirectory(prefix="programs-") as folder:
        return trouble(files, Path(folder), spoken)


def where(files: Files) -> str:
    """Where packlint raises on a program."""
    with tempfile.TemporaryDirectory(prefix="programs-") as folder:
        lay_out(files, Path(folder))
        forget()
        for name in files:
            try:
                check_source(read_source(Path(folder) / name), project_of(folder, FACTS), CODES)
            except Exception:
                return "".join(traceback.format_exc(limit=-6))
    return ""


def show(files: Files, problem: str) -> None:
    kind = kind_of(problem)
    small = reduced(files, lambda tried: kind in map(kind_of, in_a_folder(tried)))
    print(f"\n{problem}\n{where(small)}")
    for name, text in small.items():
        print(f"# file: {name}\n{text}")


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path, help="real code, whose files are changed as well")
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2, help="processes that must find the same as one")
    args = parser.parse_args(words)

    source = Programs(args.folders)
    chance = random.Random(args.seed)
    problems: collections.Counter[str] = collections.Counter()
    spoken: collections.Counter[str] = collections.Counter()
    batch: list[Files] = []
    for number in range(1, args.count + 1):
        batch.append(source.program(chance))
        for problem in in_a_folder(batch[-1], spoken):
            if not problems[kind_of(problem)]:
                show(batch[-1], problem)
            problems[kind_of(problem)] += 1
        if len(batch) == TOGETHER or number == args.count:
            with tempfile.TemporaryDirectory(prefix="programs-") as folder:
                for one in differing(batch, Path(folder), args.jobs):
                    problems[PROCESSES] += 1
                    print(f"\n{PROCESSES}", *batch[one].values(), sep="\n")
            batch.clear()
    print(
        f"{args.count} programs of a grammar and {len(source.seeds)} files, {spoken.total()} findings: {listed(spoken)}"
    )
    print(f"{problems.total()} problems{': ' if problems else ''}{listed(problems)}")
    return 1 if problems else 0


def listed(counted: collections.Counter[str]) -> str:
    return ", ".join(f"{number} x {name}" for name, number in counted.most_common())


if __name__ == "__main__":
    sys.exit(main())
