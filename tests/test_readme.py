"""What README.md and the other pages say is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from packlint.arguments import _parser
from packlint.cli import main
from packlint.config import DEFAULT_EXCLUDE, KEYS, parse_toml, read_config
from packlint.verify.command import _parser as verify_parser

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
VERIFY = (ROOT / "docs" / "verify.md").read_text(encoding="utf-8")
USAGE = (ROOT / "docs" / "usage.md").read_text(encoding="utf-8")


def block(text: str, language: str) -> str:
    """The first block of code in a language."""
    found = re.search(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def test_the_five_lines_print_what_the_readme_says(capsys: pytest.CaptureFixture[str]) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    from torch.nn.utils.rnn import pad_sequence

    code = block(README, "python")
    assert code.count("\n") == 5
    exec(code, {"torch": torch, "nn": torch.nn, "pad_sequence": pad_sequence})
    assert capsys.readouterr().out == block(README, "text")


def test_the_diff_is_what_packlint_shows(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("libcst")
    monkeypatch.chdir(ROOT)
    assert main(["--isolated", "--diff", "--unsafe-fixes", "examples/classifier/before.py"]) == 1
    assert capsys.readouterr().out == block(README, "diff")


def without_noise(text: str) -> str:
    """A report without the last digits of float64, which differ from machine to machine, and the version of PyTorch."""
    text = re.sub(r"\b\d\.\de-1\d holds|\b0\.0e\+00 holds", "~ holds", text)
    return re.sub(r" +~", " ~", re.sub(r"\(torch [^,]+,", "(torch,", text))


@pytest.mark.parametrize("page", ["README.md", "docs/verify.md"])
def test_the_evidence_is_what_packlint_shows(
    page: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch", reason="PyTorch is not installed")
    pytest.importorskip("libcst")
    monkeypatch.chdir(ROOT)
    text = (ROOT / page).read_text(encoding="utf-8")
    shown = re.search(r"`packlint (verify [^`]*)`[^`]*\n\n```text\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert shown is not None
    assert main([*shown[1].split(), "--isolated", "-j1"]) == 0
    assert without_noise(capsys.readouterr().out) == without_noise(shown[2]), "run: python docs/make_evidence.py"


def test_the_relations_on_the_page_are_those_that_there_are() -> None:
    pytest.importorskip("torch", reason="PyTorch is not installed")
    from packlint.verify.relations import RELATIONS

    rows = re.findall(r"^\| ([^|`]+) \| [^|]+ \|$", VERIFY.partition("## How a model")[0], re.MULTILINE)
    assert rows[2:] == [rule.name for rule in RELATIONS]


def test_every_option_of_verify_is_on_its_page() -> None:
    words = [word for action in verify_parser()._actions for word in action.option_strings if word.startswith("--")]
    assert {word for word in words if not re.search(rf"`[^`]*{word}\b", VERIFY)} == {"--help"}


def test_there_are_two_commands_of_a_line_each() -> None:
    commands = re.findall(r"^```console\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert [command.count("\n") for command in commands] == [1, 1]


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "docs/adopting.md",
        "docs/packing.md",
        "docs/testing.md",
        "docs/usage.md",
        "docs/verify.md",
        "examples/README.md",
    ],
)
def test_links_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert target.startswith("https://") or (ROOT / page).parent.joinpath(target).exists(), target


def test_every_option_is_on_the_page() -> None:
    words = [word for action in _parser()._actions for word in action.option_strings if word.startswith("--")]
    undocumented = {word for word in words if not re.search(rf"`[^`]*{word}\b", USAGE)}
    # Each of these is the other half of one that is there.
    assert undocumented == {"--help", "--version", "--respect-gitignore", "--no-force-exclude"}


def test_every_key_is_on_the_page() -> None:
    assert {key for key in KEYS if not re.search(rf"\b{key}\b", USAGE)} == set()


def test_the_configuration_on_the_page_is_one(tmp_path: Path) -> None:
    options, problems = read_config(str(tmp_path / "pyproject.toml"), block(USAGE, "toml").encode())
    assert options is not None
    assert problems == []
    assert parse_toml(block(USAGE, "toml").encode())


def test_the_default_excludes_are_on_the_page() -> None:
    assert all(f"`{name}`" in USAGE for name in DEFAULT_EXCLUDE)
