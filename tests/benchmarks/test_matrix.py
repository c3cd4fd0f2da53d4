"""The matrix of layers, on as little as it takes; and its committed data, which the page is made from."""

from __future__ import annotations

import itertools
import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from benchmarks import matrix  # noqa: E402
from benchmarks.packing_page import pages  # noqa: E402

DATA = sorted((ROOT / "benchmarks" / "data").glob("matrix-*.json"))


def few(device: str, dtypes: list[str], seed: int) -> list[object]:
    return list(itertools.islice(matrix_cases(device, dtypes, seed), 2))


matrix_cases = matrix.cases


def test_a_matrix_there_and_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch", reason="PyTorch is not installed")
    monkeypatch.setattr(matrix, "cases", few)
    monkeypatch.setitem(matrix.SIZES, "cpu", (3, 5, 2, 4))
    output = tmp_path / "matrix.json"
    words = ["--repeats", "1", "--output", str(output)]
    assert matrix.main(words) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "2 measured, 0 not right when packed, 0 raised, 0 left out"
    found = matrix.read(output.read_text())
    assert matrix.read(matrix.write(found)) == found
    assert found.command == " ".join(["python -m benchmarks.matrix", *words])
    assert [str(one.spec) for one in found.measurements] == ["nn.RNN(2, 4, batch_first=True)"] * 2


def test_what_has_no_time_is_left_out(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch", reason="PyTorch is not installed")
    monkeypatch.setattr(matrix, "cases", few)
    left = matrix.run("cpu", ["float32"], repeats=1, seed=0, minutes=-1, command="")
    assert left.measurements == ()
    assert len(left.left_out) == 2


def test_there_is_a_case_for_every_option() -> None:
    assert len(list(matrix.cases("cpu", matrix.DTYPES["cpu"], 0))) == 3 * 2 * 2 * 2 * 2 * 5
    assert len(list(matrix.cases("cuda", matrix.DTYPES["cuda"], 0))) == 3 * 2 * 2 * 2 * 3 * 5


def test_without_a_gpu_cuda_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemExit):
        matrix.main(["--device", "cuda"])
    assert "PyTorch sees no CUDA device here" in capsys.readouterr().err


@pytest.mark.parametrize("path", DATA, ids=lambda path: path.stem)
def test_the_committed_data_is_whole(path: Path) -> None:
    found = matrix.read(path.read_text(encoding="utf-8"))
    assert matrix.write(found) == path.read_text(encoding="utf-8")
    wanted = list(matrix.cases(found.device, matrix.DTYPES[found.device], 0))
    assert len(found.measurements) + len(found.raised) + len(found.left_out) == len(wanted)
    assert all(one.packed.error <= one.tolerance for one in found.measurements)
    assert found.command.startswith("python -m benchmarks.matrix ")
    assert found.torch
    assert found.machine


def test_no_page_is_stale() -> None:
    docs = ROOT / "docs"
    written = {f"plots/{path.name}": path.read_text(encoding="utf-8") for path in (docs / "plots").glob("*.svg")}
    written["packing.md"] = (docs / "packing.md").read_text(encoding="utf-8")
    assert written == pages(), "run: python docs/make_packing_page.py"


def test_plots_are_whole_and_shown() -> None:
    written = pages()
    shown = re.findall(r"\]\((plots/[^)]+)\)", written["packing.md"])
    assert sorted(shown) == sorted(written.keys() - {"packing.md"})
    for name in shown:
        root = ET.fromstring(written[name])
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert root.findtext("{http://www.w3.org/2000/svg}desc")
