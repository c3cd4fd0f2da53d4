"""The mutators on small sources, and the runner on a small project."""

from __future__ import annotations

import ast
import json
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from benchmarks.mutants import Candidate, Project, Read, candidates, is_found, main, read_labels  # noqa: E402
from benchmarks.mutators import MUTATORS, Module, apply, moved_row  # noqa: E402

HEAD = """
    import torch
    import torch.nn.functional as F
    from torch import nn
    from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
"""


def mutated(kind: str, source: str) -> list[str]:
    """The sources that a kind of mutant makes of a source, each of which must parse."""
    module = Module(textwrap.dedent(source).encode())
    results = [apply(module.source, mutant.edits).decode() for mutant in MUTATORS[kind](module)]
    for result in results:
        ast.parse(result)
    return results


def lines(kind: str, source: str) -> list[str]:
    """The lines that are new in the one mutant, without their indentation."""
    old = textwrap.dedent(source).splitlines()
    (new,) = mutated(kind, source)
    return [line.strip() for line in new.splitlines() if line not in old]


TAGGER = (
    HEAD
    + """
    class Tagger(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.LSTM(8, 8, batch_first=True, bidirectional=True)

        def forward(self, x, lengths):
            packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
            packed, _ = self.rnn(packed)
            out, _ = pad_packed_sequence(packed, batch_first=True, total_length=x.size(1))
            return out
"""
)


@pytest.mark.parametrize(
    ("kind", "new"),
    [
        ("packing dropped", ["packed = x", "out = packed"]),
        (
            "enforce_sorted flipped",
            ["packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=True)"],
        ),
        (
            "batch_first of pack flipped",
            ["packed = pack_padded_sequence(x, lengths.cpu(), batch_first=False, enforce_sorted=False)"],
        ),
        (
            "batch_first of unpack flipped",
            ["out, _ = pad_packed_sequence(packed, batch_first=False, total_length=x.size(1))"],
        ),
        ("cpu() dropped", ["packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)"]),
        ("total_length dropped", ["out, _ = pad_packed_sequence(packed, batch_first=True)"]),
    ],
)
def test_one_change_to_a_plain_tagger(kind: str, new: list[str]) -> None:
    assert lines(kind, TAGGER) == new


@pytest.mark.parametrize(
    "kind",
    [
        "sort dropped",
        "sort turned",
        "inverse permutation dropped",
        "mask dropped before pooling",
        "padding moved to the left",
        "h_n replaced by the last step",
    ],
)
def test_nothing_to_change_in_a_plain_tagger(kind: str) -> None:
    assert mutated(kind, TAGGER) == []


def test_a_layout_that_is_not_told_is_told() -> None:
    source = HEAD + "\n    packed = pack_padded_sequence(x, lengths)"
    assert lines("batch_first of pack flipped", source) == [
        "packed = pack_padded_sequence(x, lengths, batch_first=True)"
    ]


def test_packing_is_kept_where_the_layer_has_another_layout() -> None:
    assert mutated("packing dropped", TAGGER.replace("8, batch_first=True", "8")) == []


def test_packing_is_kept_where_only_compute_would_be_lost() -> None:
    assert mutated("packing dropped", TAGGER.replace("bidirectional=True", "bidirectional=False")) == []


def test_packing_is_kept_where_the_packed_data_are_read() -> None:
    assert (
        mutated(
            "packing dropped", TAGGER.replace("packed, _ = self", "print(packed.data)\n            packed, _ = self")
        )
        == []
    )


def test_a_function_of_the_same_name_is_no_pack() -> None:
    source = TAGGER.replace("from torch.nn.utils.rnn import", "from mine import")
    assert mutated("enforce_sorted flipped", source) == []


def test_lengths_made_numbers_earlier_stay_where_they_are() -> None:
    source = (
        HEAD
        + """
    def encode(rnn, x, lengths):
        lengths = lengths.cpu().numpy()
        return rnn(pack_padded_sequence(x, lengths, batch_first=True))
"""
    )
    assert lines("cpu() dropped", source) == ["lengths = lengths"]


