"""What a fixer is: it notes in a draft what one kind of step changes, and is a command of libcst's own runner."""

from __future__ import annotations

import argparse
import os
from abc import abstractmethod
from typing import ClassVar

import libcst as cst
from libcst.codemod import CodemodCommand, CodemodContext

from packlint.fixers.draft import Draft
from packlint.plans import Fix, Step


class Fixer(CodemodCommand):
    """Writes the steps of one kind.

    As a command, `python -m libcst.tool codemod -x --no-format packlint.fixers.MODULE.CLASS PATH`, it makes the safe
    fixes that have such a step, those of lines with `# noqa` apart; `--unsafe-fixes` makes the unsafe ones too. How
    the file is written is that runner's affair, and not atomic.
    """

    step: ClassVar[type[Step]]

    def __init__(self, context: CodemodContext, unsafe_fixes: bool = False) -> None:
        super().__init__(context)
        self.unsafe_fixes = unsafe_fixes

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.DESCRIPTION = (cls.__doc__ or "").strip()

    @staticmethod
    def add_args(arg_parser: argparse.ArgumentParser) -> None:
        """The arguments of the command."""
        arg_parser.add_argument("--unsafe-fixes", action="store_true", help="make the unsafe fixes too")

    @abstractmethod
    def note(self, draft: Draft, step: Step) -> None:
        """Note the changes of a step; raises `FixError` where the code is of a form that it does not know."""

    def transform_module_impl(self, tree: cst.Module) -> cst.Module:
        """The module with the fixes made that have a step of this kind."""
        from packlint.fixers import rewrite

        fixes = [fix for fix in found(self.context.filename, tree, self.unsafe_fixes) if self._has(fix)]
        return cst.parse_module(rewrite(tree.code, fixes).text) if fixes else tree

    def _has(self, fix: Fix) -> bool:
        return any(isinstance(step, self.step) for step in fix.steps)


def found(filename: str | None, tree: cst.Module, unsafe: bool) -> list[Fix]:
    """The fixes that the rules which are on by default have for a module."""
    from packlint.config import ProjectFacts
    from packlint.engine import Task, check_file
    from packlint.files import project_root
    from packlint.fixing import wanted
    from packlint.rules import all_rules

    path = os.path.abspath(filename or "<module>.py")
    codes = frozenset(code for code, rule in all_rules().items() if rule.on_by_default)
    task = Task(path, project_root(os.path.dirname(path), os.path.dirname(path)), codes, ProjectFacts())
    findings = check_file(task, tree.bytes).findings
    return [one.fix for one in findings if one.fix is not None and wanted(one, unsafe)]
