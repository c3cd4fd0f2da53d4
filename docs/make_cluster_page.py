"""Write the figures of docs/cluster.md from benchmarks/data/cluster.json: `python docs/make_cluster_page.py`."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Write what stands between the marks of the page; the rest is written by hand."""
    sys.path.insert(0, str(ROOT))
    from benchmarks.cluster_page import page

    path = ROOT / "docs" / "cluster.md"
    path.write_text(page(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
