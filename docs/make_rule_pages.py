"""Write docs/rules/ from the rules' own files: `python docs/make_rule_pages.py`."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Write a page for every rule and the list of them, and take away pages of rules that are gone."""
    sys.path.insert(0, str(ROOT))
    from packlint.rule_pages import pages

    folder = ROOT / "docs" / "rules"
    folder.mkdir(exist_ok=True)
    wanted = pages()
    for stale in {path.name for path in folder.glob("*.md")} - set(wanted):
        (folder / stale).unlink()
    for name, text in wanted.items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