def test_the_state_becomes_the_last_step() -> None:
    source = (
        HEAD
        + """
    class Classifier(nn.Module):
        def __init__(self):
            self.rnn = nn.GRU(8, 8, batch_first=True)

        def forward(self, x, lengths):
            packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True)
            _, h_n = self.rnn(packed)
            return h_n[-1]
"""
    )
    assert lines("h_n replaced by the last step", source) == [
        "packed_outputs, h_n = self.rnn(packed)",
        "return nn.utils.rnn.pad_packed_sequence(packed_outputs, batch_first=True)[0][:, -1]",
    ]


def test_both_directions_become_the_last_step_of_what_is_unpacked() -> None:
    source = (
        HEAD
        + """
    class Classifier(nn.Module):
        def __init__(self):
            self.rnn = nn.LSTM(8, 8, bidirectional=True)

        def forward(self, x, lengths):
            y, (h, c) = self.rnn(pack_padded_sequence(x, lengths))
            out, _ = pad_packed_sequence(y)
            return out, torch.cat((h[-2], h[-1]), 1)
"""
    )
    assert lines("h_n replaced by the last step", source) == ["return out, out[-1]"]


SORTED = (
    HEAD
    + """
    def encode(rnn, x, lengths):
        lengths, order = lengths.sort(0, descending=True)
        packed = pack_padded_sequence(x[order], lengths, batch_first=True)
        out, _ = pad_packed_sequence(rnn(packed)[0], batch_first=True)
        _, back = order.sort(0)
        return out[back]
"""
)


@pytest.mark.parametrize(
    ("kind", "new"),
    [
        ("sort dropped", ["lengths, order = lengths, torch.arange(len(lengths))"]),
        ("sort turned", ["lengths, order = lengths.sort(0, descending=False)"]),
        ("inverse permutation dropped", ["return out"]),
    ],
)
def test_one_change_to_a_sort_by_hand(kind: str, new: list[str]) -> None:
    assert lines(kind, SORTED) == new


@pytest.mark.parametrize(
    ("before", "dropped", "turned"),
    [
        ("batch.sort(key=lambda t: len(t), reverse=True)", "pass", "batch.sort(key=lambda t: len(t), reverse=False)"),
        (
            "rows = sorted(rows, key=len, reverse=True)",
            "rows = list(rows)",
            "rows = sorted(rows, key=len, reverse=False)",
        ),
        (
            "rows = sorted(rows, key=lambda t: -len(t))",
            "rows = list(rows)",
            "rows = sorted(rows, key=lambda t: len(t))",
        ),
        (
            "order = lengths.argsort(descending=True)",
            "order = torch.arange(len(lengths))",
            "order = lengths.argsort(descending=False)",
        ),
    ],
)
def test_sorts_of_a_batch(before: str, dropped: str, turned: str) -> None:
    assert mutated("sort dropped", before) == [dropped]
    assert mutated("sort turned", before) == [turned]


@pytest.mark.parametrize("line", ["scores.sort(descending=True)", "rows.sort(key=len)", "sorted(words, reverse=True)"])
def test_other_sorts_are_left_alone(line: str) -> None:
    assert mutated("sort dropped", line) == []
    assert mutated("sort turned", line) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("batch[i, :n] = ids", "batch[i, -n:] = ids"),
        ("batch[i][0:len(ids)] = ids", "batch[i][-len(ids):] = ids"),
        ("batch[i, : n + 1] = ids", "batch[i, -(n + 1):] = ids"),
        ("ids = ids + [PAD] * (width - len(ids))", "ids = [PAD] * (width - len(ids)) + ids"),
        (
            "from torch.nn.functional import pad\nx = pad(x, (0, n))",
            "from torch.nn.functional import pad\nx = pad(x, (n, 0))",
        ),
        (
            "from torch.nn.utils.rnn import pad_sequence\nx = pad_sequence(rows, True)",
            'from torch.nn.utils.rnn import pad_sequence\nx = pad_sequence(rows, True, padding_side="left")',
        ),
    ],
)
def test_fillings_move_to_the_left(before: str, after: str) -> None:
    assert mutated("padding moved to the left", before) == [after]


