"""A file that is being rewritten: its tree, where things stand in it, and what is to change.

All changes are noted against the tree as it was read and are made in one walk, the inner ones first, so that several
fixes of one file do not have to know of each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from typing import Any, TypeVar

import libcst as cst
from libcst.helpers import parse_template_expression, parse_template_statement
from libcst.metadata import MetadataWrapper, ParentNodeProvider, PositionProvider

from packlint.fixers.imports import Imports
from packlint.plans import Lengths, Span

N = TypeVar("N", bound=cst.CSTNode)
T = TypeVar("T")
Change = Callable[[cst.BaseExpression], cst.BaseExpression]

NEVER_OR_OFTEN = (cst.Lambda, cst.CompFor, cst.BaseComp, cst.FunctionDef, cst.ClassDef, cst.While, cst.Decorator)
"""What is evaluated later than the statement begins, again and again, or not at all."""

SHORTEST, LONGEST = 79, 120
"""A new line is broken where it is longer than the longest of the file; within these bounds."""
TARGETS = (cst.AssignTarget, cst.AugAssign, cst.NamedExpr, cst.AsName, cst.AnnAssign)


class FixError(Exception):
    """The code is not of a form that a fixer knows; `str()` is one line that says which."""


class Draft:
    """A module with the changes to be made to it.

    Raises:
        FixError: libcst does not parse the text.
    """

    def __init__(self, text: str) -> None:
        try:
            self.module = cst.parse_module(text)
        except cst.ParserSyntaxError as error:
            raise FixError(f"libcst does not parse it: line {error.raw_line}") from error
        wrapper = MetadataWrapper(self.module, unsafe_skip_copy=True)
        self.parents: Mapping[cst.CSTNode, cst.CSTNode] = wrapper.resolve(ParentNodeProvider)
        self._nodes: dict[Span, list[cst.CSTNode]] = defaultdict(list)
        self.spans: dict[cst.CSTNode, Span] = {}
        for node, place in wrapper.resolve(PositionProvider).items():
            span = Span(place.start.line, place.start.column, place.end.line, place.end.column)
            self._nodes[span].append(node)
            self.spans[node] = span
            if isinstance(node, cst.Tuple) and node.lpar:  # Python counts the parentheses of a tuple in
                self._nodes[Span(span.row, span.column - 1, span.end_row, span.end_column + 1)].append(node)
        self.changes: dict[cst.CSTNode, list[Change]] = defaultdict(list)
        self.results: dict[cst.CSTNode, list[Change]] = defaultdict(list)
        self.removed: dict[cst.CSTNode, list[bool]] = defaultdict(list)  # False: where it comes to nothing
        self.above: dict[cst.CSTNode, list[cst.BaseSmallStatement]] = defaultdict(list)
        self.below: dict[cst.CSTNode, list[cst.BaseSmallStatement]] = defaultdict(list)
        self.imports = Imports(self.module)
        self.lines = text.split("\n")
        self.width = min(max(*map(len, self.lines), SHORTEST), LONGEST)
        self.counted: dict[Lengths, str] = {}  # the variables of lengths that were counted
        self.paddings: dict[Any, Any] = {}  # the variables of masks, with the lines that fill them
        # the variables of padded sizes, by the pack, and the nodes that need them
        self.totals: dict[Span, tuple[str, tuple[cst.CSTNode, ...]]] = {}
        self.states: dict[cst.CSTNode, str] = {}  # the variables of final states that had none
        self.replaced: set[cst.CSTNode] = set()  # expressions of which nothing is left
        self.reads_state: set[cst.CSTNode] = set()  # reads of an output that become reads of the state
        self._rows: set[int] = set()
        self._journal: list[tuple[list[Any], int]] = []
        self._given: dict[cst.CSTNode, set[str]] = defaultdict(set)

    # --- finding ---

    def node(self, at: Span, kind: type[N]) -> N:
        """The node of a kind that stands at a place; raises `FixError`."""
        for node in self._nodes.get(at, ()):
            if isinstance(node, kind):
                return node
        raise FixError(f"the expression in line {at.row} is not where it was")

    def around(self, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        """What holds a node, innermost first."""
        while node in self.parents:
            node = self.parents[node]
            yield node

    def function(self, node: cst.CSTNode) -> cst.CSTNode:
        """The function around a node, or the module."""
        return next((one for one in self.around(node) if isinstance(one, cst.FunctionDef)), self.module)

    def indent(self, node: cst.CSTNode) -> int:
        """How far the line of a statement is indented, in columns where a tab counts for four."""
        line = self.lines[self.spans[node].row - 1]
        return len(line.expandtabs(4)) - len(line.expandtabs(4).lstrip())

    def statement(self, node: cst.CSTNode) -> cst.CSTNode | None:
        """The statement that lines can be put above and below of; None where the node is not evaluated with it.

        It is a small statement, or a compound one whose head holds the node.
        """
        inner = node
        for outer in self.around(node):
            if isinstance(outer, cst.BaseSmallStatement):
                return None if isinstance(outer, cst.Assert) and outer.test is not inner else outer
            if isinstance(outer, cst.If):
                first = not isinstance(self.parents[outer], cst.If)
                return outer if outer.test is inner and first else None
            if isinstance(outer, cst.For):
                return outer if outer.iter is inner else None
            if isinstance(outer, cst.WithItem):
                holder = self.parents[outer]
                return holder if isinstance(holder, cst.With) and holder.items[0] is outer else None
            if isinstance(outer, NEVER_OR_OFTEN):
                return None
            if isinstance(outer, cst.BooleanOperation) and outer.right is inner:
                return None
            if isinstance(outer, cst.IfExp) and outer.test is not inner:
                return None
            inner = outer
        return None

    # --- changing ---

    def change(self, node: cst.BaseExpression, change: Change, result: bool = False) -> None:
        """Have an expression replaced; the change is given it with what is inside changed already.

        `result`: it is changed for what it is, which comes before it is changed for where it goes.
        """
        self._note(node, (self.results if result else self.changes)[node], change)

    def put_above(self, statement: cst.CSTNode, line: cst.BaseSmallStatement) -> None:
        """Have a line put above a statement that `statement()` gave."""
        self._note(statement, self.above[statement], line)

    def put_below(self, statement: cst.CSTNode, line: cst.BaseSmallStatement) -> None:
        """Have a line put below a small statement."""
        self._note(statement, self.below[statement], line)

    def remove(self, statement: cst.BaseSmallStatement) -> None:
        """Have a small statement taken out; comments above it stay."""
        self._note(statement, self.removed[statement], True)

    def drops_itself(self, value: cst.BaseExpression) -> None:
        """Have an assignment taken out that comes to `x = x` once its value is changed."""
        statement = self.parents[value]
        if isinstance(statement, cst.Assign) and statement.value is value:
            self._note(statement, self.removed[statement], False)

    def _note(self, node: cst.CSTNode, notes: list[T], note: T) -> None:
        self._journal.append((notes, len(notes)))
        notes.append(note)
        for one in (node, self.statement(node)):
            if one is not None:
                span = self.spans[one]
                last = span.row if isinstance(one, cst.BaseCompoundStatement) else span.end_row
                self._rows.update(range(span.row, last + 1))

    def noted(self, step: Callable[[], None]) -> tuple[frozenset[int], bool]:
        """The rows that a step touches while it is noted, and whether it asks for an import."""
        self._rows.clear()
        self.imports.asked = False
        step()
        return frozenset(self._rows), self.imports.asked

    @contextmanager
    def whole(self) -> Iterator[None]:
        """What is noted within is noted in full or, where a fixer gives up, not at all."""
        begin = len(self._journal)
        # What one fixer leaves for the next goes with its lines: a variable that nothing sets must not be read.
        memories: tuple[dict[Any, Any], ...] = (self.counted, self.paddings, self.totals, self.states)
        reads = (self.replaced, self.reads_state)
        before = [memory.copy() for memory in memories], [one.copy() for one in reads]
        wanted, torch = len(self.imports.wanted), self.imports.torch
        try:
            yield
        except FixError:
            for memory, had in zip(memories, before[0], strict=True):
                memory.clear()
                memory.update(had)
            for one, known in zip(reads, before[1], strict=True):
                one.intersection_update(known)
            del self.imports.wanted[wanted:]
            self.imports.torch = torch
            for notes, length in reversed(self._journal[begin:]):
                del notes[length:]
            del self._journal[begin:]
            raise

    def name(self, wish: str, near: cst.CSTNode, within: cst.CSTNode | None = None) -> str:
        """A name that its function does not use yet: the wish, or the wish with a number.

        `within` is the statement that the name serves, where others may have the same name for their own.
        """
        function = self.function(near)
        taken = names_in(function) | self._given[function] | (self._given[within] if within is not None else set())
        number, name = 1, wish
        while name in taken:
            number += 1
            name = f"{wish}_{number}"
        self._given[function if within is None else within].add(name)
        return name

    def stores(self, function: cst.CSTNode, name: str) -> Iterator[cst.Name]:
        """Where a function gives a variable its value."""
        for node in named(function, name):
            outer = self.parents.get(node)
            while isinstance(outer, cst.Element | cst.StarredElement | cst.Tuple | cst.List):
                outer = self.parents.get(outer)
            looped = isinstance(outer, cst.For | cst.CompFor) and self.spans[node] < self.spans[outer.iter]
            if looped or isinstance(outer, TARGETS):
                yield node

    def loaded(self, near: cst.CSTNode, name: cst.Name) -> bool:
        """Whether a variable that a statement sets is read before it is set anew, as far as that is sure."""
        function = self.function(near)
        stores = set(self.stores(function, name.value))
        last = self._set_anew(near, stores)
        return any(
            node not in stores and not self.gone(node)
            for node in named(function, name.value)
            if last is None or self.spans[near] < self.spans[node] <= last
        )

    def _set_anew(self, near: cst.CSTNode, stores: Set[cst.Name]) -> Span | None:
        """Where the first statement ends, of those that always follow, that sets a variable anew."""
        line = next((one for one in self.around(near) if isinstance(one, cst.SimpleStatementLine)), None)
        block = self.parents[line] if line is not None else None
        if line is None or not isinstance(block, cst.IndentedBlock):
            return None
        for later in block.body[list(block.body).index(line) + 1 :]:
            if isinstance(later, cst.SimpleStatementLine) and any(later in self.around(store) for store in stores):
                end = self.spans[later]
                return Span(end.end_row, end.end_column, end.end_row, end.end_column)
        return None

    def gone(self, node: cst.CSTNode) -> bool:
        """Whether a node stands in something that is replaced as a whole."""
        return any(outer in self.replaced for outer in self.around(node))

    def written(self) -> str:
        """The text with all changes made."""
        module = self.module.visit(_Writer(self))
        assert isinstance(module, cst.Module)
        return self.imports.added(module).code


def named(node: cst.CSTNode, name: str) -> Iterator[cst.Name]:
    """Where a name stands in a piece of code, as a variable."""
    todo = [node]
    while todo:
        one = todo.pop()
        if isinstance(one, cst.Name) and one.value == name:
            yield one
        todo.extend([one.value] if isinstance(one, cst.Attribute) else one.children)


def names_in(node: cst.CSTNode) -> set[str]:
    """Every name that stands in a piece of code, those of attributes too."""
    names: set[str] = set()
    todo = [node]
    while todo:
        one = todo.pop()
        if isinstance(one, cst.Name):
            names.add(one.value)
        todo.extend(one.children)
    return names


def expression(template: str, **parts: cst.BaseExpression) -> cst.BaseExpression:
    """An expression written with `{name}` for each part."""
    return parse_template_expression(template, cst.PartialParserConfig(), **parts)


def small(template: str, **parts: cst.BaseExpression) -> cst.BaseSmallStatement:
    """A statement of one line, written with `{name}` for each part."""
    line = parse_template_statement(template, cst.PartialParserConfig(), **parts)
    assert isinstance(line, cst.SimpleStatementLine)
    return line.body[0]


class _Writer(cst.CSTTransformer):
    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self._empty: set[cst.CSTNode] = set()

    def on_leave(  # type: ignore[override]
        self, original_node: cst.CSTNode, updated_node: cst.CSTNode
    ) -> cst.CSTNode | cst.FlattenSentinel[cst.CSTNode]:
        result = updated_node
        draft = self.draft
        for change in [*draft.results.get(original_node, ()), *draft.changes.get(original_node, ())]:
            assert isinstance(result, cst.BaseExpression)
            result = change(result)
        if isinstance(original_node, cst.SimpleStatementLine | cst.SimpleStatementSuite):
            assert isinstance(result, cst.SimpleStatementLine | cst.SimpleStatementSuite)
            lines = self._lines(original_node, result)
            if lines is None:
                return self._kept(original_node, result)
            if isinstance(result, cst.SimpleStatementSuite):
                return cst.IndentedBlock(lines, header=cst.TrailingWhitespace())
            return cst.FlattenSentinel(lines)
        if isinstance(result, cst.IndentedBlock | cst.Module):
            return result.with_changes(body=self._without_empty(result.body))
        if isinstance(original_node, cst.BaseCompoundStatement) and original_node in self.draft.above:
            assert isinstance(result, cst.If | cst.For | cst.With)
            lines = self._new(original_node, self.draft.above[original_node])
            first = lines[0].with_changes(leading_lines=result.leading_lines)
            return cst.FlattenSentinel([first, *lines[1:], result.with_changes(leading_lines=())])
        return result

    def _kept(
        self,
        original: cst.SimpleStatementLine | cst.SimpleStatementSuite,
        result: cst.SimpleStatementLine | cst.SimpleStatementSuite,
    ) -> cst.SimpleStatementLine | cst.SimpleStatementSuite:
        """The line without the statements that are taken out."""
        pairs = zip(original.body, result.body, strict=True)
        body = [after for before, after in pairs if not self._is_removed(before, after)]
        if len(body) == len(result.body):
            return result
        if body:
            body[-1] = body[-1].with_changes(semicolon=cst.MaybeSentinel.DEFAULT)
            return result.with_changes(body=body)
        empty = result.with_changes(body=[cst.Pass()])  # libcst itself would drop the comments above it
        self._empty.add(empty)
        return empty

    def _is_removed(self, before: cst.BaseSmallStatement, after: cst.BaseSmallStatement) -> bool:
        """Whether a statement is taken out, for good or since it comes to nothing."""
        return any(always or _comes_to_nothing(after) for always in self.draft.removed.get(before, ()))

    def _without_empty(self, body: Sequence[cst.BaseStatement]) -> Sequence[cst.BaseStatement]:
        """The statements without lines that are empty now; the comments above those go to the next one."""
        kept: list[cst.BaseStatement] = []
        above: list[cst.EmptyLine] = []
        for one in body:
            if one in self._empty and (kept or one is not body[-1]):
                assert isinstance(one, cst.SimpleStatementLine)
                above += one.leading_lines
                continue
            if any(line.comment is not None for line in above):
                one = one.with_changes(leading_lines=[*above, *getattr(one, "leading_lines", ())])
            above = []
            kept.append(one)
        return kept

    def _lines(
        self,
        original: cst.SimpleStatementLine | cst.SimpleStatementSuite,
        result: cst.SimpleStatementLine | cst.SimpleStatementSuite,
    ) -> list[cst.SimpleStatementLine] | None:
        """A line for each statement and what is put around it; None where nothing is."""
        draft = self.draft
        if not any(one in draft.above or one in draft.below for one in original.body):
            return None
        lines: list[cst.SimpleStatementLine] = []
        at = -1
        for before, after in zip(original.body, result.body, strict=True):
            lines += self._new(before, draft.above.get(before, ()))
            if not self._is_removed(before, after):
                lines.append(_line(after.with_changes(semicolon=cst.MaybeSentinel.DEFAULT)))
                at = len(lines) - 1
            lines += self._new(before, draft.below.get(before, ()))
        if not lines:  # what was noted was taken back, and the statement with it
            return None
        # A comment above stays above of all, one behind stays behind the statement.
        lines[at] = lines[at].with_changes(trailing_whitespace=result.trailing_whitespace)
        if isinstance(result, cst.SimpleStatementLine):
            lines[0] = lines[0].with_changes(leading_lines=result.leading_lines)
        return lines

    def _new(self, near: cst.CSTNode, statements: Sequence[cst.BaseSmallStatement]) -> list[cst.SimpleStatementLine]:
        """New lines, beside a statement and as long as the file's lines are."""
        indent = self.draft.indent(near)
        return [broken(self.draft.module, _line(one), indent, self.draft.width) for one in statements]


