"""Cases of who may do what with a record: rows of a lawyer's table, tried against one policy.

`docs/policy.md` explains every key. Whoever collects is a member's system; all else is an officer's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from marshmallow import fields

from hub.policy.access import Access, Doing, Policy, permit_access
from hub.policy.decision import Deny, Reason
from hub.policy.rulebook import rule_named
from hub.records.actor import Actor, ActorKind, Role
from hub.records.fields import Agency, Choice, Flag, Many, Slug, Text
from hub.records.kinds import Kind, Purpose
from hub.records.label import Classification, Handling, Label, Tlp


class May(Enum):
    """What comes of a case."""

    YES = "may"
    NO = "may not"


@dataclass(frozen=True, kw_only=True)
class AccessCase:
    """One row: what somebody would do, and what is expected; `because` are codes, and names of rules."""

    name: str
    access: Access
    expected: May
    because: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class AccessTried:
    """What came of a case, and why not."""

    case: AccessCase
    found: May
    because: frozenset[str]

    @property
    def right(self) -> bool:
        """Tell whether it came as expected, for exactly the reasons expected."""
        return self.found is self.case.expected and self.because == self.case.because


def access_case(told: Mapping[str, Any]) -> AccessCase:
    """Build a case from its row; raise ValueError for what is missing or contradicts itself."""
    if missing := sorted(_NEEDED - told.keys()):
        raise ValueError(f"nothing is said of {missing[0]}, and nor does [access_given]")
    expected, because = May(told["expect"]), frozenset(told.get("because", ()))
    if (expected is May.NO) is not bool(because):
        raise ValueError("because is said exactly where somebody may not")
    return AccessCase(name=told["name"], access=_access(told), expected=expected, because=because)


def try_access(case: AccessCase, policy: Policy) -> AccessTried:
    """Ask the rules of every hub and the policy, as the exchange asks them."""
    decision = permit_access(case.access, policy)
    if isinstance(decision, Deny):
        return AccessTried(case=case, found=May.NO, because=frozenset(map(_why, decision.reasons)))
    return AccessTried(case=case, found=May.YES, because=frozenset())


def label_of(told: Mapping[str, Any]) -> Label:
    """Return the label that a row states."""
    return Label(
        classification=Classification(told["classification"]),
        tlp=Tlp(told["tlp"]),
        handling=tuple(map(Handling, told.get("handling", ()))),
        handling_note=told.get("handling_note"),
        releasable_to=tuple(told.get("releasable_to", ())),
        originator_control=told.get("originator_control", False),
    )


def _why(reason: Reason) -> str:
    """Return the name of the policy's rule that forbids it, and the code of every other reason."""
    return rule_named(reason) or reason.code


def _access(told: Mapping[str, Any]) -> Access:
    doing, us = Doing(told["does"]), told["us"]
    member = doing is Doing.COLLECT
    if member is not ("member" in told):
        raise ValueError("member, whose system it is, is said exactly of what is collected")
    officer = {key: told[key] for key in ("roles", "clearance", "compartments") if key in told}
    if member and officer:
        raise ValueError(f"a member's system has no {min(officer)}")
    return Access(
        doing=doing,
        actor=Actor(
            kind=ActorKind.SYSTEM if member else ActorKind.OFFICER,
            id=told.get("member", "officer"),
            agency=told.get("member", us),
            roles=frozenset(map(Role, officer.get("roles", ()))),
            clearance=Classification(officer.get("clearance", Classification.UNCLASSIFIED)),
            compartments=frozenset(officer.get("compartments", ())),
        ),
        our_agency=us,
        record_id="case",
        originator=told.get("originator", us),
        kind=Kind(told["kind"]).value,
        record_purpose=Purpose(told["purpose"]).value,
        label=label_of(told),
        agreement=told["under"],
        compartments=frozenset(told.get("confined_to", ())),
        recipient=told.get("to"),
        member=told.get("to_member", False),
        purpose=Purpose(told["reads_for"]) if "reads_for" in told else None,
        justification=told.get("justification", ""),
    )


_NEEDED: Final = frozenset({"us", "does", "kind", "purpose", "classification", "tlp", "under", "expect"})
#: The keys of a label, in rows of both sorts.
LABEL: Final[dict[str, fields.Field[Any]]] = {
    "classification": Choice(Classification),
    "tlp": Choice(Tlp),
    "handling": Many(Choice(Handling), len(Handling)),
    "handling_note": Text(1000),
    "releasable_to": Many(Agency(), 64),
    "originator_control": Flag(),
}
#: What [access_given] and each row of [[access]] may say.
ACCESS: Final[dict[str, fields.Field[Any]]] = {
    **LABEL,
    "us": Agency(),
    "does": Choice(Doing),
    "roles": Many(Choice(Role), len(Role)),
    "clearance": Choice(Classification),
    "compartments": Many(Slug(), 64),
    "member": Agency(),
    "kind": Choice(Kind),
    "purpose": Choice(Purpose),
    "originator": Agency(),
    "under": Slug(),
    "confined_to": Many(Slug(), 64),
    "to": Agency(),
    "to_member": Flag(),
    "reads_for": Choice(Purpose),
    "justification": Text(1000),
    "expect": Choice(May),
    "because": Many(Text(200), 64, shortest=1),
}
