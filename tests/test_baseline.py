"""Baselines: old findings are known again, new ones are not."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from packlint.cli import main
from tests.conftest import PADDED
from tests.test_fix import FIXED, SAFE

PACK = "packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with two findings, in the working folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "tagger.py").write_text(PADDED)
    (tmp_path / "encoder.py").write_text(SAFE)
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, list[str], str]:
    code = main(["check", "--isolated", "-j1", "--output-format=concise", *words])
    out, err = capsys.readouterr()
    return code, out.splitlines(), err


@pytest.fixture
def known(project: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    code, out, err = run(capsys, "--baseline", "old.json", "--write-baseline", ".")
    assert (code, out, err) == (0, ["Wrote 2 findings to old.json."], "")
    return project


def test_old_findings_are_left_out(known: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "--baseline", "old.json", ".") == (0, ["All checks passed!"], "")
    assert run(capsys, ".")[0] == 1


def test_they_are_found_again_after_lines_have_moved(known: Path, capsys: pytest.CaptureFixture[str]) -> None:
    moved = PADDED.replace("class Tagger", "X = 1\n\n\nclass Tagger").replace("out, _ = self", "out, _ =   self")
    (known / "tagger.py").write_text(moved)
    assert run(capsys, "--baseline", "old.json", ".") == (0, ["All checks passed!"], "")


def test_a_comment_that_suppresses_others_does_not_count(known: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = "out, _ = self.rnn(pad_sequence(xs, batch_first=True))"
    for comment in ("# noqa: E501", "# NOQA:E501,W291", "# noqa: E501  # runs"):
        (known / "tagger.py").write_text(PADDED.replace(line, f"{line}  {comment}"))
        ran = run(capsys, "--baseline", "old.json", ".")
        assert (ran[0], comment) == (int(comment.endswith("runs")), comment)  # another comment is another line


def test_a_failure_of_packlint_is_never_known(
    known: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RecursionError

    monkeypatch.setattr("packlint.check.check_source", fail)
    assert run(capsys, "--no-cache", "--baseline", "old.json", "--write-baseline", ".")[0] == 2
    assert [code for _, code in entries(known / "old.json")] == ["PCK204", "PCK101"]  # it could not tell
    document = json.loads((known / "old.json").read_text())
    document["findings"] += [{"file": "tagger.py", "code": "PCK000", "function": "", "line": ""}]
    (known / "old.json").write_text(json.dumps(document))
    code, out, _ = run(capsys, "--no-cache", "--baseline", "old.json", "tagger.py")
    assert (code, "PCK000" in out[0]) == (2, True)


def test_a_new_finding_is_shown(known: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (known / "other.py").write_text(PADDED)
    code, out, err = run(capsys, "--baseline", "old.json", ".")
    assert (code, [line.partition(":")[0] for line in out[:-1]], err) == (1, ["other.py"], "")


def test_the_same_line_in_another_function_is_new(known: Path, capsys: pytest.CaptureFixture[str]) -> None:
    again = PADDED.partition("class Tagger")[2]
    (known / "tagger.py").write_text(f"{PADDED}\n\nclass Other{again}")
    code, out, err = run(capsys, "--baseline", "old.json", ".")
    assert (code, len(out), err) == (1, 2, "")


def test_what_is_gone_is_said(known: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (known / "encoder.py").write_text(FIXED)
    stale = "packlint: old.json: 1 stale, no longer found there (`--shrink-baseline` drops them)\n"
    assert run(capsys, "--baseline", "old.json", ".") == (0, ["All checks passed!"], stale)
    assert run(capsys, "--baseline", "old.json", "tagger.py")[2] == ""
    (known / "tagger.py").unlink()
    assert "1 stale" in run(capsys, "--baseline", "old.json", "tagger.py")[2]


def test_old_findings_are_not_fixed(known: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "--baseline", "old.json", "--fix", ".") == (0, ["0 fixed, 0 left."], "")
    assert (known / "encoder.py").read_text() == SAFE


def test_after_a_fix_the_rest_is_still_known(known: Path, capsys: pytest.CaptureFixture[str]) -> None:
    more = SAFE.replace("Encoder", "Reader").replace("def train", "def learn")
    (known / "tagger.py").write_text(f"{PADDED}\n\n{more}")
    assert run(capsys, "--baseline", "old.json", "--fix", ".") == (0, ["1 fixed, 0 left."], "")


def test_after_a_fix_what_is_new_in_another_file_is_still_shown(
    known: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = "            out, _ = self.rnn(pad_sequence(xs, batch_first=True))\n"
    twice = PADDED.replace(call[4:], f"        if lengths is None:\n{call}        else:\n{call}")
    (known / "tagger.py").write_text(twice)  # of the two, which are alike, one is known
    (known / "new.py").write_text(SAFE)
    assert [line.partition(":")[0] for line in run(capsys, "--baseline", "old.json", ".")[1][:-1]] == [
        "new.py",
        "tagger.py",
    ]
    code, out, _ = run(capsys, "--baseline", "old.json", "--fix", ".")
    assert (code, [line.partition(":")[0] for line in out]) == (
        1,
        ["tagger.py", "1 fixed, 1 left (1 with `--unsafe-fixes`)."],
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "No such file or directory (`--write-baseline` writes it)"),
        ("{", "is no baseline that packlint has written"),
        ("[]", "is no baseline that packlint has written"),
        ("[" * 100_000, "is no baseline that packlint has written"),
        ("\udc80", "is no baseline that packlint has written"),
        ('{"version": 9, "findings": []}', "is of version 9, and this packlint reads 1"),
    ],
)
def test_a_baseline_that_is_none(project: Path, capsys: pytest.CaptureFixture[str], text: str | None, why: str) -> None:
    if text is not None:
        (project / "old.json").write_text(text, errors="surrogateescape")
    code, out, err = run(capsys, "--baseline", "old.json", ".")
    assert (code, len(out), err) == (2, 3, f"packlint: old.json: {why}\n")


def test_what_is_written_is_sorted_and_relative(known: Path) -> None:
    document = json.loads((known / "old.json").read_text())
    assert [(one["file"], one["code"], one["function"]) for one in document["findings"]] == [
        ("encoder.py", "PCK204", "Encoder.forward"),
        ("tagger.py", "PCK101", "Tagger.forward"),
    ]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--write-baseline"], "--write-baseline: --baseline, or `baseline` in the configuration, says which file"),
        (["--shrink-baseline"], "--shrink-baseline: --baseline, or `baseline` in the configuration, says which file"),
        (["--no-baseline", "--write-baseline"], "--write-baseline: --baseline, or"),
        (
            ["--baseline", "b", "--write-baseline", "--shrink-baseline"],
            "--shrink-baseline: --write-baseline writes all",
        ),
        (["--baseline", ""], "argument --baseline: a file is wanted, not ''"),
    ],
)
def test_a_wrong_option_is_one_line(
    project: Path, capsys: pytest.CaptureFixture[str], words: list[str], line: str
) -> None:
    code, out, err = run(capsys, *words, ".")
    assert (code, out, err.count("\n")) == (2, [], 1)
    assert err.startswith(f"packlint: error: {line}")


def test_a_folder_that_is_not_there(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "--baseline", "none/old.json", "--write-baseline", ".")
    assert (code, err) == (2, "packlint: none/old.json: No such file or directory\n")


# --- the key ---


def configured(folder: Path, name: str = "old.json") -> None:
    (folder / "pyproject.toml").write_text(f'[tool.packlint]\nbaseline = "{name}"\n')


def shown(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, list[str], str]:
    """The exit code, the files and codes of what is shown, and what is said, by the configuration that there is."""
    code = main(["check", "-j1", "--output-format=concise", *words])
    out, err = capsys.readouterr()
    lines = [line for line in out.splitlines() if ": PCK" in line]
    return code, [f"{line.split(':')[0]} {line.split(': ')[1].split()[0]}" for line in lines], err


def entries(path: Path) -> list[tuple[str, str]]:
    return [(one["file"], one["code"]) for one in json.loads(path.read_text())["findings"]]


def test_the_configuration_names_a_baseline(known: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configured(known)
    assert shown(capsys, ".") == (0, [], "")
    assert shown(capsys, "tagger.py") == (0, [], "")
    assert shown(capsys, "--no-baseline", ".") == (1, ["encoder.py PCK204", "tagger.py PCK101"], "")
    (known / "other.py").write_text(PADDED)
    assert shown(capsys, ".") == (1, ["other.py PCK101"], "")


def test_the_command_line_names_another(known: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configured(known)
    (known / "empty.json").write_text('{"version": 1, "findings": []}')
    assert shown(capsys, "--baseline", "empty.json", ".")[:2] == (1, ["encoder.py PCK204", "tagger.py PCK101"])


def test_it_is_relative_to_the_file_that_names_it(
    known: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (known / "deep").mkdir()
    (known / "old.json").rename(known / "deep" / "known.json")
    configured(known, "deep/known.json")
    assert shown(capsys, "--write-baseline", ".") == (0, [], "")
    assert entries(known / "deep" / "known.json") == [("../encoder.py", "PCK204"), ("../tagger.py", "PCK101")]
    monkeypatch.chdir(known / "deep")
    assert shown(capsys, "..") == (0, [], "")


def test_each_project_has_its_own(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("one", "two", "three"):
        (project / name).mkdir()
        (project / name / "tagger.py").write_text(PADDED)
    configured(project / "one")
    configured(project / "two")
    code, found, err = shown(capsys, "--write-baseline", "one", "two")
    assert (code, found, err) == (0, [], "")
    assert entries(project / "one" / "old.json") == entries(project / "two" / "old.json") == [("tagger.py", "PCK101")]
    assert shown(capsys, "one", "two", "three") == (1, ["three/tagger.py PCK101"], "")
    code, _, err = shown(capsys, "--write-baseline", "one", "three")
    assert code == 2
    assert err == "packlint: 1 finding not written: in files whose configuration names no baseline\n"


def test_one_that_cannot_be_read_is_one_line(known: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configured(known, "gone.json")
    found = ["encoder.py PCK204", "tagger.py PCK101"]
    err = "packlint: gone.json: No such file or directory (`--write-baseline` writes it)\n"
    assert shown(capsys, ".") == (2, found, err)
    assert shown(capsys, "--isolated", ".") == (1, found, "")


# --- what is stale ---


def test_ci_fails_on_what_is_stale(known: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--baseline", "old.json", "--exit-non-zero-on-stale", ".")
    assert run(capsys, *words) == (0, ["All checks passed!"], "")
    (known / "encoder.py").write_text(FIXED)
    code, out, err = run(capsys, *words)
    assert (code, out) == (1, ["All checks passed!"])
    assert err.splitlines() == [
        f"packlint: old.json: stale: encoder.py: PCK204 in Encoder.forward: {PACK}",
        "packlint: old.json: 1 stale, no longer found there (`--shrink-baseline` drops them)",
    ]
    assert run(capsys, *words, "--exit-zero")[0] == 1
    assert run(capsys, *words, "--diff")[0] == 1
    assert run(capsys, *words, "--shrink-baseline")[0] == 0
    assert run(capsys, *words) == (0, ["All checks passed!"], "")


def test_what_is_stale_in_a_project_below_is_said(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "below").mkdir()
    configured(project / "below")
    (project / "below" / "encoder.py").write_text(SAFE)
    assert shown(capsys, "--write-baseline", "below")[0] == 0
    (project / "below" / "encoder.py").write_text(FIXED)
    code, _, err = shown(capsys, ".")
    assert (code, "below/old.json: 1 stale" in err) == (1, True)


def test_a_file_that_lost_its_layers_is_stale(known: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (known / "encoder.py").write_text("import torch\n")
    for path in (".", "encoder.py"):
        assert "1 stale" in run(capsys, "--baseline", "old.json", path)[2]


@pytest.mark.parametrize(
    "words",
    [
        ["tagger.py"],  # not checked
        [".", "--exclude", "encoder.py"],
        [".", "--select", "PCK1"],  # checked for other rules
        [".", "--per-file-ignores", "encoder.py:PCK2"],
    ],
)
def test_what_was_not_checked_is_not_stale(known: Path, capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    (known / "encoder.py").write_text(FIXED)
    before = (known / "old.json").read_bytes()
    assert run(capsys, "--baseline", "old.json", *words) == (0, ["All checks passed!"], "")
    assert run(capsys, "--baseline", "old.json", "--shrink-baseline", *words) == (0, ["All checks passed!"], "")
    assert run(capsys, "--baseline", "old.json", "--write-baseline", *words)[0] == 0
    assert (known / "old.json").read_bytes() == before


@pytest.mark.parametrize("text", [SAFE.replace("def train", "def 1"), "# coding: none\nnn.LSTM("])
def test_of_a_file_that_cannot_be_checked_nothing_is_stale(
    known: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    (known / "encoder.py").write_text(text)
    code, _, err = run(capsys, "--baseline", "old.json", "--shrink-baseline", ".")
    assert code in (1, 2)
    assert "stale" not in err
    assert len(entries(known / "old.json")) == 2


def test_a_syntax_error_that_is_known_is_listed_once(known: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (known / "encoder.py").write_text(SAFE.replace("def train", "def 1"))
    for _ in range(2):
        assert run(capsys, "--baseline", "old.json", "--write-baseline", ".")[0] == 0
        assert [code for _, code in entries(known / "old.json")] == ["PCK001", "PCK204", "PCK101"]
    assert run(capsys, "--baseline", "old.json", ".") == (0, ["All checks passed!"], "")


def test_a_file_that_is_gone_is_stale_where_its_folder_was_searched(
    known: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (known / "sub").mkdir()
    (known / "sub" / "other.py").write_text(PADDED)
    (known / "encoder.py").unlink()
    for path in ("tagger.py", "sub"):
        assert "stale" not in run(capsys, "--baseline", "old.json", path)[2]
    for path in (".", "encoder.py"):
        assert "old.json: 1 stale" in run(capsys, "--baseline", "old.json", path)[2]


# --- shrinking ---


def test_shrinking_drops_what_is_gone_and_adds_nothing(known: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--baseline", "old.json", "--shrink-baseline", ".")
    (known / "other.py").write_text(PADDED)
    before = (known / "old.json").stat()
    assert run(capsys, *words)[0::2] == (1, "")
    assert (known / "old.json").stat() == before
    (known / "encoder.py").write_text(FIXED)
    code, out, err = run(capsys, *words)
    assert (code, len(out), err) == (1, 2, "packlint: old.json: dropped 1, 1 left\n")
    assert entries(known / "old.json") == [("tagger.py", "PCK101")]


def test_of_two_that_are_alike_one_is_dropped(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = "        out, _ = self.rnn(pad_sequence(xs, batch_first=True))\n"
    line = "            self.rnn(pad_sequence(xs, batch_first=True))[0],\n"
    one, two = (PADDED.replace(before, f"        out = [\n{lines}        ]\n") for lines in (line, line + line))
    (project / "tagger.py").write_text(two)
    run(capsys, "--baseline", "old.json", "--write-baseline", "tagger.py")
    assert len(entries(project / "old.json")) == 2
    (project / "tagger.py").write_text(one)
    code, _, err = run(capsys, "--baseline", "old.json", "--shrink-baseline", "tagger.py")
    assert (code, err) == (0, "packlint: old.json: dropped 1, 1 left\n")
    (project / "tagger.py").write_text(two)
    code, out, err = run(capsys, "--baseline", "old.json", "tagger.py")
    assert (code, len(out), err) == (1, 2, "")


def test_a_baseline_keeps_its_mode_and_its_link(known: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (known / "real").mkdir()
    (known / "old.json").rename(known / "real" / "kept.json")
    (known / "real" / "kept.json").chmod(0o640)
    (known / "old.json").symlink_to("real/kept.json")
    (known / "encoder.py").write_text(FIXED)
    run(capsys, "--baseline", "old.json", "--shrink-baseline", ".")
    assert (known / "old.json").is_symlink()
    assert (known / "real" / "kept.json").stat().st_mode & 0o777 == 0o640
    assert len(entries(known / "old.json")) == 1


# --- writing anew ---


def test_writing_for_a_part_keeps_the_rest(known: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (known / "other.py").write_text(PADDED)
    (known / "encoder.py").write_text(FIXED)
    code, out, _ = run(capsys, "--baseline", "old.json", "--write-baseline", "other.py")
    assert (code, out) == (0, ["Wrote 3 findings to old.json."])
    assert run(capsys, "--baseline", "old.json", "--write-baseline", ".")[1] == ["Wrote 2 findings to old.json."]
    assert entries(known / "old.json") == [("other.py", "PCK101"), ("tagger.py", "PCK101")]


def test_nothing_is_written_over_what_is_no_baseline(known: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "--baseline", "tagger.py", "--write-baseline", ".")
    assert (code, out, err) == (2, [], "packlint: tagger.py: is no baseline that packlint has written\n")
    assert (known / "tagger.py").read_text() == PADDED


# --- files that were renamed ---


@pytest.mark.parametrize("name", ["reader.py", "sub/tagger.py"])
def test_a_file_that_was_renamed_or_moved(known: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    (known / "sub").mkdir()
    (known / "tagger.py").rename(known / name)
    stale = "packlint: old.json: 1 stale, no longer found there (`--shrink-baseline` drops them)\n"
    assert run(capsys, "--baseline", "old.json", name) == (0, ["All checks passed!"], "")
    assert run(capsys, "--baseline", "old.json", ".") == (0, ["All checks passed!"], stale)
    shrink = ("--baseline", "old.json", "--shrink-baseline")
    assert run(capsys, *shrink, name)[2] == ""
    assert run(capsys, *shrink, ".")[2] == "packlint: old.json: dropped 0, renamed 1, 2 left\n"
    assert entries(known / "old.json") == [("encoder.py", "PCK204"), (name, "PCK101")]
    assert run(capsys, "--baseline", "old.json", ".") == (0, ["All checks passed!"], "")


def test_a_copy_is_new(known: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (known / "reader.py").write_text(PADDED)  # the file is there still
    assert run(capsys, "--baseline", "old.json", ".")[0] == 1


def test_of_two_copies_one_is_a_renamed_file(known: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (known / "tagger.py").unlink()
    for name in ("a.py", "b.py"):
        (known / name).write_text(PADDED)
    assert run(capsys, "--baseline", "old.json", "--shrink-baseline", ".")[2].endswith("renamed 1, 2 left\n")
    assert entries(known / "old.json") == [("a.py", "PCK101"), ("encoder.py", "PCK204")]
    code, out, _ = run(capsys, "--baseline", "old.json", ".")
    assert (code, out[0].partition(":")[0]) == (1, "b.py")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("tagger.py", "sub/reader.py"),  # another name in another folder may be anything
        ("tagger.py", "encoder.py"),  # it has entries of its own
    ],
)
def test_what_is_no_renamed_file(known: Path, capsys: pytest.CaptureFixture[str], old: str, new: str) -> None:
    (known / "sub").mkdir()
    (known / old).unlink()
    (known / new).write_text(PADDED)
    code, out, err = run(capsys, "--baseline", "old.json", ".")
    assert (code, out[0].partition(":")[0]) == (1, new)
    assert "stale" in err


# --- with other options ---


def test_comments_are_added_to_what_is_new(known: Path, capsys: pytest.CaptureFixture[str]) -> None:
    again = PADDED.partition("class Tagger")[2]
    (known / "tagger.py").write_text(f"{PADDED}\n\nclass Other{again}")
    assert run(capsys, "--baseline", "old.json", "--add-noqa", ".")[1] == ["Added noqa comments for 1 finding."]
    assert (known / "tagger.py").read_text().count("# noqa") == 1
    assert run(capsys, "--baseline", "old.json", ".") == (0, ["All checks passed!"], "")
    assert run(capsys, "--baseline", "old.json", "--no-baseline", "--add-noqa", ".")[1] == [
        "Added noqa comments for 2 findings."
    ]


def test_where_a_line_has_two_the_new_one_gets_the_comment(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = "        out, _ = self.rnn(pad_sequence(xs, batch_first=True))\n        return out\n"
    both = "        return self.rnn(pad_sequence(xs, batch_first=True))[0][:, -1]\n"
    (project / "tagger.py").write_text(PADDED.replace(line, both))
    run(capsys, "--baseline", "old.json", "--select=PCK101", "--write-baseline", "tagger.py")
    new = run(capsys, "--baseline", "old.json", "tagger.py")[1][:-1]
    assert [one.split()[1] for one in new] == ["PCK302"]
    out = run(capsys, "--baseline", "old.json", "--add-noqa", "tagger.py")[1]
    assert out == ["Added noqa comments for 1 finding."]
    assert (project / "tagger.py").read_text().endswith("[:, -1]  # noqa: PCK302\n")
    assert run(capsys, "--baseline", "old.json", "tagger.py") == (0, ["All checks passed!"], "")


def test_standard_input_has_the_baseline_of_its_name(
    known: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    configured(known)
    stale = "packlint: old.json: 1 stale, no longer found there (`--shrink-baseline` drops them)\n"
    for name, text, expected in (
        ("tagger.py", PADDED, (0, "")),
        ("other.py", PADDED, (1, "")),
        ("tagger.py", "import torch\n", (0, stale)),
    ):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        assert shown(capsys, "--stdin-filename", name, "-")[0::2] == expected


def test_a_run_without_a_baseline_imports_nothing_of_it(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(PADDED)
    code = (
        "import sys\nfrom packlint.cli import main\nmain(sys.argv[1:])\nprint(*sys.modules, sep='\\n', file=sys.stderr)"
    )
    command = [sys.executable, "-c", code, str(tmp_path), "-j1"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert not set(done.stderr.split()) & {"packlint.baseline", "packlint.baseline_command", "tempfile"}
