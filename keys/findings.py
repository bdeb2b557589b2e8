"""What an examination of the keys finds: a sentence for people, what to do, and a code for machines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


class Weight(Enum):
    """How much a finding matters."""

    FINE = "fine"
    SOON = "soon"
    WRONG = "wrong"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was looked at. `check` names it for machines; `code` is the failure it leads to.

    What is not fine says what to do.
    """

    check: str
    about: str
    weight: Weight
    sentence: str
    fix: str = ""
    code: str = "keys-unsound"

    def __post_init__(self) -> None:
        if (self.weight is Weight.FINE) == bool(self.fix):
            raise ValueError(f"what is not fine, and nothing else, says what to do: {self.check}")


def fine(check: str, about: str, sentence: str) -> Finding:
    """Return a finding with nothing to do."""
    return Finding(check=check, about=about, weight=Weight.FINE, sentence=sentence)


def wrong(check: str, about: str, sentence: str, fix: str, *, code: str = "keys-unsound") -> Finding:
    """Return a finding that something does not work, or is not safe."""
    return Finding(check=check, about=about, weight=Weight.WRONG, sentence=sentence, fix=fix, code=code)


def soon(check: str, about: str, sentence: str, fix: str) -> Finding:
    """Return a finding that something will have to be done."""
    return Finding(check=check, about=about, weight=Weight.SOON, sentence=sentence, fix=fix)


def worst(findings: Iterable[Finding]) -> Finding | None:
    """Return the first finding that is wrong; None where nothing is."""
    return next((one for one in findings if one.weight is Weight.WRONG), None)
