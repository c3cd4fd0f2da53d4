"""pytest knows the marker, selects by it and seeds by it, and imports nothing heavy for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.test_meta import section

pytest_plugins = "pytester"

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """An empty folder, and a pytest with this checkout's plugin and no others, installed or not."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_PLUGINS", "packlint.pytest_plugin")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return pytester


def test_pytest_finds_it_where_packlint_is_installed() -> None:
    assert section("project", "entry-points", "pytest11") == {"packlint": "packlint.pytest_plugin"}


def test_the_marker_is_known_and_selects(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        "import pytest\n\n@pytest.mark.packlint\ndef test_padding(): pass\n\n"
        "@pytest.mark.packlint()\ndef test_more_padding(): pass\n\ndef test_other(): pass\n"
    )
    suite.runpytest_subprocess("--strict-markers", "-m", "packlint").assert_outcomes(passed=2, deselected=1)
    suite.runpytest_subprocess("--strict-markers", "-m", "not packlint").assert_outcomes(passed=1, deselected=2)
    assert "@pytest.mark.packlint(seed=None): a test of padding" in suite.runpytest_subprocess("--markers").stdout.str()


def test_without_the_plugin_nobody_knows_the_marker(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTEST_PLUGINS")
    suite.makepyfile("import pytest\n\n@pytest.mark.packlint\ndef test_padding(): pass\n")
    assert "'packlint' not found in `markers`" in suite.runpytest_subprocess("--strict-markers").stdout.str()


def test_nothing_heavy_is_imported(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        "import sys\nimport pytest\n\n@pytest.mark.packlint\ndef test_padding():\n"
        "    assert not {'torch', 'numpy', 'libcst', 'packlint.testing', 'packlint.cli'} & sys.modules.keys()\n"
        "    assert 'packlint.pytest_plugin' in sys.modules\n"
    )
    suite.runpytest_subprocess().assert_outcomes(passed=1)


def test_the_seed_holds_for_the_test_and_its_fixtures(suite: pytest.Pytester) -> None:
    pytest.importorskip("torch", reason="PyTorch is not installed")
    suite.makepyfile(
        "import pytest\nimport torch\n\n"
        "@pytest.fixture\ndef drawn(): return torch.rand(1).item()\n\n"
        "def expected(seed, count):\n"
        "    return torch.rand(count, generator=torch.Generator().manual_seed(seed)).tolist()\n\n"
        "@pytest.mark.packlint(seed=3)\nclass TestSeeded:\n"
        "    def test_first(self, drawn): assert [drawn, torch.rand(1).item()] == expected(3, 2)\n"
        "    def test_again(self, drawn): assert [drawn, torch.rand(1).item()] == expected(3, 2)\n"
        "    @pytest.mark.packlint(seed=4)\n"
        "    def test_nearer(self, drawn): assert [drawn] == expected(4, 1)\n"
        "    @pytest.mark.packlint\n"
        "    def test_unseeded(self, drawn): assert [drawn] != expected(3, 1)\n"
    )
    suite.runpytest_subprocess().assert_outcomes(passed=4)


@pytest.mark.parametrize("arguments", ["3", "seed='x'", "sead=3", "seed=1.5", "seed=3, twice=True"])
def test_what_the_marker_does_not_take(suite: pytest.Pytester, arguments: str) -> None:
    suite.makepyfile(f"import pytest\n\n@pytest.mark.packlint({arguments})\ndef test_padding(): pass\n")
    done = suite.runpytest_subprocess()
    done.assert_outcomes(errors=1)
    assert f"@pytest.mark.packlint takes seed=NUMBER, not {arguments}" in done.stdout.str()
