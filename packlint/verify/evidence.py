"""What a run has shown, as data: relations with their errors, and the verdict on a site."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from packlint.verify.measurements import LayerSpec

Verdict = Literal["passed", "failed", "unverified"]
Way = Literal["recipe", "inferred", "slice"]


@dataclass(frozen=True, slots=True)
class Measure:
    """How far one side is from what a relation asks for.

    error: the largest absolute difference, relative to the larger of 1 and the true value; None where the run raised.
    sequence and step: where it is largest, both 0-based; None where there is no such axis. note: what else there is to
    say, the exception for one.
    """

    error: float | None
    tolerance: float
    sequence: int | None = None
    step: int | None = None
    note: str = ""

    @property
    def holds(self) -> bool:
        """Whether the error is within the tolerance; a NaN never is."""
        return self.error is not None and self.error <= self.tolerance

    def as_object(self) -> dict[str, Any]:
        error = None if self.error is None or self.error != self.error else self.error
        return {
            "error": error,
            "tolerance": self.tolerance,
            "holds": self.holds,
            "sequence": self.sequence,
            "step": self.step,
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class Relation:
    """One relation, measured on the original and, where there is one, on the rewrite; None where it does not apply."""

    name: str
    gates: bool
    original: Measure | None
    rewrite: Measure | None

    @property
    def fails(self) -> bool:
        return self.rewrite is not None and not self.rewrite.holds

    @property
    def witnessed(self) -> bool:
        return self.original is not None and not self.original.holds

    def as_object(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "gates": self.gates,
            "original": None if self.original is None else self.original.as_object(),
            "rewrite": None if self.rewrite is None else self.rewrite.as_object(),
        }


@dataclass(frozen=True, slots=True)
class Evidence:
    """What became of one site: a finding, or a recurrent layer that nothing was found of.

    reason: why it is unverified, or what the verdict rests on. rewritten: there was a rewrite to try. seconds: of the
    runs, without the import of torch. memory: the peak of the process in bytes. lengths and width: of the batch that
    was given, whose rows the measures number. layer: the options of the layer that ran, where one did; shown: its sizes
    stand in the code, and are not guessed. cell: of a notebook, in which the row counts. noise: the error of the same
    rows in another order, which is arithmetic's. twin: the least error that was seen of what is broken on purpose.
    """

    filename: str
    row: int
    owner: str | None
    code: str | None
    way: Way | None
    verdict: Verdict
    reason: str
    rewritten: bool
    relations: tuple[Relation, ...] = ()
    seconds: float = 0.0
    memory: int = 0
    seed: int = 0
    lengths: tuple[int, ...] = ()
    width: int = 0
    layer: LayerSpec | None = None
    shown: bool = False
    cell: int | None = None
    noise: float | None = None
    twin: float | None = None

    def as_object(self) -> dict[str, Any]:
        return {
            "filename": self.filename,
            "cell": self.cell,
            "row": self.row,
            "class": self.owner,
            "code": self.code,
            "way": self.way,
            "verdict": self.verdict,
            "reason": self.reason,
            "rewritten": self.rewritten,
            "relations": [one.as_object() for one in self.relations],
            "seconds": round(self.seconds, 3),
            "memory": self.memory,
            "seed": self.seed,
            "lengths": list(self.lengths),
            "width": self.width,
            "layer": None if self.layer is None else asdict(self.layer),
            "sizes_shown": self.shown,
            "noise": self.noise,
            "twin": self.twin,
        }


def measure_of(found: dict[str, Any] | None) -> Measure | None:
    """The measure that `Measure.as_object` gave."""
    if found is None:
        return None
    error = float("nan") if found["error"] is None and not found["note"] else found["error"]
    return Measure(error, found["tolerance"], found["sequence"], found["step"], found["note"])


def evidence_of(found: dict[str, Any]) -> Evidence:
    """The evidence that `Evidence.as_object` gave."""
    relations = tuple(
        Relation(one["name"], one["gates"], measure_of(one["original"]), measure_of(one["rewrite"]))
        for one in found["relations"]
    )
    return Evidence(
        found["filename"],
        found["row"],
        found["class"],
        found["code"],
        found["way"],
        found["verdict"],
        found["reason"],
        found["rewritten"],
        relations,
        found["seconds"],
        found["memory"],
        found["seed"],
        tuple(found["lengths"]),
        found["width"],
        None if found["layer"] is None else LayerSpec(**found["layer"]),
        found["sizes_shown"],
        found["cell"],
        found["noise"],
        found["twin"],
    )


@dataclass(frozen=True, slots=True)
class Spot:
    """An expression in the text: 1-based rows, 0-based columns in characters, the end exclusive."""

    row: int
    column: int
    end_row: int
    end_column: int


@dataclass(frozen=True, slots=True)
class Place:
    """An expression whose value is looked at. kind: a state or a pooling that a relation knows what to ask of."""

    spot: Spot
    kind: Literal["state", "pool", "value"]


@dataclass(frozen=True, slots=True)
class Site:
    """What is to be verified in one file: a finding, the calls of layers that it is about, and what it is read from.

    function: where it stands, `Class.method`. calls: the calls of the layers. places: what the finding is about beside
    them. layout: whether the batch comes first in what the layer is given, where a plan says so. wide: the function
    says to which length it unpacks. In a notebook the row counts within the cell, and spots in the text of all cells.
    """

    row: int
    code: str | None
    function: str
    spot: Spot
    calls: tuple[Spot, ...] = ()
    places: tuple[Place, ...] = ()
    steps: tuple[str, ...] = ()
    layout: bool | None = None
    cell: int | None = None
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Layer:
    """A recurrent layer as the code shows it, for runs without its class. names: LSTM, GRU, RNN.

    sizes: of its input and its hidden state, where both stand in the code.
    """

    call: Spot
    names: tuple[str, ...]
    batch_first: bool | None
    bidirectional: bool | None
    num_layers: int | None
    sizes: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """All that is to be run of one class, or of one function outside any class, in one file."""

    path: str
    root: str
    owner: str | None
    before: str
    after: str | None
    sites: tuple[Site, ...]
    layers: tuple[Layer, ...] = ()
    read: tuple[Place, ...] = ()
    words: dict[str, list[Any]] = field(default_factory=dict)
    calls: tuple[tuple[list[Any], dict[str, Any]], ...] = ()
