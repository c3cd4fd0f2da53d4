"""`packlint rule`: the documentation of the rules."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from packlint.arguments import Parser, UsageError
from packlint.rule_pages import as_object, page
from packlint.rules import all_rules


def run(words: Sequence[str]) -> int:
    """Run with the words after `rule`, and give the exit code: 2 where a code is of no rule."""
    parser = Parser(prog="packlint rule", description="Say what a rule reports, and why.", allow_abbrev=False)
    parser.add_argument("codes", nargs="*", metavar="CODE", help="a code or a name: PCK101, unpacked-batch")
    parser.add_argument("--all", action="store_true", help="every rule")
    parser.add_argument("--output-format", choices=("text", "json"), default="text", help="text is Markdown")
    try:
        arguments = parser.parse_args(words)
    except UsageError as error:
        print(f"packlint: error: {error} (`packlint rule --help` lists the options)", file=sys.stderr)
        return 2
    rules = all_rules()
    by_name = {rule.name: rule for rule in rules.values()} | rules
    wanted = list(rules) if arguments.all else arguments.codes
    if not wanted:
        print("packlint: error: a CODE or --all is wanted", file=sys.stderr)
        return 2
    found = [by_name[word] for word in wanted if word in by_name]
    if arguments.output_format == "json":
        print(json.dumps([as_object(rule) for rule in found], indent=2))
    else:
        print("\n\n".join(page(rule) for rule in found), end="")
    unknown = [word for word in wanted if word not in by_name]
    for word in unknown:
        print(f"packlint: no rule is called `{word}`", file=sys.stderr)
    return 2 if unknown else 0
