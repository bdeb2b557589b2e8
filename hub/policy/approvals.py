"""How many officers must release a record beside its author, and whether each signs with their own key."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hub.policy.terms import APPROVALS_MAX, Flow
from hub.records.label import Classification, Label


@dataclass(frozen=True, kw_only=True)
class ReleasePolicy:
    """What a hub asks of its releases, beside what agreements ask.

    With `signed` nobody releases without a signing key of their own; without it, whoever has one signs with
    it. `secret_officers` release what is secret or above.
    """

    signed: bool = False
    secret_officers: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.secret_officers <= APPROVALS_MAX:
            raise ValueError(f"from 1 to {APPROVALS_MAX} officers release a record")


def officers_needed(label: Label, flows: Iterable[Flow], policy: ReleasePolicy) -> int:
    """Return the most that the hub or any recipient's agreement asks for at this classification."""
    secret = label.classification.rank >= Classification.SECRET.rank
    return max([policy.secret_officers if secret else 1, *(officers_of(label, flow) for flow in flows)])


def officers_of(label: Label, flow: Flow) -> int:
    """Return how many officers an agreement's flow asks for: what it says of a level holds above it too."""
    asked = [number for level, number in flow.approvals.items() if level.rank <= label.classification.rank]
    return max(asked, default=1)
