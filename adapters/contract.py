"""What an adapter is: a dialect, a carrier and the partner's own rules.

The dialect turns a record into the partner's document and back, the carrier moves sealed bytes, the rules
say what this partner takes. Between hubs the dialect is the record's own JSON and the rules are the
agreement's alone, so a hub needs nothing here but a carrier.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from hub.policy.decision import Decision
from hub.ports import Carrier


@dataclass(frozen=True, kw_only=True)
class Translation:
    """A document in another form, and the paths of what that form could not hold. Losses are never silent."""

    document: bytes
    lost: Sequence[str] = ()


class Dialect(Protocol):
    """A partner's document format."""

    @property
    def name(self) -> str:
        """Return the name and version that the signed manifest carries, such as `record-json/1`."""
        ...

    def write(self, record: Mapping[str, object]) -> Translation:
        """Translate a record's document into the partner's format."""
        ...

    def read(self, document: bytes) -> Mapping[str, object]:
        """Translate the partner's document into a record's; raise PeerFault for what it is not."""
        ...


class Rules(Protocol):
    """What a partner takes beyond what the agreement allows: sizes, fields, deadlines of its own."""

    def check(self, record: Mapping[str, object]) -> Decision:
        """Decide whether this partner can be given a record."""
        ...


@dataclass(frozen=True, kw_only=True)
class Adapter:
    """One way to exchange records with one sort of partner."""

    dialect: Dialect
    carrier: Carrier
    rules: Rules
