"""packlint beside other linters: how they are called, what is reckoned, and the page; nothing here is timed."""

from __future__ import annotations

import os
import re
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

pytest.importorskip("resource", reason="what a process took is asked of POSIX")

from benchmarks import gate, monorepo, speed_page  # noqa: E402
from benchmarks.gate import BATCHES, COLD, FIRST, HALF, MODEL, OURS, PEERS, RUFFS, WARM, Gate, Timing, Tree  # noqa: E402
from benchmarks.speed import Cost  # noqa: E402

RUFF_F, RUFF_ALL = RUFFS
PLUGIN = next(peer for peer in PEERS if peer.name == "flake8+packlint")
PYLINT = next(peer for peer in PEERS if peer.name == "pylint")
ONE = Tree("one file", 1, 2, 50, 1, 50, 50)
TORCH = Tree("torch", 1000, 50_000, 2_000_000, 10, 20_000, 10_000)
SMALL = Tree("100 files", 100, 3_000, 100_000, 10, 20_000, 10_000, made=True)
LARGE = Tree("1,000 files", 1_000, 30_000, 1_000_000, 10, 20_000, 10_000, made=True)
FAKE = """\
import sys
if "--version" in sys.argv:
    print("fake 3.1.4")
elif "--cache-dir" in sys.argv and {old}:
    sys.exit("fake: error: unrecognized arguments: --cache-dir")
sys.exit({code})
"""


def timing(tree: Tree, linter: str, state: str, wall: float, processors: int = 2) -> Timing:
    costs = (Cost(wall, 2 * wall, 30.0), Cost(wall * 9, wall, 300.0), Cost(wall / 9, 3 * wall, 3.0))
    return Timing(tree.name, linter, state, processors, costs)


@pytest.fixture
def measured() -> Gate:
    """One of each kind, in round numbers."""
    seconds = [
        (ONE, "packlint", COLD, 0.1),
        (ONE, "ruff F", COLD, 0.02),
        (TORCH, "packlint", COLD, 2.0),
        (TORCH, "packlint", FIRST, 2.5),
        (TORCH, "packlint", WARM, 0.5),
        (TORCH, "ruff F", COLD, 1.0),
        (TORCH, "ruff F", WARM, 0.25),
        (TORCH, "ruff ALL", COLD, 8.0),
        (TORCH, "pylint", COLD, 4.0),
        (TORCH, "pylint", HALF[COLD], 3.0),
        (SMALL, "packlint", COLD, 1.0),
        (LARGE, "packlint", COLD, 12.0),
        (LARGE, "packlint", WARM, 1.5),
        (LARGE, "packlint", MODEL, 1.75),
        (LARGE, "packlint", BATCHES, 1.625),
        (LARGE, "ruff F", COLD, 6.0),
    ]
    versions = {"Python": "3.11.7", "packlint": "0.1.0", "ruff F": "0.17.6", "ruff ALL": "0.17.6", "pylint": "4.1.4"}
    timings = [timing(*one) for one in seconds]
    trees = [ONE, TORCH, SMALL, LARGE]
    return Gate("python -m benchmarks.gate", "AMD, 2 processors, Linux", versions, 3, 0, trees, timings)


# --- what is reckoned ---


def test_numbers_are_medians(measured: Gate) -> None:
    found = measured.find("torch", "packlint", COLD, 2)
    assert found == Cost(2.0, 4.0, 30.0)
    assert measured.find("torch", "packlint", COLD, 1) is None
    assert measured.find("torch", "fixit", COLD, 2) is None


def test_what_a_sample_says_of_all() -> None:
    tree = Tree("tree", 100, 0, 5_000, 20, 1_000, 500)
    # The second half of the sample took 2 s: 4000 bytes more are eight such halves.
    assert gate.reckoned(Cost(5.0, 4.0, 70.0), Cost(3.0, 3.5, 60.0), tree) == Cost(21.0, 8.0, 70.0)


def test_a_sample_of_everything_is_taken_as_it_is() -> None:
    whole = Tree("tree", 2, 0, 1_000, 2, 1_000, 500)
    assert gate.reckoned(Cost(5.0, 4.0, 70.0), Cost(3.0, 3.5, 60.0), whole) == Cost(5.0, 4.0, 70.0)
    assert gate.reckoned(Cost(5.0, 4.0, 70.0), Cost(3.0, 3.5, 60.0), ONE) == Cost(5.0, 4.0, 70.0)


def test_a_half_that_took_longer_takes_nothing_off() -> None:
    assert gate.reckoned(Cost(1.0, 1.0, 9.0), Cost(1.5, 1.5, 9.0), TORCH) == Cost(1.0, 1.0, 9.0)


