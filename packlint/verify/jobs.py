"""Subjects and evidence on their way between processes."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from packlint.verify.evidence import Layer, Place, Site, Spot, Subject


def as_object(subject: Subject) -> dict[str, Any]:
    """The subject as JSON has it; an argument that is no literal becomes a list that says so."""
    found = asdict(subject)
    found["calls"] = [
        [[_literal(one) for one in positional], {name: _literal(one) for name, one in keywords.items()}]
        for positional, keywords in subject.calls
    ]
    found["words"] = {name: [_literal(one) for one in values] for name, values in subject.words.items()}
    return found


def _literal(value: Any) -> Any:
    """Anything but a plain literal travels as the list of its kind and its text."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, tuple) and all(isinstance(one, bool | int | float | str) for one in value):
        return {"tuple": list(value)}
    return {"unknown": True}


def _value(found: Any) -> Any:
    if isinstance(found, dict):
        return list(found["tuple"]) if "tuple" in found else Ellipsis
    return found


def subject_of(found: dict[str, Any]) -> Subject:
    """The subject that `as_object` gave."""
    return Subject(
        found["path"],
        found["root"],
        found["owner"],
        found["before"],
        found["after"],
        tuple(map(_site, found["sites"])),
        tuple(map(_layer, found["layers"])),
        tuple(map(_place, found["read"])),
        {name: [v for one in values if (v := _value(one)) is not Ellipsis] for name, values in found["words"].items()},
        tuple(([_value(one) for one in p], {n: _value(one) for n, one in k.items()}) for p, k in found["calls"]),
    )


def _place(found: dict[str, Any]) -> Place:
    return Place(Spot(**found["spot"]), found["kind"])


def _site(found: dict[str, Any]) -> Site:
    spots = {"spot": Spot(**found["spot"]), "calls": tuple(Spot(**one) for one in found["calls"])}
    places = tuple(map(_place, found["places"]))
    return Site(**{**found, **spots, "places": places, "steps": tuple(found["steps"])})


def _layer(found: dict[str, Any]) -> Layer:
    sizes = None if found["sizes"] is None else tuple(found["sizes"])
    return Layer(**{**found, "call": Spot(**found["call"]), "names": tuple(found["names"]), "sizes": sizes})


def run_job(job: dict[str, Any]) -> dict[str, Any]:
    """In the worker: prove the subject of a job, or describe it, which gives a recipe."""
    import sys

    from packlint.verify.proving import Options, prove

    sys.dont_write_bytecode = True
    subject = subject_of(job["subject"])
    sys.argv = [subject.path]
    if job.get("kind") == "describe":
        from packlint.verify.describing import described

        return {"recipe": described(subject, Options(**job["options"]), job["folder"]).as_object()}
    return {"evidence": [one.as_object() for one in prove(subject, Options(**job["options"]))]}