@pytest.mark.parametrize(
    "line", ["batch[:n] = ids", "mask = [1] * n + [0] * k", "total = [0] + [1] * 3", "batch[i, n:] = 0"]
)
def test_other_fillings_are_left_alone(line: str) -> None:
    assert mutated("padding moved to the left", line) == []


def test_a_mask_is_dropped_before_a_softmax_only() -> None:
    source = (
        HEAD
        + """
    def attend(scores, mask, x):
        scores = scores.masked_fill(mask, -1e9)
        return (F.softmax(scores, dim=1) * x).sum(1)

    def hide(x, mask):
        return x.masked_fill(mask, 0)
"""
    )
    assert lines("mask dropped before pooling", source) == ["scores = scores"]


def test_positions_are_bytes_whatever_the_letters_and_line_ends() -> None:
    source = "# ärger\r\nbatch.sort(key=lambda t: len(t), reverse=True)  # größte zuerst\r\n".encode()
    module = Module(b"\xef\xbb\xbf" + source)
    (mutant,) = MUTATORS["sort dropped"](module)
    assert apply(module.source, mutant.edits) == b"\xef\xbb\xbf" + "# ärger\r\npass  # größte zuerst\r\n".encode()


def test_rows_move_with_the_lines_that_go() -> None:
    source = textwrap.dedent(TAGGER).replace("packed, batch", "packed,\nbatch").encode()
    module = Module(source)
    (mutant,) = MUTATORS["packing dropped"](module)
    new = apply(source, mutant.edits).decode().splitlines()
    row = next(number for number, line in enumerate(source.decode().splitlines(), 1) if "return out" in line)
    assert "return out" in new[moved_row(source, mutant.edits, row) - 1]


MODEL = textwrap.dedent(TAGGER).lstrip()
TRAIN = "from model import Tagger\n\nmodel = Tagger().cuda()\nmodel(x.cuda(), lengths.cuda())\n"


def label(verdict: str, rule: str | None = None) -> dict[str, object]:
    row = next(number for number, line in enumerate(MODEL.splitlines(), 1) if "packed = pack" in line)
    return {"repo": "a/b", "path": "model.py", "line": row, "site": "pack", "rule": rule, "verdict": verdict}


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus" / "a+b"
    folder.mkdir(parents=True)
    (folder / "model.py").write_text(MODEL, encoding="utf-8")
    (folder / "train.py").write_text(TRAIN, encoding="utf-8")
    (tmp_path / "labels.jsonl").write_text(json.dumps(label("ok")) + "\n", encoding="utf-8")
    (tmp_path / "files.jsonl").write_text(json.dumps({"repo": "a/b", "path": "model.py"}) + "\n", encoding="utf-8")
    return tmp_path


def of_corpus(corpus: Path, reads: tuple[Read, ...] = ()) -> dict[str, Candidate]:
    project = Project(corpus / "corpus" / "a+b")
    labels = read_labels(corpus / "labels.jsonl")["a+b"]
    return {candidate.mutant.kind: candidate for candidate in candidates("a+b", project, labels, reads)}


def test_mutants_count_where_the_rules_make_them_findings(corpus: Path) -> None:
    counts = {kind: candidate.counts for kind, candidate in of_corpus(corpus).items()}
    assert counts == {
        "packing dropped": True,
        "enforce_sorted flipped": True,
        "batch_first of pack flipped": False,
        "batch_first of unpack flipped": False,
        "cpu() dropped": True,
        "total_length dropped": False,
    }


