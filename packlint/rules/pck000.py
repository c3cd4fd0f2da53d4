"""PCK000: packlint itself failed."""

from packlint.rules.base import Rule

RULE = Rule(
    code="PCK000",
    name="rule-failed",
    summary="packlint itself failed on this file",
    effect="internal",
    what="Reports that packlint failed while it read a file: which rule, on which line, and the error.",
    why="A failure that is hidden looks like a clean file. Every other finding of the file still stands.",
    before="",
    after="",
    fix_safety="There is no fix. Please report the message together with the line it names.",
    when_to_silence="Never needed; the exit code 2 tells a failed run from findings.",
)
