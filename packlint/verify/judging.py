"""From two sides to evidence: every relation on every site, a check that the harness can fail, and a verdict."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from packlint.verify.batches import Batch
from packlint.verify.evidence import Evidence, Measure, Relation, Site, Verdict, Way
from packlint.verify.measurements import KINDS, LayerSpec
from packlint.verify.observing import rightly_given, torch_refused
from packlint.verify.relations import RELATIONS, Rule, batch_invariance
from packlint.verify.relations.shape_contract import TURNED
from packlint.verify.sides import About, Key, Side, Trial, Truth, UnclearError, noise, placed

TOLERANCES = {"float64": 1e-10, "float32": 2e-5}
"""The largest difference, relative to 1 and to the true value, that arithmetic in another order makes."""
ABOVE = 100
"""The error of the broken twin must be so many times the tolerance."""
WITHOUT_PADDING = frozenset({"PCK302", "PCK303"})
"""Findings that say nothing of padding."""
SORTED = "sorted in decreasing order"
"""What torch says of lengths that are not (`enforce_sorted` of pack_padded_sequence)."""
NOT_WRONG = frozenset({"PCK105", "PCK203", "PCK402"})
"""Findings of code that is not said to be wrong."""
RAISING = frozenset({"PCK103", "PCK201", "PCK204", "PCK205"})
"""Findings of code that can raise on every batch."""
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
    base = _base(original, base, {site.code for site, _, _ in sites})
    if rewrite is not None and all(
        side.observe(batch).error is not None for side in (original, rewrite) for batch in (base, base.sorted())
    ):
        return [_raising(filename, owner, site, way, original, rewrite, base) for site, _, _ in sites]
    try:
        truth = Truth(original, rewrite, base)
    except UnclearError as error:
        return [_unverified(filename, owner, site, way, str(error), rewrite) for site, _, _ in sites]
    try:
        other = None if rewrite is None else Truth(rewrite, original, base)
    except UnclearError as error:  # and in the original it was clear
        note = f"in the rewrite {error}"
        return [failed(filename, owner, site, way, "site agreement", note) for site, _, _ in sites]
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


def _base(original: Side, base: Batch, codes: set[str | None]) -> Batch:
    """The batch to begin with: one without padding where no finding says that there is any, and a sorted one for code
    that counts on that."""
    packs = any(call.packed is not None for call in original.observe(base.sorted()).layers)
    if codes <= WITHOUT_PADDING and not packs:
        return base.full(max(base.lengths))
    if "PCK201" in codes:
        return base
    error, in_order = original.observe(base).error, original.observe(base.sorted()).error
    counts_on_order = error is not None and (in_order is None or (SORTED in error and SORTED not in in_order))
    return base.sorted() if counts_on_order else base


def _unverified(
    filename: str, owner: str | None, site: Site, way: Way | None, reason: str, rewrite: Side | None
) -> Evidence:
    return Evidence(filename, site.row, owner, site.code, way, "unverified", reason, rewrite is not None)


def failed(filename: str, owner: str | None, site: Site, way: Way | None, name: str, note: str) -> Evidence:
    """A rewrite that cannot be measured any further, because of what it does."""
    relation = Relation(name, True, None, Measure(None, 0.0, note=note))
    return Evidence(filename, site.row, owner, site.code, way, "failed", name, True, (relation,))


def _raising(
    filename: str, owner: str | None, site: Site, way: Way, original: Side, rewrite: Side, base: Batch
) -> Evidence:
    """What raises before and after: nothing is known, but where padding alone made the original raise, or the finding
    says that it does, and torch's own functions go on to refuse what the rewrite gives them."""
    full = base.full(base.width)
    seen = rewrite.observe(full)
    if seen.error is not None and original.observe(full).error is None:
        return failed(filename, owner, site, way, "full-length agreement", f"raises {seen.error}")
    seen = rewrite.observe(base)
    refused = torch_refused(seen)
    given = original.observe(base)
    if site.code in RAISING and refused and rightly_given(given, base, {site.code}, site.layout):
        return failed(filename, owner, site, way, "errors", f"raises {seen.error}")
    return _unverified(filename, owner, site, way, f"it raises before and after: {seen.error}", rewrite)


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
    if other is not None and truth.rows and not truth.rows.keys() & other.rows.keys():
        return _elsewhere(filename, owner, way, site, about, truth, other, tolerance)
    about.layers = _layers(truth, other, site)
    if not about.layers and not (site.code == "PCK103" and rewrite is not None and rewrite.observe(truth.base).results):
        seen = original.observe(truth.base)
        why = f"it raises {seen.error}" if seen.error else "no recurrent layer was called"
        return _unverified(filename, owner, site, way, why, rewrite)
    first = Trial(original, original, truth, about, tolerance)
    second = None if other is None else Trial(other.side, original, other, about, tolerance, known=truth)
    relations = []
    try:
        for rule in RELATIONS:
            before = rule.check(first)
            after = None if second is None else _measured(rule, second)
            if before is None and after is None:
                continue
            gates = _gates(rule, first, before, site) or (rule.gates and after is not None and after.note == TURNED)
            relations.append(Relation(rule.name, gates, before, after))
        itself = _checked(second or first)
    except UnclearError as error:
        failing = [one.name for one in relations if one.gates and one.fails]
        if failing:  # that the rest is unclear takes nothing away from what was seen to be wrong
            reason = "; ".join(filter(None, (", ".join(failing), str(error), note)))
            return Evidence(filename, site.row, owner, site.code, way, "failed", reason, True, tuple(relations))
        return _unverified(filename, owner, site, way, str(error), rewrite)
    verdict, reason = _verdict(site, rewrite, relations, itself.distrust, placed_in(rewrite, truth, about.places))
    reason = "; ".join(filter(None, (reason, note)))
    done = rewrite is not None
    return Evidence(filename, site.row, owner, site.code, way, verdict, reason, done, tuple(relations),
                    noise=itself.noise, twin=itself.twin)  # fmt: skip


