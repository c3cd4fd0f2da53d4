"""Write what docs/ says of the configuration from the keys' declarations: `python docs/make_key_pages.py`."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TABLE = re.compile(r"^\| key \| value \| default \| meaning \|\n(?:\|.*\n)+", re.MULTILINE)


def main() -> None:
    """Write the schema, and the table of the keys in docs/usage.md."""
    sys.path.insert(0, str(ROOT))
    from packlint.key_pages import schema_text, table

    (ROOT / "docs" / "packlint.schema.json").write_text(schema_text(), encoding="utf-8")
    page = ROOT / "docs" / "usage.md"
    page.write_text(TABLE.sub(lambda _: table(), page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
