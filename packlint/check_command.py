"""`packlint check`: finds the files, has them checked, writes the reports, and says what could not be done."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TextIO

from packlint import report
from packlint.arguments import STDIN, Arguments, Report, UsageError, parse
from packlint.cache import Cache, default_folder
from packlint.config import Configuration, ProjectFacts
from packlint.engine import Checked, Task, check_file, check_files, forget
from packlint.executors import Executor, ExecutorError, executor_of
from packlint.executors.local import Here, Processes
from packlint.files import Discovery, Empty, Found, project_root
from packlint.progress import Progress
from packlint.report import Shown, Style, statistics
from packlint.selection import ALWAYS_ON
from packlint.source import Recurrence, recurrence

if TYPE_CHECKING:
    from packlint.baseline_command import Baselines
    from packlint.findings import Finding
    from packlint.fix_command import Made
    from packlint.git_diff import Comparison

STDOUT, STDERR = "/dev/stdout", "/dev/stderr"
"""Names that stand for what this process writes already: opened once more, one would overwrite the other."""


def run(words: Sequence[str]) -> int:
    """Run with the words after `check`, and give the exit code."""
    try:
        arguments = parse(words)
        return Check(arguments).run()
    except UsageError as error:
        print(f"packlint: error: {error} (`packlint --help` lists the options)", file=sys.stderr)
    except ExecutorError as error:
        print(f"packlint: error: {error}", file=sys.stderr)
    return 2


class Check:
    """One run; `failed` turns true with the first thing that could not be done."""

    def __init__(self, arguments: Arguments) -> None:
        self._arguments = arguments
        self.failed = False
        self._failures: list[str] = []
        self._tasks: dict[str, Task] = {}
        self._searched: set[str] = set()
        self._stdin_data: bytes | None = None
        self._comparison: Comparison | None = None
        self._old: list[tuple[Finding, str]] = []
        self._folder = os.getcwd()
        self._style = Style(self._folder, verbose=arguments.verbose)
        self._configuration = Configuration(arguments.options, arguments.config, arguments.isolated)
        self._discovery = Discovery(self._configuration)
        self._root = None if arguments.root is None else os.path.abspath(arguments.root)
        if self._root is not None and not os.path.isdir(self._root):
            raise UsageError(f"--root {arguments.root}: no such folder")

    def run(self) -> int:
        forget()
        if not self._arguments.paths:
            self._say("no files given, nothing checked (`packlint .` checks this folder)")
        if self._arguments.git_diff is not None and not self._compare(self._arguments.git_diff):
            return 2
        checked = self.checked()
        baselines = self._baselines()
        stale = False
        if baselines is not None:
            if self._arguments.write_baseline:
                return self._write_baselines(baselines, checked)
            stale = self._stale(baselines, checked)
            checked = baselines.without_known(checked)
        checked = self._new(checked)
        if self._arguments.add_noqa:
            return self._add_noqa(checked)
        made = self._fixed(checked)
        if made is not None and made.stopped:
            return 2
        if made is not None:
            checked = self._still_left_out(made.checked, baselines)
        if self._shows_edits() and any(one.data is not None for one in checked):
            checked = self._with_edits(checked)
        shown = sorted(
            (Shown(finding, line) for one in checked for finding, line in zip(one.findings, one.lines, strict=True)),
            key=lambda one: one.finding.sort_key,
        )
        if made is not None and self._arguments.diff and not self._arguments.fix:
            self._say(f"{report.counted(made.fixed)} would be fixed")
            return 2 if self.failed else int(stale or (made.changed and not self._arguments.exit_zero))
        self._write(shown, made)
        if self.failed:
            return 2
        on_fix = made is not None and made.fixed > 0 and self._arguments.exit_non_zero_on_fix
        return 1 if (shown and not self._arguments.exit_zero) or on_fix or stale else 0

    def checked(self) -> list[Checked]:
        """What is found in each file; what could not be done is said."""
        checked = [*self._stdin(), *self._files()]
        self._say_problems(checked)
        return checked

    def name(self, path: str) -> str:
        """A path as it is shown."""
        return self._style.name(path)

    def task_of(self, path: str) -> Task:
        """How a file that was checked was."""
        return self._tasks[path]

    # --- what is silenced ---

    def _add_noqa(self, checked: Sequence[Checked]) -> int:
        from packlint.add_noqa import add_noqa

        count, errors = add_noqa(checked, self._tasks, STDIN if self._stdin_data is not None else None)
        for error in errors:
            self.fail(error)
        print(f"Added noqa comments for {report.counted(count)}.")
        return 2 if self.failed else 0

    def _baselines(self) -> Baselines | None:
        """The baselines of all that was searched, if there are any."""
        asked = [os.path.abspath(path) for path in self._arguments.paths if path not in ("", STDIN)]
        folders = {path if os.path.isdir(path) else os.path.dirname(path) for path in asked}
        folders.update(map(os.path.dirname, self._searched))
        named = {self._configuration.settings(folder).baseline for folder in folders or (self._folder,)}
        files = sorted(file for file in named if file is not None)
        if files:
            from packlint.baseline_command import Baselines  # only who has one pays for it

            anew = self._arguments.write_baseline
            return Baselines(files, self._configuration, self._style, asked, self._searched, anew)
        if self._arguments.write_baseline or self._arguments.shrink_baseline:
            option = "--write-baseline" if self._arguments.write_baseline else "--shrink-baseline"
            raise UsageError(f"{option}: --baseline, or `baseline` in the configuration, says which file")
        return None

    def _write_baselines(self, baselines: Baselines, checked: Sequence[Checked]) -> int:
        for line in baselines.write(checked):
            print(line)
        for error in baselines.errors:
            self.fail(error)
        return 2 if self.failed else 0

    def _stale(self, baselines: Baselines, checked: Sequence[Checked]) -> bool:
        """Say what is stale in the baselines, or drop it; whether that is what the run was to fail on."""
        outdated = baselines.outdated(checked)
        listed = self._arguments.verbose or self._arguments.exit_non_zero_on_stale
        if self._arguments.shrink_baseline:
            for line in baselines.shrink(outdated):
                self._say(line)
            outdated = []
        for baseline, compared in outdated:
            name = self._style.name(baseline.path)
            for file, code, function, line in sorted(compared.stale.elements()) if listed else ():
                self._say(f"{name}: stale: {file}: {code}{function and f' in {function}'}: {line}")
            self._say(f"{name}: {compared.stale.total()} stale, no longer found there (`--shrink-baseline` drops them)")
        for error in baselines.errors:
            self.fail(error)
        return bool(outdated) and self._arguments.exit_non_zero_on_stale

    # --- what is old ---

    def _compare(self, base: str) -> bool:
        """Ask git what has come since a commit; where it cannot tell, there is nothing to show."""
        from packlint.git import GitError
        from packlint.git_diff import Comparison

        paths = [path for path in self._arguments.paths if path != STDIN]
        if (name := self._arguments.stdin_filename) is not None:
            paths += [os.path.dirname(os.path.abspath(name)), name]
        try:
            self._comparison = Comparison(base, paths)
        except GitError as error:
            self.fail(f"--git-diff {base}: {error}")
            return False
        return True

    def _new(self, checked: list[Checked]) -> list[Checked]:
        """What was checked without the findings that are older than the commit of `--git-diff`."""
        if self._comparison is None:
            return checked
        from packlint.git import GitError
        from packlint.git_diff import Run

        given = {one.path: self._stdin_data for one in checked if self._is_stdin(one) and self._stdin_data is not None}
        executor = self._own_processes()  # a cluster knows other files of today
        run = Run(self._tasks, self._place_of, given, executor, Progress(sys.stderr, "files as they were"))
        try:
            checked, self._old = self._comparison.new(checked, run)
        except GitError as error:
            self.fail(f"--git-diff {self._arguments.git_diff}: {error}")
            return []
        for note in self._comparison.notes:
            self._say(note)
        return checked

    def _is_stdin(self, one: Checked) -> bool:
        name = self._arguments.stdin_filename
        return self._stdin_data is not None and name is not None and one.path == os.path.abspath(name)

    def _still_left_out(self, checked: list[Checked], baselines: Baselines | None) -> list[Checked]:
        """After files were fixed and checked again: without what was left out before."""
        anew = {one.path for one in checked if not one.known}
        if baselines is not None:
            checked = baselines.without_known(checked)
        if not self._old:
            return checked
        from packlint.baseline import Baseline
        from packlint.identity import entry

        old = Baseline(os.path.join(self._folder, "old"), (entry(*one, self._folder) for one in self._old))
        return [old.without_known(one) if one.path in anew else one for one in checked]

    def _reports(self) -> tuple[Report, ...]:
        default = self._configuration.settings(self._folder).output_format
        return self._arguments.reports or (Report(default, None),)

    def _shows_edits(self) -> bool:
        return not self._arguments.counted_by and any(report.shows_edits(one.output_format) for one in self._reports())

    def _with_edits(self, checked: list[Checked]) -> list[Checked]:
        from packlint.fixing import with_edits

        try:
            return with_edits(checked, self._arguments.unsafe_fixes)
        except ImportError:
            self._say("the reports have no edits of fixes: libcst is needed for them (pip install libcst)")
            return checked

    def _fixed(self, checked: Sequence[Checked]) -> Made | None:
        """What was fixed, where that was asked for."""
        if not self._arguments.fix and not self._arguments.diff:
            return None
        from packlint.fix_command import fix  # only who fixes pays for it

        made = fix(checked, self._tasks, self._arguments, self._style, self._stdin_data)
        for line in made.said:
            self._say(line)
        for error in made.errors:
            self.fail(error)
        self.failed |= made.unverified and self._arguments.require_verified
        return made

    # --- configuration ---

    def _task(self, path: str, argument: str) -> Task:
        folder = os.path.dirname(path) if path != STDIN else argument
        settings = self._configuration.settings(folder)
        root = self._root or project_root(folder, argument)
        facts = self._configuration.settings(root).facts
        task = self._tasks[path] = Task(path, root, settings.codes(path), facts)
        return task

    # --- the files ---

    def _stdin(self) -> Iterator[Checked]:
        """What came of standard input, where it was asked for."""
        name = self._arguments.stdin_filename
        if STDIN not in self._arguments.paths and (name is None or self._arguments.paths):
            return
        if sys.stdin is None:
            self.fail(f"{STDIN}: standard input is closed")
            return
        data = self._stdin_data = sys.stdin.buffer.read()
        path, argument = (STDIN, self._folder) if name is None else (os.path.abspath(name), self._folder)
        excluded = path != STDIN and self._discovery.excluded_by_force(path)
        if not excluded:
            self._searched.add(path)
        if recurrence(data) is Recurrence.CALLED and not excluded:
            yield check_file(self._task(path, argument), data)

    def _files(self) -> list[Checked]:
        """What came of the files under the paths."""
        paths = [path for path in self._arguments.paths if path != STDIN]
        cache = Cache(self._cache_folder(), self._place_of)
        progress = Progress(sys.stderr)
        executor = self._executor()
        try:
            return check_files(self._found(paths), self._found_task, executor, progress, cache)
        finally:
            executor.close()

    def _executor(self) -> Executor:
        """Where the files are checked."""
        here = self._own_processes()
        if self._arguments.executor is None:
            return here
        return executor_of(self._arguments.executor, here, self._arguments.verbose)

    def _own_processes(self) -> Executor:
        return Processes(self._arguments.jobs) if self._arguments.jobs > 1 else Here()

    def _cache_folder(self) -> str | None:
        if self._arguments.no_cache:
            return None
        from packlint.cache_file import is_taken

        folder = self._arguments.cache_dir or default_folder()
        if folder is not None and is_taken(folder):
            self._say(f"{self._style.name(folder)}: holds other things, so that no cache is kept there")
            return None
        return folder

    def _place_of(self, found: Found) -> tuple[str, ProjectFacts]:
        """The project of a file."""
        root = self._root or project_root(os.path.dirname(found.path), found.argument)
        return root, self._configuration.settings(root).facts

    def _found(self, paths: Sequence[str]) -> Iterator[Found]:
        for item in self._discovery.files(paths):
            if isinstance(item, Found):
                self._searched.add(item.path)
                yield item
            elif isinstance(item, Empty):
                self._say(f"{item.path}: no Python files in this folder")
            else:
                self.fail(f"{self._style.name(item.path)}: {item.why}")

    def _found_task(self, found: Found) -> Task:
        return self._task(found.path, found.argument)

    # --- what is said ---

    def _say_problems(self, checked: Sequence[Checked]) -> None:
        """A line on standard error for all that could not be done, or not in full."""
        for problem in (*self._configuration.problems, *self._configuration.unknown_selectors()):
            self.fail(problem)
        for note in dict.fromkeys(one.note for one in checked if one.note is not None):
            self._say(note)
        for one in checked:
            if one.error is not None:
                self.fail(f"{self._style.name(one.path)}: {one.error}")
            for finding in one.findings:
                if finding.code in ALWAYS_ON:
                    self.fail(f"{self._style.place(finding)}: {finding.code} {finding.message}")

    def _write(self, shown: Sequence[Shown], made: Made | None) -> None:
        """Write every report that was asked for; where standard output holds code they go to standard error."""
        stdout = sys.stderr if made is not None and made.on_stdout else sys.stdout
        fixed = None if made is None else made.fixed
        style = self._style._replace(fixed=fixed, failed=self.failed, failures=tuple(self._failures))
        streams = {STDOUT: stdout, STDERR: sys.stderr}
        for wanted in self._reports():
            counted_by = self._arguments.counted_by
            render = statistics.renderer(wanted.output_format, counted_by) if counted_by else None
            render = render or report.renderer(wanted.output_format)
            file = wanted.file or self._arguments.output_file or STDOUT
            if file in streams:
                stream = streams[file]
                stream.write(render(shown, style._replace(color=colored(stream))))
                continue
            from packlint.writing import write_report

            try:
                write_report(file, render(shown, style))
            except OSError as error:
                self.fail(f"{file}: {error.strerror or error}")

    def fail(self, text: str) -> None:
        self.failed = True
        self._failures.append(self._say(text))

    def _say(self, text: str) -> str:
        """Say it in a line on standard error, and give the line."""
        line = text.replace("\n", "\\n").replace("\r", "\\r")  # a path may hold one
        print(f"packlint: {line}", file=sys.stderr)
        return line


def colored(stream: TextIO) -> bool:
    """Colour is for a terminal, and never where NO_COLOR says so (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
