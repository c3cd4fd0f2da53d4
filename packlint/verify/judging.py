"""From two sides to evidence: every relation on every site, a check that the harness can fail, and a verdict."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from packlint.verify.batches import Batch
from packlint.verify.evidence import Evidence, Measure, Relation, Site, Verdict, Way
from packlint.verify.measurements import KINDS, LayerSpec
from packlint.verify.relations import RELATIONS, Rule, batch_invariance, pooling_oracle, site_agreement, state_oracle
from packlint.verify.sides import About, Key, Side, Trial, Truth, UnclearError, placed

TOLERANCES = {"float64": 1e-10, "float32": 2e-5}
"""The largest difference, relative to 1 and to the true value, that arithmetic in another order makes."""
ABOVE = 100
"""The error of the broken twin must be so many times the tolerance."""
WITHOUT_PADDING = frozenset({"PCK302", "PCK303"})
"""Findings that say nothing of padding."""
NOT_WRONG = frozenset({"PCK105", "PCK203", "PCK402"})
"""Findings of code that is not said to be wrong."""
UNPACKS = frozenset({"PackCall", "UnpackedInput", "TotalLength"})
"""Steps of plans that write an unpack."""
READS = {"PCK301": "state oracle", "PCK302": "state oracle", "PCK303": "state oracle", "PCK304": "pooling oracle"}
"""Findings on a read, and the relation that must have looked at it."""


def judge(
    filename: str,
    owner: str | None,
    way: Way,
    original: Side,
    rewrite: Side | None,
    sites: Sequence[tuple[Site, dict[str, str], dict[str, str]]],
    base: Batch,
    tolerance: float,
    note: str = "",
) -> list[Evidence]:
    """The evidence on each site, given with the keys of its places and of what the rewrite reads."""
    base = _base(original, rewrite, base, {site.code for site, _, _ in sites})
    if rewrite is not None and all(
        side.observe(batch).error is not None for side in (original, rewrite) for batch in (base, base.sorted())
    ):
        why = f"it raises before and after: {rewrite.observe(base).error}"
        return [_unverified(filename, owner, site, way, why, rewrite) for site, _, _ in sites]
    try:
        truth = Truth(original, rewrite, base)
        other = None if rewrite is None else Truth(rewrite, original, base)
    except UnclearError as error:
        return [_unverified(filename, owner, site, way, str(error), rewrite) for site, _, _ in sites]
    found = []
    beside = frozenset(site.code or "" for site, _, _ in sites)
    for site, places, read in sites:
        begin = time.perf_counter()
        about = About(site.code, [], places, read, beside)
        one = _judged(filename, owner, way, site, about, truth, other, tolerance, note)
        spent = time.perf_counter() - begin
        ran = _options(truth, about)
        found.append(
            replace(one, seconds=spent, seed=base.seed, lengths=base.lengths, width=base.width, layer=ran),
        )
    return found


def _options(truth: Truth, about: About) -> LayerSpec | None:
    """The options of the layer that a site is about, as it was run."""
    calls = truth.side.calls(truth.side.observe(truth.base))
    for key in about.layers:
        layer = calls[key].layer if key in calls else None
        if layer is not None and layer.mode.partition("_")[0] in KINDS:
            kind = layer.mode.partition("_")[0]
            directions = bool(layer.bidirectional)
            return LayerSpec(
                kind, layer.input_size, layer.hidden_size, layer.num_layers, directions, bool(layer.batch_first)
            )
    return None


def _base(original: Side, rewrite: Side | None, base: Batch, codes: set[str | None]) -> Batch:
    """The batch to begin with: one without padding where no finding says that there is any, and a sorted one for code
    that counts on that."""
    packs = any(call.packed is not None for call in original.observe(base.sorted()).layers)
    if codes <= WITHOUT_PADDING and not packs:
        return base.full(max(base.lengths))
    if "PCK201" in codes:
        return base
    for side in filter(None, (original, rewrite)):
        if side.observe(base.sorted()).error is None:
            return base if side.observe(base).error is None else base.sorted()
    return base


def _unverified(
    filename: str, owner: str | None, site: Site, way: Way | None, reason: str, rewrite: Side | None
) -> Evidence:
    return Evidence(filename, site.row, owner, site.code, way, "unverified", reason, rewrite is not None)


def _judged(
    filename: str,
    owner: str | None,
    way: Way,
    site: Site,
    about: About,
    truth: Truth,
    other: Truth | None,
    tolerance: float,
    note: str,
) -> Evidence:
    original, rewrite = truth.side, None if other is None else other.side
    about.layers = _layers(truth, other, site)
    if not about.layers and not (site.code == "PCK103" and rewrite is not None and rewrite.observe(truth.base).results):
        seen = original.observe(truth.base)
        why = f"it raises {seen.error}" if seen.error else "no recurrent layer was called"
        return _unverified(filename, owner, site, way, why, rewrite)
    first = Trial(original, original, truth, about, tolerance)
    second = None if other is None else Trial(other.side, original, other, about, tolerance)
    relations = []
    try:
        for rule in RELATIONS:
            before = rule.check(first)
            after = None if second is None else rule.check(second)
            if before is None and after is None:
                continue
            relations.append(Relation(rule.name, _gates(rule, first, before, site), before, after))
        trusted = _trusted(second or first)
    except UnclearError as error:
        failing = [one.name for one in relations if one.gates and one.fails]
        if failing:  # that the rest is unclear takes nothing away from what was seen to be wrong
            reason = "; ".join(filter(None, (", ".join(failing), str(error), note)))
            return Evidence(filename, site.row, owner, site.code, way, "failed", reason, True, tuple(relations))
        return _unverified(filename, owner, site, way, str(error), rewrite)
    verdict, reason = _verdict(site, rewrite, relations, trusted, placed_in(rewrite, truth, about.places))
    reason = "; ".join(filter(None, (reason, note)))
    done = rewrite is not None
    return Evidence(filename, site.row, owner, site.code, way, verdict, reason, done, tuple(relations))


def placed_in(rewrite: Side | None, truth: Truth, places: dict[str, str]) -> bool:
    """Whether the rewrite passes the places that the finding is about."""
    if rewrite is None:
        return True
    seen = rewrite.observe(truth.base)
    return all(placed(seen, key) for key in places)


def _gates(rule: Rule, original: Trial, before: Measure | None, site: Site) -> bool:
    """Whether a relation decides: it shows what the finding says, or the original does not fail it already."""
    if not rule.gates or site.code is None or site.code in rule.catches:
        return rule.gates
    if rule.name == "shape contract" and UNPACKS & {*site.steps}:
        return True
    if before is not None:
        return before.holds
    return original.seen().error is None or rule.name != "shape contract"


def _layers(truth: Truth, other: Truth | None, site: Site) -> list[Key]:
    """The calls of layers that a site is about, by their lines; all that are known where no line tells."""
    rows = {row for call in site.calls for row in range(call.row, call.end_row + 1)}
    known = truth.rows.keys() & (truth.rows if other is None else other.rows).keys()
    for batch in (truth.base, truth.base.sorted()):
        seen = truth.side.observe(batch)
        named = [key for key, call in truth.side.calls(seen).items() if call.row in rows and key in known]
        if named:
            return named
    return [key for key in truth.rows if key in known]


def _trusted(trial: Trial) -> str:
    """Why the harness is not to be trusted here; empty where it is.

    The noise of the same rows in another order stays below the tolerance, and a twin that is broken on purpose fails
    by far: every row packed at full width, or, where nothing is packed, held against the truth of another row.
    """
    seen = trial.side.observe(trial.base)
    if seen.error is not None:
        return ""
    packs = any(call.packed is not None for call in seen.layers) and min(trial.base.lengths) < trial.base.width
    twins = [replace(trial, whole=True)] if packs else []
    twins.append(replace(trial, astray=True))
    for twin in twins:
        checks = (site_agreement.check, state_oracle.check, pooling_oracle.check)
        for check in checks if trial.about.layers else (batch_invariance.check,):
            measure = check(twin)
            if measure is not None and (measure.error is None or measure.error > ABOVE * trial.tolerance):
                break
        else:
            return "a twin that is broken on purpose was not seen to be wrong"
    return ""


def _verdict(
    site: Site, rewrite: Side | None, relations: list[Relation], distrust: str, observed: bool
) -> tuple[Verdict, str]:
    if distrust:
        return "unverified", distrust
    gating = [one for one in relations if one.gates]
    if rewrite is None:
        failing = [one.name for one in gating if one.original is not None and not one.original.holds]
        measured = [one for one in gating if one.original is not None]
        if not measured:
            return "unverified", "no relation could be measured"
        if failing:
            return "failed", ", ".join(failing)
        return "passed", "as it stands" if site.code is None else "as it stands: the finding did not show at run time"
    failing = [one.name for one in gating if one.fails]
    if failing:
        return "failed", ", ".join(failing)
    measured_names = {one.name for one in relations if one.rewrite is not None}
    needed = {"site agreement"} | ({READS[site.code]} if site.code in READS else set())
    whole = next((one for one in relations if not one.gates and one.name.startswith("whole-model")), None)
    if not needed <= measured_names or not observed:
        if whole is None or whole.rewrite is None or not whole.rewrite.holds:
            missing = ", ".join(sorted(needed - measured_names)) or "a place that the rewrite passes"
            return "unverified", f"not measured: {missing}"
    witnesses = [one.name for one in relations if one.gates and one.witnessed]
    if not witnesses and site.code not in NOT_WRONG:
        other = [one.name for one in relations if one.witnessed]
        shown = f" (only in: {', '.join(other)})" if other else ""
        return "passed", f"the finding did not show at run time{shown}"
    return "passed", ""
