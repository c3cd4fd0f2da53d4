"""Write docs/speed.md and docs/plots/speed/ from benchmarks/data/speed.json: `python docs/make_speed_page.py`."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Write the page and its plots, and take away plots that are gone."""
    sys.path.insert(0, str(ROOT))
    from benchmarks.speed_page import pages

    docs = ROOT / "docs"
    wanted = pages()
    for path in (docs / "plots" / "speed").glob("*.svg"):
        if f"plots/speed/{path.name}" not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (docs / name).parent.mkdir(exist_ok=True)
        (docs / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
