"""Write the evidence that README.md and docs/verify.md show anew: what `packlint verify` prints now."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("README.md", "docs/verify.md")
SHOWN = re.compile(r"(`packlint (verify [^`]*)`[^`]*\n\n```text\n)(.*?)(^```$)", re.MULTILINE | re.DOTALL)
"""What comes before a block of evidence, with the words of the command; the block; its end."""


def shown(words: str) -> str:
    """What the command prints in the folder of the project."""
    command = [sys.executable, "-m", "packlint", *words.split(), "--isolated"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def main() -> None:
    """Write both pages anew."""
    for name in PAGES:
        path = ROOT / name
        text = path.read_text(encoding="utf-8")
        path.write_text(SHOWN.sub(lambda found: found[1] + shown(found[2]) + found[4], text), encoding="utf-8")


if __name__ == "__main__":
    main()