def _measured(rule: Rule, trial: Trial) -> Measure | None:
    """Of a rewrite, where the original was clear."""
    try:
        return rule.check(trial)
    except UnclearError as error:
        return Measure(None, trial.tolerance, note=str(error))


def _elsewhere(
    filename: str, owner: str | None, way: Way, site: Site, about: About, truth: Truth, other: Truth, tolerance: float
) -> Evidence:
    """A rewrite in which no layer is run that the original runs: it raises before, or has others."""
    about.layers = [*truth.rows]
    trial = Trial(other.side, truth.side, other, about, tolerance)
    seen = other.side.observe(truth.base)
    note = f"raises {seen.error}" if seen.error else f"`{about.layers[0][0]}` is not called"
    relations = [Relation("site agreement", True, None, Measure(None, tolerance, note=note))]
    for rule in RELATIONS:
        measure = rule.check(trial) if rule.name in {"checkpoint compatibility", "errors"} else None
        if measure is not None:
            relations.append(Relation(rule.name, rule.gates, None, measure))
    failing = ", ".join(one.name for one in relations if one.gates and one.fails)
    return Evidence(filename, site.row, owner, site.code, way, "failed", failing, True, tuple(relations))


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
    if rule.name == "shape contract" and (site.wide or UNPACKS & {*site.steps}):
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


@dataclass(frozen=True, slots=True)
class SelfCheck:
    """What the harness found out about itself. distrust: why nothing is called proved here; empty where all is well."""

    noise: float | None = None
    twin: float | None = None
    distrust: str = ""


def _checked(trial: Trial) -> SelfCheck:
    """Whether the harness can tell right from wrong here.

    The noise of the same rows in another order must stay below the tolerance. Two twins that are broken on purpose
    must fail by far: one that is held against the truth of other rows, in every relation that compares values, and,
    where something is packed, one that packs every row at full width, in one of the relations.
    """
    seen = trial.side.observe(trial.base)
    if seen.error is not None:
        return SelfCheck()
    floor = noise(trial)
    if floor is not None and not floor <= trial.tolerance:
        return SelfCheck(floor, None, f"the same rows in another order differ by {floor:.1e}")
    compares = [rule for rule in RELATIONS if rule.twin]
    astray = replace(trial, astray=True)
    errors = [measure for rule in compares if (measure := rule.check(astray)) is not None]
    if not trial.about.layers and (measure := batch_invariance.check(astray)) is not None:
        errors.append(measure)
    packs = any(call.packed is not None for call in seen.layers) and min(trial.base.lengths) < trial.base.width
    if packs:
        whole = replace(trial, whole=True)
        found = [measure for rule in compares if rule.whole and (measure := rule.check(whole)) is not None]
        errors += [max(found, key=_size)] if found else []
    twin = min(map(_size, errors), default=0.0)
    blind = "" if twin > ABOVE * trial.tolerance else "a twin that is broken on purpose was not seen to be wrong"
    return SelfCheck(floor, None if twin == float("inf") else twin, blind)


def _size(measure: Measure) -> float:
    """The error; infinite where there is none since it raised, or had another shape."""
    return float("inf") if measure.error is None else measure.error


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
