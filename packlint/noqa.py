"""Which findings a comment suppresses, read as flake8 reads it."""

from __future__ import annotations

import functools
import io
import re
import tokenize
from dataclasses import dataclass

from packlint.findings import Finding
from packlint.source import Source

# The first two are flake8's own. Note what they accept: codes count in the case in which they are written, `# noqa`
# followed by anything but codes is a bare one, and a `# flake8: noqa` leaves the whole file out with codes as well.
_INLINE = re.compile(r"# noqa(?::[\s]?(?P<codes>([A-Z]+[0-9]+(?:[,\s]+)?)+))?", re.IGNORECASE)
_FLAKE8_FILE = re.compile(r"\s*# flake8[:=]\s*noqa", re.IGNORECASE)
_OWN_FILE = re.compile(r"\s*#\s*packlint:\s*ignore-file\b", re.IGNORECASE)

_FILE_WORD = re.compile(r"# flake8[:=]|ignore-file", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class Suppressions:
    """The comments of a file that silence findings; a file without such a word costs one search."""

    source: Source

    @functools.cached_property
    def whole_file(self) -> bool:
        """Whether a line of its own says `# flake8: noqa` (with codes or without) or `# packlint: ignore-file`."""
        return self.says_ignore_file or (self._has_file_word and any(map(_FLAKE8_FILE.match, self.source.lines)))

    @functools.cached_property
    def says_ignore_file(self) -> bool:
        """Whether a line of its own says `# packlint: ignore-file`."""
        return self._has_file_word and any(map(_OWN_FILE.match, self.source.lines))

    @functools.cached_property
    def _has_file_word(self) -> bool:
        return _FILE_WORD.search(self.source.text) is not None

    def covers(self, finding: Finding) -> bool:
        """Whether a `# noqa` stands where flake8 would look for it: on the finding's line, or on any line that a
        multi-line string or a backslash joins to it."""
        if not self._has_noqa:
            return False
        comment = _INLINE.search(self._line_for(self.source.row_of(finding.cell, finding.row)))
        if comment is None:
            return False
        codes = comment["codes"]
        return codes is None or finding.code.startswith(tuple(filter(None, re.split(r"[,\s]", codes))))

    @functools.cached_property
    def _has_noqa(self) -> bool:
        return _INLINE.search(self.source.text) is not None

    def _line_for(self, row: int) -> str:
        lines = self.source.lines
        # What cannot be tokenized has no joined lines: the line itself is looked at.
        return self._joined_lines.get(row) or (lines[row - 1] if row <= len(lines) else "")

    @functools.cached_property
    def _joined_lines(self) -> dict[int, str]:
        """For each row the text in which its noqa may stand."""
        text = self.source.text
        lines = [f"{line}\n" for line in self.source.lines]
        joined: dict[int, str] = {}
        first: int | None = None
        try:
            for token in tokenize.generate_tokens(io.StringIO(text).readline):
                if token.type in (tokenize.ENDMARKER, tokenize.DEDENT):
                    continue
                first = token.start[0] if first is None else first
                if token.type in (tokenize.NL, tokenize.NEWLINE):
                    rows = range(first, token.end[0] + 1)
                    joined.update(dict.fromkeys(rows, "".join(lines[first - 1 : token.end[0]])))
                    first = None
        except (tokenize.TokenError, SyntaxError):
            return {}
        return joined
