"""The label lattice: which of two labels is stricter, and the loosest one that is as strict as both.

What a label allows is compared, not how it is spelt: an empty `releasable_to` names no restriction under
TLP:GREEN and lets nobody at all under TLP:RED. Combining is therefore commutative, associative and
idempotent over what labels allow, and its result is spelt in one way only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hub.errors import Refused
from hub.records.label import Classification, Handling, Label, Tlp

#: As the label's schema bounds it.
_NOTE_MAX: Final = 1000
_BETWEEN_NOTES: Final = "; "
_TLP_RANKS: Final = {colour: rank for rank, colour in enumerate(Tlp)}

#: The parts of a label that have an order each, by their names in the record.
LABEL_PARTS: Final = (
    *("classification", "tlp", "handling", "handling_note"),
    *("releasable_to", "originator_control"),
)

#: Agencies that something goes to; None stands for all.
Agencies = frozenset[str] | None


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """What a label asks for, part by part; each part has an order of its own.

    `released_to` may get the record from its originator, `passed_to` from whoever got it, without asking.
    What is released to nobody is under originator control.
    """

    classification: Classification
    tlp: Tlp
    codes: frozenset[Handling]
    notes: frozenset[str]
    released_to: Agencies
    passed_to: Agencies
    originator_control: bool


def meaning(label: Label) -> Meaning:
    """Return what a label asks for."""
    codes = frozenset(label.handling) - {Handling.H0}
    named: Agencies = frozenset(label.releasable_to) or (frozenset() if label.tlp is Tlp.RED else None)
    kept = label.tlp in {Tlp.AMBER_STRICT, Tlp.RED} or Handling.H2 in codes
    control = label.originator_control or named == frozenset()
    return Meaning(
        classification=label.classification,
        tlp=label.tlp,
        codes=codes,
        notes=frozenset(label.handling_note.split(_BETWEEN_NOTES)) if label.handling_note else frozenset(),
        released_to=named,
        passed_to=frozenset() if control or (kept and named is None) else named,
        originator_control=control,
    )


def combine(first: Label, second: Label) -> Label:
    """Return the loosest label that is as strict as both.

    Where the two name no agency in common, that is TLP:RED for nobody. Raises Refused `record-invalid` where
    their handling notes together are too long for one: a person must then write it.
    """
    one, other = meaning(first), meaning(second)
    released = _both(one.released_to, other.released_to)
    passed = _both(one.passed_to, other.passed_to)
    codes = one.codes | other.codes
    # A list would let those named get it from others; where one label lets nobody, only control says so.
    control = one.originator_control or other.originator_control or (released is not None and not passed)
    return Label(
        classification=max(one.classification, other.classification, key=lambda level: level.rank),
        tlp=Tlp.RED if released == frozenset() else max(one.tlp, other.tlp, key=_TLP_RANKS.__getitem__),
        handling=_codes(codes, nothing_restricts=Handling.H0 in (*first.handling, *second.handling)),
        handling_note=_note(one.notes | other.notes),
        releasable_to=tuple(sorted(released or ())),
        originator_control=control,
    )


def looser(label: Label, *, than: Label) -> tuple[str, ...]:
    """Return the parts in which a label asks for less than another, by their names in the record; or none."""
    new, old = meaning(label), meaning(than)
    parts = {
        "classification": new.classification.rank < old.classification.rank,
        "tlp": _TLP_RANKS[new.tlp] < _TLP_RANKS[old.tlp],
        "handling": not new.codes >= old.codes,
        "handling_note": not new.notes >= old.notes,
        "releasable_to": not (
            _within(new.released_to, old.released_to) and _within(new.passed_to, old.passed_to)
        ),
        "originator_control": old.originator_control and not new.originator_control,
    }
    return tuple(name for name, less in parts.items() if less)


def at_least_as_strict(label: Label, other: Label) -> bool:
    """Tell whether a label asks for all that another one does."""
    return not looser(label, than=other)


def _both(one: Agencies, other: Agencies) -> Agencies:
    if one is None or other is None:
        return other if one is None else one
    return one & other


def _within(some: Agencies, others: Agencies) -> bool:
    return others is None or (some is not None and some <= others)


def _codes(codes: frozenset[Handling], *, nothing_restricts: bool) -> tuple[Handling, ...]:
    """Return handling codes in order; H0 is said where one label said it and no other code stands."""
    if codes:
        return tuple(code for code in Handling if code in codes)
    return (Handling.H0,) if nothing_restricts else ()


def _note(notes: frozenset[str]) -> str | None:
    if not notes:
        return None
    note = _BETWEEN_NOTES.join(sorted(notes))
    if len(note) > _NOTE_MAX:
        raise Refused(
            "record-invalid",
            f"label.handling_note: the notes of both labels have {len(note):,} characters together; "
            f"expected at most {_NOTE_MAX:,}: write one note that says both.",
        )
    return note
