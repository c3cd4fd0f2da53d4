"""The keys of `[tool.packlint]`: for editors as JSON Schema, for people as a table."""

from __future__ import annotations

import json

from packlint.config import DEFAULT_EXCLUDE, KEYS
from packlint.keys import Key
from packlint.rules import all_codes
from packlint.selection import ALL, is_known

URL = "https://raw.githubusercontent.com/packlint/packlint/main/docs/packlint.schema.json"


def schema() -> dict[str, object]:
    """What JSON Schema can say of the table, in the version that editors know (draft 7)."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": URL,
        "title": "packlint",
        "description": "The table `[tool.packlint]` of pyproject.toml.",
        "type": "object",
        "additionalProperties": False,
        "properties": {key.name: _property(key) for key in KEYS.values()},
        "definitions": {
            "selector": {
                "description": "The code of a rule, a prefix of codes, or `ALL`.",
                "type": "string",
                "enum": selectors(),
            }
        },
    }


def schema_text() -> str:
    """The schema as a file holds it."""
    return json.dumps(schema(), indent=2) + "\n"


def selectors() -> list[str]:
    """All that names rules."""
    prefixes = {code[:length] for code in all_codes() for length in range(1, len(code) + 1)}
    return [ALL, *sorted(prefix for prefix in prefixes if is_known(prefix, all_codes()))]


def table() -> str:
    """The keys in Markdown, a row each."""
    rows = [f"| `{key.name}` | {key.kind.words} | {_default(key)} | {key.doc} |" for key in KEYS.values()]
    return "\n".join(["| key | value | default | meaning |", "| --- | --- | --- | --- |", *rows, ""])


def _property(key: Key) -> dict[str, object]:
    known = {"description": key.doc, **key.kind.schema}
    return known if key.default is None else {**known, "default": key.plain(key.default)}


def _default(key: Key) -> str:
    if key.default is None:
        return "none"
    if key.default == DEFAULT_EXCLUDE:
        return "the list [above](#which-files)"
    return f"`{json.dumps(key.plain(key.default))}`"  # what TOML writes, too