def test_who_has_no_cache_is_never_warm(measured: Gate) -> None:
    assert measured.took(TORCH, RUFF_ALL, WARM, 2) == measured.find("torch", "ruff ALL", COLD, 2)
    assert measured.took(TORCH, PYLINT, WARM, 2) == measured.took(TORCH, PYLINT, COLD, 2) is not None
    assert measured.took(LARGE, RUFF_F, WARM, 2) is None


def test_ratios_and_what_is_bounded(measured: Gate) -> None:
    rows = {row.what: row for row in gate.rows(measured)}
    assert rows["torch, cold, 2: over ruff F"].found == 2.0
    assert rows["torch, cold, 2: over ruff F"].bar == 1.5
    assert rows["torch, warm, 2: over ruff F"].found == 2.0
    assert rows["torch, warm, 2: over ruff F"].bar is None
    assert rows["torch, cold, 2: over ruff ALL"].found == 0.25
    assert rows["torch, cold, 2: over pylint"].found == pytest.approx(2 / (4 + 198))
    assert rows["torch, cold, 2: over pylint"].detail.endswith("from 10 files")
    assert rows["torch, warm, 2: over cold ruff F"].found == 0.5
    assert rows["torch, warm, 2: over cold ruff F"].bar == 0.5
    assert rows["1,000 files, cold, 2: over ruff F"].bar == 1.5
    assert rows["1,000 files, model changed, 2: over warm"].found == pytest.approx(1.75 / 1.5)
    assert rows["1,000 files, batches changed, 2: over warm"].bar == 1.3
    assert rows["1,000 files, cold, 2: peak of one process"].found == 30.0
    assert rows["1,000 files, cold, 2: peak of one process"].bar == 250
    grown = rows["cold, 2: 1,000 files over 100, for 10 x as much"]
    assert grown.found == 12.0
    assert grown.bar == pytest.approx(11.0)
    assert "torch, warm, 2: over ruff ALL" not in rows
    assert "warm, 2: 1,000 files over 100, for 10 x as much" not in rows


def test_the_data_is_read_as_it_was_written(measured: Gate) -> None:
    text = gate.write(measured)
    assert gate.write(gate.read(text)) == text
    assert gate.read(text).took(TORCH, PYLINT, COLD, 2) == measured.took(TORCH, PYLINT, COLD, 2)


# --- how linters are called ---


def test_a_cached_linter_is_told_about_its_cache() -> None:
    cold = OURS.command(COLD, 2, Path("cache"), ["tree"])
    assert cold[-4:] == ["--jobs", "2", "--no-cache", "tree"]
    assert OURS.command(WARM, 1, Path("cache"), ["a", "b"])[-6:] == ["--jobs", "1", "--cache-dir", "cache", "a", "b"]
    assert "--cache-dir" not in RUFF_ALL.command(COLD, 2, Path("cache"), ["tree"])


def test_the_states_of_a_linter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []
    told: list[dict[str, str]] = []

    def noted(command: list[str], **environment: str) -> Cost:
        asked.append(command)
        told.append(environment)
        return Cost(1.0, 1.0, 1.0)

    monkeypatch.setattr(gate, "cost", noted)
    changed = (tmp_path / "model.py", tmp_path / "batches.py")
    for path in changed:
        path.write_text("x = 1\n")
    tree, files = tmp_path / "tree", [str(tmp_path / "a.py"), str(tmp_path / "b.py")]
    tree.mkdir()
    for file in (*files, str(tree / "c.py")):
        Path(file).write_text("x = 1\n")
    place = gate.Place(SMALL, (str(tree),), tuple(files), tuple(files[:1]), changed)
    states = [state for state, _ in gate.measured(OURS, place, 2, tmp_path)]
    assert states == [COLD, FIRST, WARM, MODEL, BATCHES]
    assert len(asked) == 7  # after each change once more, so that the next finds the cache full
    assert all(command[-1] == str(tree) for command in asked)
    asked.clear()
    assert [state for state, _ in gate.measured(PYLINT, place, 2, tmp_path)] == [COLD, HALF[COLD]]
    assert [command[-2:] for command in asked] == [files, ["2", files[0]]]
    told.clear()
    states = [state for state, _ in gate.measured(PLUGIN, place, 2, tmp_path)]
    assert states == [COLD, HALF[COLD], FIRST, WARM, HALF[WARM]]
    kept = {"PACKLINT_CACHE_DIR": str(tmp_path / "flake8+packlint")}
    assert told == [{"PACKLINT_NO_CACHE": "1"}, {"PACKLINT_NO_CACHE": "1"}, kept, kept, kept]


