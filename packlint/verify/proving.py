"""One subject, run: its code loaded before and after, the ways to run it tried in turn, and every site judged."""

from __future__ import annotations

import ast
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch

from packlint.verify.batches import ragged
from packlint.verify.evidence import Evidence, Site, Subject, Way
from packlint.verify.following import followed, read
from packlint.verify.inferring import BrokenError, NotRunError, Sides, inferred
from packlint.verify.judging import TOLERANCES, failed, judge
from packlint.verify.loading import absences, load, show
from packlint.verify.places import counterpart, function_of, node_at, probed
from packlint.verify.sides import said
from packlint.verify.slices import sliced

DTYPES = {"float64": torch.float64, "float32": torch.float32}


@dataclass(frozen=True, slots=True)
class Options:
    """How a subject is run. dtype: float64 or float32; where the code makes tensors of its own, that may not go."""

    seed: int = 0
    dtype: str = "float64"
    device: str = "cpu"
    recipe: str | None = None


@dataclass(slots=True)
class Probes:
    """The code before and after with its probes, and of each site the keys of its places."""

    before: ast.Module
    after: ast.Module | None
    places: list[dict[str, str]]
    read: list[dict[str, str]]


def prove(subject: Subject, options: Options) -> list[Evidence]:
    """The evidence on every site of a subject."""
    usual = torch.get_default_dtype()
    try:
        return _proved(subject, options)
    finally:
        torch.set_default_dtype(usual)


def _proved(subject: Subject, options: Options) -> list[Evidence]:
    begin = time.perf_counter()
    try:
        probes = probes_of(subject)
    except SyntaxError as error:
        return [_unverified(subject, site, f"the code does not parse: {error.msg}") for site in subject.sites]
    problems: list[str] = []
    recipes: list[str] = []
    unfit: dict[int, str] = {}
    best: dict[int, Evidence] = {}
    try:
        _tried(subject, probes, options, problems, recipes, unfit, best)
    except BrokenError as error:
        found = [failed(subject.path, subject.owner, site, "inferred", "errors", str(error)) for site in subject.sites]
        best = {at: one if best.get(at) is None or best[at].verdict == "unverified" else best[at]
                for at, one in enumerate(found)}  # fmt: skip
    why = "; ".join(dict.fromkeys(problems)) or "there is nothing that could be run"
    done = [best.get(at) or _unverified(subject, site, why) for at, site in enumerate(subject.sites)]
    done = [one if one.way == "recipe" else _told(one, [*recipes, unfit.get(at, "")]) for at, one in enumerate(done)]
    spent = time.perf_counter() - begin
    return [replace(one, seconds=spent / len(done)) for one in done]


def _tried(
    subject: Subject,
    probes: Probes,
    options: Options,
    problems: list[str],
    recipes: list[str],
    unfit: dict[int, str],
    best: dict[int, Evidence],
) -> None:
    """The best evidence on each site, by its number; one way after the other, until nothing is left unverified."""
    for way, sides, dtype, numbers in _ways(subject, probes, options, problems, recipes):
        open_ones = [at for at in sorted(numbers) if at not in best or best[at].verdict == "unverified"]
        sites = [(subject.sites[at], probes.places[at], probes.read[at]) for at in open_ones]
        base = ragged(options.seed)
        found = judge(
            subject.path,
            subject.owner,
            way,
            sides.original,
            sides.rewrite,
            sites,
            base,
            TOLERANCES[dtype],
            _said_absent(),
        )
        for at, one in zip(open_ones, found, strict=True):
            if at not in best or one.verdict != "unverified":
                best[at] = one
            if way == "recipe" and one.verdict == "unverified":
                unfit[at] = f"{sides.note}: {one.reason}"
        if len(best) == len(subject.sites) and all(one.verdict != "unverified" for one in best.values()):
            break


def _unverified(subject: Subject, site: Site, reason: str) -> Evidence:
    return Evidence(
        subject.path, site.row, subject.owner, site.code, None, "unverified", reason, subject.after is not None
    )


def _told(one: Evidence, recipes: list[str]) -> Evidence:
    """With what became of the recipe that was to be followed."""
    return replace(one, reason="; ".join(filter(None, (*dict.fromkeys(recipes), one.reason))))


