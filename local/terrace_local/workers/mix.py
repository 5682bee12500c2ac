"""The error model of the simulated workers, read from a file so that others can be tried."""

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

MIXES = Path(__file__).parent / "mixes"

Range = tuple[float, float]


class MixError(ValueError):
    """The error mix cannot be used; the message names the field and what would be right."""


@dataclass(frozen=True)
class Labeling:
    """How often people who label go wrong. Shares are of objects unless another thing is named.

    Attributes:
        missedObject: Never drawn at all.
        missedRun: Left out for some frames on the way.
        runFrames: Length of such a gap, and of a drift (frames, from-to).
        drift: The shape slides off for some frames, then snaps back.
        driftSize: How far it slides at most, in object sizes (from-to).
        looseBox: Drawn too large all the way.
        looseFactor: Times its real side lengths (from-to).
        wrongClass: Given another class.
        identitySwap: Swaps its identity with another object from some frame on (tracking).
        bias: Share of *people* whose shapes are all shifted.
        biasPixels: By how many pixels (from-to).
        jitter: Unsteadiness of every shape: standard deviation in object sizes.
        declined: Share of *items* that everybody declines: their lines fail.
    """

    missedObject: float = 0.05
    missedRun: float = 0.06
    runFrames: Range = (3, 20)
    drift: float = 0.12
    driftSize: Range = (0.3, 0.9)
    looseBox: float = 0.08
    looseFactor: Range = (1.2, 1.6)
    wrongClass: float = 0.04
    identitySwap: float = 0.06
    bias: float = 0.15
    biasPixels: Range = (2.0, 5.0)
    jitter: float = 0.01
    declined: float = 0.0


NO_ERRORS = Labeling(
    missedObject=0, missedRun=0, drift=0, looseBox=0, wrongClass=0, identitySwap=0, jitter=0
)
"""For guesses: errors in them would mean nothing."""


@dataclass(frozen=True)
class Slips:
    """Slips of the hand in tracked boxes; as shares of an object's frames, nought by default.

    Attributes:
        missing: The box is not there.
        shift: It lies beside the thing.
        shiftSize: How far, in object sizes (from-to).
        resize: It is of another size.
        factors: Times its side lengths: one of these.
        identity: It swaps its identity with another object of the frame.
        wrongClass: It has another class.
        attribute: A question about it is answered otherwise.
        extra: A box around nothing; as a share of frames.
        frames: How many frames a slip lasts (from-to).
    """

    missing: float = 0.0
    shift: float = 0.0
    shiftSize: Range = (0.35, 0.7)
    resize: float = 0.0
    factors: Range = (0.65, 1.45)
    identity: float = 0.0
    wrongClass: float = 0.0
    attribute: float = 0.0
    extra: float = 0.0
    frames: Range = (1, 1)


@dataclass(frozen=True)
class Reviewing:
    """How well people who review find and repair errors.

    Attributes:
        findShare: Share of the errors they see.
        falseAlarm: Share of good objects (images: of good items) they call wrong.
        repairShare: Share of the errors seen that an adjuster repairs.
        auditEditShare: The same for an auditor, who is asked for a verdict.
        precision: Unsteadiness of a repaired shape: standard deviation in object sizes.
        acceptedLikeness: From this agreement with the truth on (IoU for boxes) a shape is right.
        guessedFailShare: Share of objects called wrong when no truth is known.
        commentShare: Share of verification verdicts against a label that say why.
    """

    findShare: float = 0.8
    falseAlarm: float = 0.02
    repairShare: float = 0.9
    auditEditShare: float = 0.05
    precision: float = 0.01
    acceptedLikeness: float = 0.7
    guessedFailShare: float = 0.1
    commentShare: float = 0.5


@dataclass(frozen=True)
class Pace:
    """How long people take, in simulated seconds.

    Attributes:
        secondsPerFrame: Labeling one video frame; reviews take `reviewFactor` of it.
        secondsPerImage: Labeling one image.
        pickupSeconds: From a task being there until somebody takes it.
        reviewFactor: A review's time as a share of labeling.
        spread: People are this much (share) faster or slower than one another.
    """

    secondsPerFrame: float = 6.0
    secondsPerImage: float = 30.0
    pickupSeconds: float = 240.0
    reviewFactor: float = 0.5
    spread: float = 0.3


@dataclass(frozen=True)
class ErrorMix:
    """Everything about the simulated people.

    Attributes:
        people: Persons in a work team.
        care: How differently careful they are: a person's error rates are the mix's times a
            factor between 1 - care and 1 + care.
    """

    description: str = ""
    people: int = 5
    care: float = 0.5
    label: Labeling = field(default_factory=Labeling)
    slips: Slips = field(default_factory=Slips)
    review: Reviewing = field(default_factory=Reviewing)
    pace: Pace = field(default_factory=Pace)


_SHARES = {
    "missedObject", "missedRun", "drift", "looseBox", "wrongClass", "identitySwap", "bias",
    "declined", "findShare", "falseAlarm", "repairShare", "auditEditShare", "acceptedLikeness",
    "guessedFailShare", "commentShare", "care", "spread", "missing", "shift", "resize", "identity",
    "attribute", "extra",
}  # fmt: skip


def load_mix(name: str | None) -> ErrorMix:
    """Reads an error mix: one that ships (``default``, ``clean``, ``slips``, ...), or a file.

    Fields left out keep their default value.

    Raises:
        MixError: when there is no such mix, or a field is unknown or out of range.
    """
    name = name or "default"
    shipped = MIXES / f"{name}.yaml"
    path = shipped if shipped.is_file() else Path(name)
    try:
        text = path.read_text("utf-8")
        data = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    except OSError as error:
        names = ", ".join(sorted(p.stem for p in MIXES.glob("*.yaml")))
        raise MixError(f"no error mix {name}: give a file or one of {names}") from error
    except (ValueError, yaml.YAMLError) as error:
        raise MixError(f"error mix {path} cannot be read: {error}") from error
    return mix_from_data(data or {})


def mix_from_data(data: Any) -> ErrorMix:
    """Builds a mix from parsed data; see `load_mix`."""
    if not isinstance(data, dict):
        raise MixError("an error mix is a mapping")
    parts = {"label": Labeling, "slips": Slips, "review": Reviewing, "pace": Pace}
    values = dict(data)
    for part, kind in parts.items():
        if part in values:
            values[part] = _build(kind, values[part], part)
    mix: ErrorMix = _build(ErrorMix, values, "mix")
    return mix


def _build(kind: Any, data: Any, where: str) -> Any:
    if not isinstance(data, dict):
        raise MixError(f"{where} is a mapping")
    fields = {f.name: f for f in dataclasses.fields(kind)}
    unknown = sorted(set(data) - set(fields))
    if unknown:
        raise MixError(f"{where} has no {', '.join(unknown)}; it has {', '.join(fields)}")
    return kind(**{key: _checked(key, value, where) for key, value in data.items()})


def _checked(key: str, value: Any, where: str) -> Any:
    if key in ("description", "label", "slips", "review", "pace"):
        return value
    if isinstance(value, list | tuple):
        if len(value) != 2 or not all(_is_number(v) for v in value) or value[0] > value[1]:
            raise MixError(f"{where}.{key} is two numbers, from and to")
        return (value[0], value[1])
    if not _is_number(value) or value < 0:
        raise MixError(f"{where}.{key} is a number of at least 0, not {value!r}")
    if key in _SHARES and value > 1:
        raise MixError(f"{where}.{key} is a share, 0 to 1, not {value!r}")
    if key == "people" and (value < 1 or int(value) != value):
        raise MixError("people is a whole number of at least 1")
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
