"""How a file names what belongs to torch, and what has to be imported besides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import libcst as cst
from libcst.helpers import get_full_name_for_node

from packlint.fixers.commas import with_comment_of, without_comment

RNN = "torch.nn.utils.rnn"


class Imports:
    """The names that the imports of a module give, and those that are to be added."""

    def __init__(self, module: cst.Module) -> None:
        self.module = module
        self.wanted: list[str] = []  # names of torch.nn.utils.rnn to import
        self.asked = False  # whether a name was asked for that has to be imported
        self.torch = False  # whether `import torch` is to be added
        self.aliases = dict(_aliases(module))
        self.guarded = _place(module.body)[1] is False and bool(self.aliases)  # torch is imported in a `try` alone
        self._names: set[str] | None = None

    def names(self) -> set[str]:
        """Every name that stands in the module."""
        if self._names is None:
            from packlint.fixers.draft import names_in

            self._names = names_in(self.module)
        return self._names

    def name_of(self, dotted: str) -> str:
        """How the file writes a thing of torch, in its own way where it has one; else an import is noted."""
        spellings = [
            local + dotted[len(full) :]
            for local, full in self.aliases.items()
            if dotted == full or dotted.startswith(full + ".")
        ]
        shortest = min(spellings, key=lambda one: one.count("."), default=None)
        if shortest is not None and (self.guarded or shortest.count(".") <= 1):
            return shortest
        written = [one for one in spellings if one.rpartition(".")[0] + "." in self.module.code]
        if written:
            return written[0]
        last = dotted.rpartition(".")[2]
        if dotted.startswith(RNN + ".") and (last in self.wanted or last not in self.names()):
            if last not in self.wanted:
                self.wanted.append(last)
            self.asked = True
            return last
        if shortest is not None:
            return shortest
        self.torch = self.asked = True
        return dotted

    def added(self, module: cst.Module) -> cst.Module:
        """The module with the imports that are wanted."""
        if self.wanted:
            module = _extended(module, self.wanted) or _inserted(
                module, f"from {RNN} import {', '.join(sorted(self.wanted))}"
            )
        return _inserted(module, "import torch") if self.torch else module


def _aliases(module: cst.Module) -> Iterator[tuple[str, str]]:
    """(local name, dotted name) of each import that every function of the module can use."""
    for imported in _import_statements(module.body):
        if isinstance(imported, cst.Import):
            for alias in imported.names:
                full = get_full_name_for_node(alias.name) or ""
                local = alias.evaluated_alias
                yield (local, full) if local else (full.partition(".")[0],) * 2
        elif not isinstance(imported.names, cst.ImportStar) and imported.module is not None and not imported.relative:
            base = get_full_name_for_node(imported.module) or ""
            for alias in imported.names:
                name = get_full_name_for_node(alias.name) or ""
                yield alias.evaluated_alias or name, f"{base}.{name}"
        elif isinstance(imported.names, cst.ImportStar) and imported.module is not None:
            if get_full_name_for_node(imported.module) == RNN:
                yield from ((name, f"{RNN}.{name}") for name in ("pack_padded_sequence", "pad_packed_sequence"))


def _import_statements(body: Sequence[cst.BaseStatement]) -> Iterator[cst.Import | cst.ImportFrom]:
    for statement in body:
        if isinstance(statement, cst.SimpleStatementLine):
            yield from (one for one in statement.body if isinstance(one, cst.Import | cst.ImportFrom))
        elif isinstance(statement, cst.Try) and isinstance(statement.body, cst.IndentedBlock):
            yield from _import_statements(statement.body.body)


def _extended(module: cst.Module, names: Sequence[str]) -> cst.Module | None:
    """The module with the names added to the import of others from the same place; None where there is none."""
    for at, statement in enumerate(module.body):
        if not isinstance(statement, cst.SimpleStatementLine) or len(statement.body) != 1:
            continue
        imported = statement.body[0]
        if not isinstance(imported, cst.ImportFrom) or isinstance(imported.names, cst.ImportStar):
            continue
        if imported.module is None or imported.relative or get_full_name_for_node(imported.module) != RNN:
            continue
        had = [get_full_name_for_node(one.name) or "" for one in imported.names]
        *before, last = imported.names
        between = before[-1].comma if before else cst.MaybeSentinel.DEFAULT
        comma = between if isinstance(between, cst.Comma) else cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
        new = [cst.ImportAlias(cst.Name(name), comma=without_comment(comma)) for name in names]
        if isinstance(last.comma, cst.Comma):
            new[-1] = new[-1].with_changes(comma=without_comment(last.comma))
            comma = with_comment_of(comma, last.comma)
        else:
            new[-1] = new[-1].with_changes(comma=last.comma)
            comma = without_comment(comma)
        all_names = [*before, last.with_changes(comma=comma), *new]
        if had == sorted(had) and "#" not in module.code_for_node(imported):  # the commas keep their places
            commas = [one.comma for one in all_names]
            all_names.sort(key=lambda one: get_full_name_for_node(one.name) or "")
            all_names = [one.with_changes(comma=comma) for one, comma in zip(all_names, commas, strict=True)]
        longer = imported.with_changes(names=all_names)
        changed = statement.with_changes(body=[longer])
        return module.with_changes(body=[*module.body[:at], changed, *module.body[at + 1 :]])
    return None


def _inserted(module: cst.Module, line: str) -> cst.Module:
    """The module with an import below its last import of torch, else below its imports, else at its top."""
    new = cst.parse_statement(line)
    assert isinstance(new, cst.SimpleStatementLine)
    at, _ = _place(module.body)
    body = list(module.body)
    if at == 0 and body and not module.header:
        return module.with_changes(body=[new, *body])
    return module.with_changes(body=[*body[:at], new, *body[at:]])


def _place(body: Sequence[cst.BaseStatement]) -> tuple[int, bool]:
    """Where an import goes, and whether torch is imported above it."""
    place, of_torch = 0, False
    for at, statement in enumerate(body):
        if not isinstance(statement, cst.SimpleStatementLine):
            if place:
                break
            continue
        first = statement.body[0]
        if isinstance(first, cst.ImportFrom) and first.module is not None:
            torch = (get_full_name_for_node(first.module) or "").partition(".")[0] == "torch" and not first.relative
        elif isinstance(first, cst.Import):
            torch = any((get_full_name_for_node(one.name) or "").partition(".")[0] == "torch" for one in first.names)
        else:
            docstring = isinstance(first, cst.Expr) and isinstance(
                first.value, cst.SimpleString | cst.ConcatenatedString
            )
            if docstring and at == 0:
                place = 1
            continue
        if torch or not of_torch:
            place, of_torch = at + 1, torch
    return place, of_torch
