"""PCK001: a file that does not parse."""

from packlint.rules.base import Rule

RULE = Rule(
    code="PCK001",
    name="syntax-error",
    summary="a file with recurrent layers does not parse",
    effect="internal",
    what=(
        "Reports a file that mentions recurrent layers or packing and does not parse as Python: Python 2, syntax newer "
        "than the Python that packlint runs on, or a notebook cell cut in half. The message names that Python."
    ),
    why="Nothing in a file that does not parse is checked, and that should be known.",
    before="print 'loss', loss",
    after="print('loss', loss)",
    fix_safety="There is no fix.",
    when_to_silence="For files that are broken on purpose, `exclude` them or use `--per-file-ignores`.",
)