def _comes_to_nothing(statement: cst.BaseSmallStatement) -> bool:
    """`x = x`."""
    if not isinstance(statement, cst.Assign) or len(statement.targets) != 1:
        return False
    return statement.targets[0].target.deep_equals(statement.value)


def _line(statement: cst.BaseSmallStatement) -> cst.SimpleStatementLine:
    return cst.SimpleStatementLine([statement])


def broken(module: cst.Module, line: cst.SimpleStatementLine, indent: int, limit: int) -> cst.SimpleStatementLine:
    """A new line as a formatter breaks it where it is too long: inside the parentheses of what it calls."""
    if indent + len(module.code_for_node(line).rstrip("\n")) <= limit:
        return line
    statement = line.body[0]
    call = statement.value if isinstance(statement, cst.Assign | cst.Return) else None
    if not isinstance(call, cst.Call) or not call.args:
        return line
    inner = cst.ParenthesizedWhitespace(indent=True, last_line=cst.SimpleWhitespace(module.default_indent))
    outer = cst.ParenthesizedWhitespace(indent=True)
    *before, last = call.args
    one = [*before, last.with_changes(whitespace_after_arg=outer)]
    broken = call.with_changes(args=one, whitespace_before_args=inner)
    rows = module.code_for_node(broken).split("\n")
    if indent + len(rows[1]) > limit:
        comma = cst.Comma(whitespace_after=inner)
        each = [arg.with_changes(comma=comma) for arg in before]
        each.append(last.with_changes(comma=cst.Comma(whitespace_after=outer)))
        broken = call.with_changes(args=each, whitespace_before_args=inner)
    return line.with_changes(body=[statement.with_changes(value=broken)])