def test_a_file_is_changed_and_is_afterwards_what_it_was(tmp_path: Path) -> None:
    path = tmp_path / "model.py"
    path.write_bytes(b"x = 1\r\n")
    os.utime(path, ns=(10**18, 10**18 + 5))
    meanwhile = b""

    def interrupted() -> None:
        nonlocal meanwhile
        with gate.touched(path):
            meanwhile = path.read_bytes()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert meanwhile.startswith(b"x = 1\r\n\n#")
    assert path.read_bytes() == b"x = 1\r\n"
    assert path.stat().st_mtime_ns == 10**18 + 5


def test_what_cannot_be_called_is_left_out_and_said(tmp_path: Path) -> None:
    place = gate.Place(ONE, ("tree",), ("tree",), ("tree",))

    def fake(code: int, old: bool = False) -> gate.Linter:
        script = tmp_path / f"fake{code}{old}.py"
        script.write_text(FAKE.format(code=code, old=old))
        return gate.Linter("fake", (sys.executable, str(script)), "options")

    assert gate.usable(fake(0), place, tmp_path) == (fake(0), None)
    assert gate.usable(fake(3), place, tmp_path) == (None, "fake, cold: exit code 3: nothing")
    left, why = gate.usable(fake(0, old=True), place, tmp_path)
    assert why == "fake, warm: exit code 1: fake: error: unrecognized arguments: --cache-dir"
    assert left is not None
    assert left.command(COLD, 1, tmp_path, ["tree"])[-2:] == ["--no-cache", "tree"]
    gone = replace(fake(0), words=("no-such-program",))
    assert gate.usable(gone, place, tmp_path) == (None, "fake: No such file or directory")


