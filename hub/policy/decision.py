"""What the rules answer: a permit, or a deny with every reason a person can act on."""

from __future__ import annotations

from dataclasses import dataclass

from hub.codes import CODES, Blame
from hub.errors import Refused


@dataclass(frozen=True, kw_only=True)
class Reason:
    """One rule that was not met: a stable code, a plain sentence and, where one applies, the clause.

    `clause` is the agreement's id with its articles, so that an officer finds the text that decides.
    """

    code: str
    sentence: str
    clause: str | None = None

    def __post_init__(self) -> None:
        """Refuse a code that is not a refusal: a deny never blames a peer or the hub."""
        if CODES[self.code].blame is not Blame.REFUSED:
            raise ValueError(f"{self.code} is not the code of a refusal")


@dataclass(frozen=True, kw_only=True)
class Permit:
    """It may go; `clause` names what allows it, where an agreement was asked."""

    clause: str | None = None


@dataclass(frozen=True, kw_only=True)
class Deny:
    """It may not go; `reasons` holds all that fail, never none."""

    reasons: tuple[Reason, ...]

    def __post_init__(self) -> None:
        """Refuse a deny that gives no reason."""
        if not self.reasons:
            raise ValueError("a deny gives at least one reason")

    def refusal(self) -> Refused:
        """Return the failure to raise where nothing can go on: a single reason's code, or `policy-denied`."""
        code = self.reasons[0].code if len(self.reasons) == 1 else "policy-denied"
        return Refused(code, " ".join(reason.sentence for reason in self.reasons), reasons=self.reasons)


Decision = Permit | Deny


def decide(reasons: list[Reason], *, clause: str | None = None) -> Decision:
    """Return a deny with these reasons, or a permit when there are none."""
    return Deny(reasons=tuple(reasons)) if reasons else Permit(clause=clause)


def require(decision: Decision) -> None:
    """Go on when permitted; raise the deny's refusal otherwise."""
    if isinstance(decision, Deny):
        raise decision.refusal()
