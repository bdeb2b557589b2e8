"""Who does something: the subject of every permission and of every audit event."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from hub.records.label import Classification


class Role(Enum):
    """What a local officer may do; a person may hold several."""

    DRAFTER = "drafter"
    RELEASER = "releaser"
    READER = "reader"
    AUDITOR = "auditor"
    CUSTODIAN = "custodian"
    OPERATOR = "operator"


class ActorKind(Enum):
    """What sort of party acts."""

    OFFICER = "officer"
    SYSTEM = "system"
    PARTNER = "partner"
    RULE = "rule"
    HUB = "hub"


@dataclass(frozen=True, kw_only=True)
class Actor:
    """One acting party: `id` is the officer's name, the member's or partner's agency id, or the rule's.

    `clearance` is the highest level that an officer may be shown, and `compartments` are the groups of those
    who need to know that the officer is in. Nobody who states neither is shown what is restricted.
    """

    kind: ActorKind
    id: str
    agency: str
    roles: frozenset[Role] = field(default_factory=frozenset)
    clearance: Classification = Classification.UNCLASSIFIED
    compartments: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return f"{self.kind.value}:{self.id}"
