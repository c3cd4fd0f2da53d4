"""Write docs/packing.md and docs/plots/ from the data in benchmarks/data: `python docs/make_packing_page.py`."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Write the page and its plots, and take away plots that are gone."""
    sys.path.insert(0, str(ROOT))
    from benchmarks.packing_page import pages

    docs = ROOT / "docs"
    (docs / "plots").mkdir(exist_ok=True)
    wanted = pages()
    for path in (docs / "plots").glob("*.svg"):
        if f"plots/{path.name}" not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (docs / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
