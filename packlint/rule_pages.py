"""A rule as its page in the documentation: for people, and as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from packlint.rules import all_rules
from packlint.rules.base import Rule

REPOSITORY = "https://github.com/packlint/packlint"
_DOCS = f"{REPOSITORY}/blob/main/docs/rules"

Level = Literal["error", "warning", "note"]

EFFECTS = {
    "wrong": "wrong results",
    "breaks": "an error on some batches",
    "waste": "compute that is thrown away",
    "style": "code that one option replaces",
    "strict": "an assumption left unstated",
    "internal": "about packlint itself",
}

LEVELS: dict[str, Level] = {
    "wrong": "error",
    "breaks": "error",
    "waste": "warning",
    "style": "note",
    "strict": "note",
    "internal": "error",
}
"""How much an effect weighs, in the words of SARIF."""


def page_url(code: str) -> str:
    """Where the page of a rule is found."""
    return f"{_DOCS}/{code}.md"


def level(code: str) -> Level:
    """How much a finding of a rule weighs."""
    return LEVELS[all_rules()[code].effect]


def pages() -> dict[str, str]:
    """Every page of docs/rules/ by its name."""
    rules = all_rules()
    return {f"{code}.md": page(rule) for code, rule in rules.items()} | {"README.md": index(rules.values())}


def page(rule: Rule) -> str:
    """The page of a rule, in Markdown."""
    default = "on" if rule.on_by_default else f"off: select `{rule.code}` by its full code"
    sections = [
        f"# {rule.code}: {rule.name}",
        sentence(rule.summary),
        f"Effect: {EFFECTS[rule.effect]}. By default: {default}.",
        f"## What it does\n\n{rule.what}",
        f"## Why it is wrong\n\n{rule.why}" if rule.effect != "internal" else f"## Why\n\n{rule.why}",
    ]
    if rule.before:
        sections.append(f"## Before\n\n{_python(rule.before)}")
    if rule.after:
        sections.append(f"## After\n\n{_python(rule.after)}")
    sections += [
        f"## How safe the fix is\n\n{rule.fix_safety}",
        f"## When to silence it\n\n{rule.when_to_silence}",
    ]
    return "\n\n".join(sections) + "\n"


def index(rules: Iterable[Rule]) -> str:
    """The page that lists the rules, in Markdown."""
    rows = [
        f"| [{rule.code}]({rule.code}.md) | {rule.name} | {'on' if rule.on_by_default else 'off'} | {rule.summary} |"
        for rule in rules
    ]
    return "\n".join(
        ["# Rules", "", "| code | name | by default | what it reports |", "| --- | --- | --- | --- |", *rows, ""]
    )


def as_object(rule: Rule) -> dict[str, object]:
    """A rule as JSON knows it."""
    return {
        "code": rule.code,
        "name": rule.name,
        "summary": rule.summary,
        "effect": rule.effect,
        "on_by_default": rule.on_by_default,
        "what": rule.what,
        "why": rule.why,
        "before": rule.before,
        "after": rule.after,
        "fix_safety": rule.fix_safety,
        "when_to_silence": rule.when_to_silence,
        "url": page_url(rule.code),
    }


def sentence(text: str) -> str:
    """The text with a capital letter and a full stop."""
    text = text if text.startswith("packlint") else text[:1].upper() + text[1:]
    return text + ("" if text.endswith(".") else ".")


def _python(code: str) -> str:
    return f"```python\n{code.strip(chr(10))}\n```"