def test_a_linter_that_a_signal_ends_is_left_out_of_that_tree(tmp_path: Path) -> None:
    killed = gate.Linter("killed", (sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"))
    fine = gate.Linter("fine", (sys.executable, "-c", "pass"))
    found = Gate("", "", {}, 1, 0)
    gate.over(found, gate.Place(SMALL, (), (), ()), [killed, fine], tmp_path)
    assert found.left_out == ["killed on 100 files: ended by signal 9"]
    assert {(one.linter, one.processors) for one in found.timings} == {("fine", 1), ("fine", 2)}


def test_programs_are_those_that_were_given() -> None:
    linters = gate.chosen("here/ruff", ["pylint=there/pylint"])
    assert [(one.name, one.words[0]) for one in linters[1:]] == [
        ("ruff F", "here/ruff"),
        ("ruff ALL", "here/ruff"),
        ("pylint", "there/pylint"),
    ]
    assert linters[0] is OURS


@pytest.mark.parametrize(
    ("words", "message"),
    [(["--peer", "black=black"], "--peer black: one of flake8, "), (["--tree", "t=no-such-folder"], "no Python files")],
)
def test_what_cannot_be_measured_is_said(
    tmp_path: Path, words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gate.main([*words, "--output", str(tmp_path / "speed.json")]) == 2
    assert message in capsys.readouterr().err


def test_the_command_is_shown_without_the_places_of_a_machine() -> None:
    words = [
        "--tree",
        "corpus=/home/me/a,/home/me/b",
        "--peer",
        "pylint=/opt/bin/pylint",
        "--output",
        "benchmarks/data",
    ]
    assert gate.shown(words) == (
        "python -m benchmarks.gate --tree corpus=a,b --peer pylint=pylint --output benchmarks/data"
    )


# --- what is looked at ---


def test_a_sample_is_drawn_with_its_seed(tmp_path: Path) -> None:
    monorepo.write(tmp_path / "made", 60, 60, 0.02, 0)

    def look(lines: int, seed: int) -> gate.Place:
        return gate._place_of("", [str(tmp_path / "made")], True, lines, seed, ())

    place = look(2_000, 0)
    assert place == look(2_000, 0)
    assert place.sample != look(2_000, 1).sample
    assert set(place.half) < set(place.sample)
    tree = place.tree
    texts = [path.read_bytes() for path in (tmp_path / "made").rglob("*.py")]
    assert (tree.name, tree.files, tree.size) == ("60 files", 60, sum(map(len, texts)))
    assert tree.sample_size == sum(Path(path).stat().st_size for path in place.sample)
    assert tree.half_size == sum(Path(path).stat().st_size for path in place.half)
    assert sum(Path(path).read_bytes().count(b"\n") for path in place.sample) >= 2_000
    assert look(10**9, 0).tree.sample_files == 60


def test_the_files_that_are_changed_belong_together(tmp_path: Path) -> None:
    monorepo.write(tmp_path / "made", 200, 100, 0.06, 0)
    model, batches = monorepo.changed_files(tmp_path / "made")
    assert batches.is_file()
    assert re.search(r"pack_padded_sequence", model.read_text(encoding="utf-8"))
    assert re.search(r"def collate_", batches.read_text(encoding="utf-8"))
    assert monorepo.changed_files(tmp_path) == ()


def test_the_files_to_change_are_named(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text("x = 1\n")

    def look(*changed: str) -> tuple[Path, ...]:
        return gate._place_of("tree", [str(tmp_path)], False, 10, 0, changed).changed

    assert look() == ()
    assert look("model.py") == (tmp_path / "model.py",)
    with pytest.raises(ValueError, match=r"other[.]py: no such file"):
        look("model.py", "other.py")


def test_all_of_it_on_as_little_as_it_takes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    monorepo.write(tmp_path / "small", 40, 40, 0.02, 0)
    monorepo.write(tmp_path / "large", 80, 40, 0.02, 0)
    output = tmp_path / "speed.json"
    words = ["--made", str(tmp_path / "large"), "--made", str(tmp_path / "small"), "--runs", "1"]
    assert gate.main([*words, "--output", str(output), "--ruff", "no-such-ruff"]) == 0
    out, err = capsys.readouterr()
    assert "left out: ruff F: No such file or directory" in err
    assert "| cold, 2: 80 files over 40, for " in out
    found = gate.read(output.read_text(encoding="utf-8"))
    assert [tree.name for tree in found.trees] == ["one file", "40 files", "80 files"]
    assert all(found.took(tree, OURS, COLD, count) is not None for tree in found.trees for count in (1, 2))
    assert found.machine
    assert str(tmp_path) not in output.read_text(encoding="utf-8")


# --- the page ---


def test_no_page_is_stale() -> None:
    docs = ROOT / "docs"
    plots = docs / "plots" / "speed"
    written = {f"plots/speed/{path.name}": path.read_text(encoding="utf-8") for path in plots.glob("*.svg")}
    written["speed.md"] = (docs / "speed.md").read_text(encoding="utf-8")
    assert written == speed_page.pages(), "run: python docs/make_speed_page.py"


def test_without_figures_the_page_says_how_to_make_them(tmp_path: Path) -> None:
    written = speed_page.pages(tmp_path / "speed.json")
    assert list(written) == ["speed.md"]
    assert "There are no figures yet" in written["speed.md"]


def test_the_page_shows_what_was_measured(tmp_path: Path, measured: Gate) -> None:
    measured.left_out.append("fixit: No such file or directory")
    (tmp_path / "speed.json").write_text(gate.write(measured), encoding="utf-8")
    written = speed_page.pages(tmp_path / "speed.json")
    page = written["speed.md"]
    assert "Not measured: fixit: No such file or directory." in page
    cold, warm = page.split("\nCold:\n")[1].split("\nWarm; ")
    assert "| packlint | 1 | 1 | 1 | 1 |" in cold
    assert "| ruff F | 0.2 | 0.5 |  | 0.5 |" in cold
    assert "| ruff ALL |  | 4 |  |  |" in cold
    assert "| pylint \\* |  | 100 |  |  |" in cold  # 202 s over 2 s
    assert "fixit" not in cold
    assert "| pylint \\* |  | 400 |  |  |" in warm
    assert "| packlint, cold | 10,000 | 12,000 |" in page
    assert "| made, 1,000 files | packlint | 12 | 1.5 | 1.75 | 1.62 |" in page
    assert "| packlint | 30 | 30 | 30 | 30 |" in page.split("## Memory")[1]
    assert "e+0" not in page


def test_plots_are_whole_and_shown(tmp_path: Path, measured: Gate) -> None:
    (tmp_path / "speed.json").write_text(gate.write(measured), encoding="utf-8")
    written = speed_page.pages(tmp_path / "speed.json")
    shown = re.findall(r"\]\((plots/[^)]+)\)", written["speed.md"])
    assert sorted(shown) == sorted(written.keys() - {"speed.md"})
    assert "plots/speed/beside-torch.svg" in shown
    for name in shown:
        root = ET.fromstring(written[name])
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        described = root.findtext("{http://www.w3.org/2000/svg}desc") or ""
        assert "AMD, 2 processors, Linux" in described
        assert "Python 3.11.7" in described
