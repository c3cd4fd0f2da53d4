"""packlint inside pytest: the marker `packlint`, for tests of padding.

`pytest -m packlint` runs these tests alone, `-m "not packlint"` all others. `@pytest.mark.packlint(seed=0)` seeds
PyTorch before the test and the fixtures that are made for it; what a module or a session shares was made for whoever
came first. pytest loads this file in every run, wherever packlint is installed; so it imports nothing but pytest.
"""

from __future__ import annotations

import pytest

MARKER = (
    "packlint(seed=None): a test of padding; with a seed, torch.manual_seed(seed) is called before it and its fixtures"
)


def pytest_configure(config: pytest.Config) -> None:
    """Say which marker there is."""
    config.addinivalue_line("markers", MARKER)


@pytest.hookimpl(tryfirst=True)  # before the fixtures are made
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Seed PyTorch where the marker has a seed; the marker that is nearest to the test holds."""
    marker = item.get_closest_marker("packlint")
    if marker is None:
        return
    seed = marker.kwargs.get("seed")
    if marker.args or marker.kwargs.keys() - {"seed"} or not isinstance(seed, int | None):
        given = [*map(repr, marker.args), *(f"{name}={value!r}" for name, value in marker.kwargs.items())]
        raise pytest.UsageError(f"@pytest.mark.packlint takes seed=NUMBER, not {', '.join(given)}")
    if seed is not None:
        import torch

        torch.manual_seed(seed)
