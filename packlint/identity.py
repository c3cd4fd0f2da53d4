"""What a finding is known by from one run to the next, wherever its line has gone."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import TypeAlias

from packlint.findings import Finding

Entry: TypeAlias = tuple[str, str, str, str]
"""A file, a rule, a function, and a line of code; not the number of the line, which any change above moves."""

_NOQA = re.compile(r"# noqa\b[^#]*", re.IGNORECASE)


def entry(finding: Finding, line: str, folder: str) -> Entry:
    """What a finding on a line of code is known by; its file is named relative to the folder.

    Spaces, and a comment that suppresses other findings of the line, do not count.
    """
    file = os.path.relpath(finding.filename, folder).replace(os.sep, "/")
    return file, finding.code, finding.function, " ".join(_NOQA.sub("", line).split())


def fingerprints(found: Iterable[tuple[Finding, str]], folder: str) -> Iterator[str]:
    """A word for each finding that no other has: findings with the same entry are counted, in their order."""
    seen: Counter[Entry] = Counter()
    for finding, line in found:
        known_by = entry(finding, line, folder)
        seen[known_by] += 1
        yield sha256(json.dumps([*known_by, seen[known_by]]).encode()).hexdigest()[:32]
