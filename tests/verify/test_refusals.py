"""`packlint verify` refuses rewrites that are wrong, and takes right ones of the same kind."""

from __future__ import annotations

import os
import random

import pytest

pytest.importorskip("torch")

from benchmarks.pairs import run_pairs
from benchmarks.proved import proved
from benchmarks.refusals import PAGE, Wrong, by_hand, mutants, page, read_data, refusing

HAND = by_hand()
MUTANTS = mutants(run_pairs())
EVERY = os.environ.get("PACKLINT_MUTANTS") == "all"
SAMPLE = MUTANTS if EVERY else random.Random(0).sample(MUTANTS, len(MUTANTS) // 10)


@pytest.mark.parametrize("wrong", HAND, ids=str)
def test_a_wrong_rewrite_is_refused(wrong: Wrong) -> None:
    assert refusing(wrong)


@pytest.mark.parametrize("mutant", SAMPLE, ids=str)
def test_a_mutant_is_refused(mutant: Wrong) -> None:
    """A tenth of them; `PACKLINT_MUTANTS=all` takes every one, as `python -m benchmarks.refusals` does."""
    assert refusing(mutant)


RIGHT = {
    "outputs": "x = self.embed(ids)\nout = self.both(self.pack(x, lengths))[0]\n"
    "return pad_packed_sequence(out, batch_first=True, total_length=ids.size(1))[0]",
    "outputs, in another way": "down, order = lengths.sort(descending=True)\n"
    "packed = pack_padded_sequence(self.embed(ids)[order], down.cpu(), batch_first=True)\n"
    "out = pad_packed_sequence(self.both(packed)[0], batch_first=True, total_length=ids.size(1))[0]\n"
    "return out[order.argsort()]",
    "state": "return self.gru(self.pack(self.embed(ids), lengths))[1][-1]",
    "states": "return self.both(self.pack(self.embed(ids), lengths))[1][-2:]",
    "last_layer": "return self.lstm(self.pack(self.embed(ids), lengths))[1][0][-1]",
    "started": "x = self.embed(ids)\nreturn self.gru(self.pack(x, lengths), x[:, 0].unsqueeze(0).contiguous())[1][-1]",
    "total": "out = self.gru(self.embed(ids))[0]\n"
    "return out.masked_fill((torch.arange(out.size(1)) >= lengths.unsqueeze(1)).unsqueeze(-1), 0).sum(1)",
}


@pytest.mark.parametrize("wanted", RIGHT)
def test_a_right_rewrite_is_taken(wanted: str) -> None:
    before = next(one for one in HAND if one.of == wanted.partition(",")[0])
    head, _, _ = before.before.rpartition("    def forward")
    body = "\n".join(f"        {line}" for line in RIGHT[wanted].splitlines())
    after = f"{head}    def forward(self, ids, lengths):\n{body}\n"
    assert {one.verdict for one in proved(before.before, after)} == {"passed"}


def test_there_are_enough_mistakes() -> None:
    assert len(HAND) >= 30
    assert len({one.kind for one in MUTANTS}) >= 40
    assert len({(one.of, one.after) for one in MUTANTS}) >= 100


def test_the_page_shows_what_the_last_run_found_of_these_mutants() -> None:
    found = read_data()
    assert PAGE.read_text(encoding="utf-8") == page(found)
    assert found["taken"] == []
    tally, byhand = found["mutants"], found["by hand"]
    assert isinstance(tally, dict)
    assert isinstance(byhand, dict)
    counts = {kind: sum(one.kind == kind for one in MUTANTS) for kind in dict.fromkeys(one.kind for one in MUTANTS)}
    assert {kind: one["mutants"] for kind, one in tally.items()} == counts
    assert [*byhand] == [str(one) for one in HAND]