def _said_absent() -> str:
    names = [name for name in absences.names if not name.startswith("_")]
    return f"not installed, stood in for: {', '.join(names)}" if names else ""


def _ways(
    subject: Subject, probes: Probes, options: Options, problems: list[str], recipes: list[str]
) -> Iterator[tuple[Way, Sides, str, frozenset[int]]]:
    """The ways to run a subject that work, in turn, each with the numbers of the sites that it is about.

    What does not work is added to the problems, and what is wrong with a recipe to the recipes.
    """
    everything = frozenset(range(len(subject.sites)))
    if subject.owner is not None and options.recipe is not None:
        for dtype in dict.fromkeys((options.dtype, "float32")):
            try:
                torch.set_default_dtype(DTYPES[dtype])
                file, base = read(options.recipe), ragged(options.seed)
                sides = followed(file, subject, probes.before, probes.after, base, DTYPES[dtype])
                if sides is not None:
                    yield "recipe", sides, dtype, everything
                break
            except NotRunError as error:
                if dtype == "float32" or not about_dtype(error):
                    recipes.append(str(error))
                    break
    if subject.owner is not None:
        for dtype in dict.fromkeys((options.dtype, "float32")):
            try:
                yield "inferred", inferred_sides(subject, probes, options, dtype), dtype, everything
                break
            except BrokenError:
                raise
            except NotRunError as error:
                problems.append(str(error))
                if not about_dtype(error):
                    break
    for dtype in dict.fromkeys((options.dtype, "float32")):
        try:
            for sides, numbers in sliced(subject, probes.before, probes.after, ragged(options.seed), DTYPES[dtype]):
                yield "slice", sides, dtype, numbers
            break
        except NotRunError as error:
            problems.append(f"slice: {error}")


def about_dtype(error: NotRunError) -> bool:
    """Whether it may run with another one."""
    return any(word in str(error) for word in ("dtype", "Double", "Float"))


def inferred_sides(subject: Subject, probes: Probes, options: Options, dtype: str) -> Sides:
    """Both sides as they can be inferred; raises `NotRunError`."""
    torch.set_default_dtype(DTYPES[dtype])
    try:
        before = load(subject.path, subject.root, probes.before, subject.before)
        after = None
        if probes.after is not None and subject.after is not None:
            after = load(subject.path, subject.root, probes.after, subject.after)
            show(subject.path, subject.before)
    except Exception as error:
        raise NotRunError(f"the file cannot be loaded: {said(error)}") from error
    return inferred(subject, before, after, ragged(options.seed), DTYPES[dtype])


def probes_of(subject: Subject) -> Probes:
    """The code of a subject with its probes; raises `SyntaxError`."""
    before = ast.parse(subject.before)
    after = None if subject.after is None else ast.parse(subject.after)
    ours: dict[str, ast.expr] = {}
    theirs: dict[str, ast.expr] = {}
    places: list[dict[str, str]] = []
    for site in subject.sites:
        keys: dict[str, str] = {}
        for place in site.places:
            node = node_at(before, subject.before, place.spot)
            if node is None:
                continue
            key = f"{node.lineno}:{node.col_offset}-{node.end_lineno}:{node.end_col_offset}"
            ours[key] = node
            keys[key] = place.kind
            other = None if after is None else counterpart(before, after, node)
            if isinstance(other, ast.expr):
                theirs[key] = other
        places.append(keys)
    read = [_read(subject, site, before, after, theirs) for site in subject.sites]
    return Probes(probed(before, ours), None if after is None else probed(after, theirs), places, read)


def _read(
    subject: Subject, site: Site, before: ast.Module, after: ast.Module | None, theirs: dict[str, ast.expr]
) -> dict[str, str]:
    """What the rewrite reads in the function of a site, and the original did not."""
    if after is None or subject.after is None:
        return {}
    function = function_of(after, site.function)
    if function is None:
        return {}
    known = {id(node) for node in theirs.values()}
    had = {ast.dump(node) for node in ast.walk(function_of(before, site.function) or before)}
    inside = {id(node) for node in ast.walk(function)}
    found: dict[str, str] = {}
    for at, place in enumerate(subject.read):
        node = node_at(after, subject.after, place.spot)
        if node is None or id(node) in known or id(node) not in inside or ast.dump(node) in had:
            continue
        theirs[f"r{at}"] = node
        found[f"r{at}"] = place.kind
    return found