def test_without_a_caller_little_counts(corpus: Path) -> None:
    (corpus / "corpus" / "a+b" / "train.py").unlink()
    assert [kind for kind, candidate in of_corpus(corpus).items() if candidate.counts] == ["packing dropped"]


def test_what_was_read_has_the_last_word(corpus: Path) -> None:
    read = Read("a+b", "model.py", "cpu() dropped", None, False, "the device is the CPU")
    assert not of_corpus(corpus, (read,))["cpu() dropped"].counts


def test_code_labelled_wrong_is_left_alone(corpus: Path) -> None:
    rows = [label("style", "PCK203"), label("bug", "PCK204")]
    (corpus / "labels.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    made = of_corpus(corpus)
    assert "cpu() dropped" not in made
    assert "enforce_sorted flipped" in made


def test_found_is_a_new_finding_of_the_right_code(corpus: Path) -> None:
    candidate = of_corpus(corpus)["enforce_sorted flipped"]
    source, row = MODEL.encode(), candidate.mutant.row
    assert is_found(candidate, source, set(), {("model.py", row, "PCK201")})
    assert not is_found(candidate, source, {("model.py", row, "PCK201")}, {("model.py", row, "PCK201")})
    assert not is_found(candidate, source, set(), {("model.py", row, "PCK204"), ("model.py", 1, "PCK201")})


STAND_IN = """
import json, sys
root = sys.argv[sys.argv.index("--root") + 1]
findings = []
for path in sys.argv[sys.argv.index("--root") + 2:]:
    for row, line in enumerate(open(path, encoding="utf-8"), 1):
        if "enforce_sorted=True" in line:
            findings.append({"code": "PCK201", "filename": path, "location": {"row": row, "column": 1}, "message": ""})
print(json.dumps(findings))
"""


def test_the_table_says_what_was_found(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stand_in = corpus / "stand_in.py"
    stand_in.write_text(STAND_IN, encoding="utf-8")
    arguments = ["--labels", str(corpus / "labels.jsonl"), "--files", str(corpus / "files.jsonl")]
    arguments += ["--root", str(corpus / "corpus"), "--packlint", f"{sys.executable} {stand_in}", "--jobs", "1"]
    assert main([*arguments, "--show", "missed"]) == 0
    out = capsys.readouterr().out
    table = {line[:32].strip(): line[32:].split() for line in out.splitlines() if line[:1].isalpha()}
    assert table["enforce_sorted flipped"] == ["1", "1", "1", "1", "1.00"]
    assert table["cpu() dropped"] == ["1", "1", "1", "0", "0.00"]
    assert table["all"] == ["6", "3", "3", "1", "0.33"]
    assert f"a+b/model.py:{label('ok')['line']} cpu() dropped in Tagger.forward" in out
    assert (corpus / "corpus" / "a+b" / "model.py").read_text(encoding="utf-8") == MODEL


def test_a_sample_is_the_same_for_the_same_seed(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stand_in = corpus / "stand_in.py"
    stand_in.write_text(STAND_IN, encoding="utf-8")
    arguments = ["--labels", str(corpus / "labels.jsonl"), "--files", str(corpus / "files.jsonl"), "--sample", "1"]
    arguments += ["--root", str(corpus / "corpus"), "--packlint", f"{sys.executable} {stand_in}", "--seed", "7"]
    outputs = []
    for _ in range(2):
        assert main(arguments) == 0
        outputs.append(capsys.readouterr().out)
    assert outputs[0] == outputs[1]
    assert outputs[0].splitlines()[-1].split()[3] == "1"


def test_a_failure_of_packlint_is_said_and_is_exit_2(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--labels", str(corpus / "labels.jsonl"), "--files", str(corpus / "files.jsonl"), "--jobs", "1"]
    assert main([*arguments, "--root", str(corpus / "corpus"), "--packlint", f"{sys.executable} -c 0"]) == 2
    assert "no JSON" in capsys.readouterr().err
