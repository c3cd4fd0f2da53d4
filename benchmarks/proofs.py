"""What `packlint verify` can say of the rewrites in real projects.

    python -m benchmarks.proofs --root DIR [--json FILE] [--list]

DIR holds one folder per project. Counted are the sites of findings that a fix rewrites: their verdicts by the way in
which they were run, the reasons of those that are unverified, and how many of the proved show the bug on the original.
With `--list` each site is a line.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

WAYS = ("recipe", "inferred", "slice", None)
VERDICTS = ("passed", "failed", "unverified")


def verified(root: Path, jobs: int) -> dict[str, Any]:
    """The JSON of `packlint verify` on a folder."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "evidence.json")
        words = ["verify", "--isolated", f"--jobs={jobs}", "--output-format=json", f"--output-file={file}", str(root)]
        subprocess.run([sys.executable, "-m", "packlint", *words], check=False, stderr=subprocess.DEVNULL)
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return found


def rewritten(found: dict[str, Any]) -> list[dict[str, Any]]:
    """The sites that a fix rewrites."""
    return [site for site in found["sites"] if site["rewritten"]]


def witnessed(site: dict[str, Any]) -> bool:
    """Whether the original fails a relation that decides."""
    return any(
        one["gates"] and one["original"] is not None and not one["original"]["holds"] for one in site["relations"]
    )


def kind_of(reason: str) -> str:
    """A reason without the names and numbers of its site."""
    text = reason.partition("; slice: ")[0]
    known = re.search(r"[A-Z]\w+(Error|Exception)\b|no recurrent layer[^:;]*|it raises before and after", text)
    return known[0] if known is not None else text[:60]


def table(sites: Sequence[dict[str, Any]]) -> Iterator[str]:
    counts = Counter((site["way"], site["verdict"]) for site in sites)
    yield "| way | passed | failed | unverified |"
    yield "| --- | --- | --- | --- |"
    for way in WAYS:
        row = [counts[way, verdict] for verdict in VERDICTS]
        if any(row):
            yield f"| {way or 'none'} | {row[0]} | {row[1]} | {row[2]} |"
    told = sum(site["verdict"] != "unverified" for site in sites)
    share = f"{told / len(sites):.2f}" if sites else "-"
    yield ""
    yield f"{told} of {len(sites)} rewritten sites have a verdict: {share}"
    shown = [site for site in sites if site["verdict"] == "passed"]
    yield f"{sum(map(witnessed, shown))} of {len(shown)} that passed show what was wrong on the original"
    for reason, count in Counter(kind_of(site["reason"]) for site in sites if site["verdict"] == "unverified").items():
        yield f"unverified, {count}: {reason}"


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, required=True, metavar="DIR")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the evidence there")
    parser.add_argument("--list", action="store_true", help="each site in a line")
    parser.add_argument("--jobs", type=int, default=2, metavar="N")
    arguments = parser.parse_args(argv)
    found = verified(arguments.root, arguments.jobs)
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    sites = rewritten(found)
    print(*table(sites), sep="\n")
    for site in sites if arguments.list else ():
        name = Path(site["filename"]).relative_to(arguments.root.resolve())
        print(f"{name}:{site['row']}: {site['code']} {site['way']} {site['verdict']} {site['reason']}")


if __name__ == "__main__":
    main()
