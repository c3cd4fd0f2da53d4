"""The oracle can fail: it refuses what is wrong in one way each, and takes what is right."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest

pytest.importorskip("torch")

from tests.oracle import Oracle, RefusedError

HEAD, *PARTS = re.split(
    r"^# wrong: (\w+), (.+)\n", (Path(__file__).parent / "fixers" / "wrong.py").read_text(encoding="utf-8"), flags=re.M
)
WRONG = [*zip(PARTS[::3], PARTS[1::3], PARTS[2::3], strict=True)]


def model(body: str) -> str:
    """The module whose model does what the body says."""
    return f"{HEAD}\n\nclass Model(Model):\n    def forward(self, ids, lengths):\n{textwrap.indent(body, ' ' * 8)}\n"


@pytest.mark.parametrize(("wanted", "mistake", "body"), WRONG, ids=[f"{part[0]}: {part[1]}" for part in WRONG])
def test_a_wrong_rewrite_is_refused(wanted: str, mistake: str, body: str) -> None:
    oracle = Oracle(model(f"return self.{wanted}(ids, lengths)"), model(body))
    with pytest.raises(RefusedError):
        oracle.check()


RIGHT = {
    "outputs": "out = self.both(self.pack(self.embed(ids), lengths))[0]\n"
    "return pad_packed_sequence(out, batch_first=True, total_length=ids.size(1))[0]",
    "state": "return self.gru(self.pack(self.embed(ids), lengths))[1][-1]",
    "states": "return self.both(self.pack(self.embed(ids), lengths))[1][-2:]",
    "last_layer": "return self.lstm(self.pack(self.embed(ids), lengths))[1][0][-1]",
    "started": "x = self.embed(ids)\nreturn self.gru(self.pack(x, lengths), x[:, 0].unsqueeze(0).contiguous())[1][-1]",
    "total": "out = self.gru(self.embed(ids))[0]\n"
    "return out.masked_fill((torch.arange(out.size(1)) >= lengths.unsqueeze(1)).unsqueeze(-1), 0).sum(1)",
}


@pytest.mark.parametrize("wanted", RIGHT)
def test_a_right_rewrite_is_taken(wanted: str) -> None:
    Oracle(model(f"return self.{wanted}(ids, lengths)"), model(RIGHT[wanted])).check()


def test_there_are_enough_mistakes() -> None:
    assert len(WRONG) >= 30
