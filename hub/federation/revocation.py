"""What is known of the revocation of one partner's certificates, and whether that is enough."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Final

from hub.federation.answers import RevokedList


class RevocationPolicy(Enum):
    """What becomes of a certificate that cannot be checked.

    `require` refuses it; `prefer` takes it, and refuses only what is known to be revoked. `none-published`
    is where nobody says what was revoked: a partner's certificate then ends by suspending the partner.
    """

    REQUIRE = "require"
    PREFER = "prefer"
    NONE_PUBLISHED = "none-published"


class Verdict(Enum):
    """What is known of one certificate now."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"
    UNCHECKED = "unchecked"


@dataclass(frozen=True, kw_only=True)
class ListOf:
    """One authority's newest CRL, believed until a time."""

    crl: RevokedList
    until: datetime
    digest: str


@dataclass(frozen=True, kw_only=True)
class AnswerOn:
    """The newest OCSP answer on one certificate, believed until a time."""

    good: bool
    revoked: bool
    until: datetime
    digest: str


@dataclass(frozen=True, kw_only=True)
class Revocation:
    """The answers held for one partner. `pending` is how long the first one about an authority is waited for.

    Lists are keyed by authority (`authority_id`), answers by authority and serial number.
    """

    policy: RevocationPolicy = RevocationPolicy.NONE_PUBLISHED
    pending: Mapping[str, datetime] = field(default_factory=dict)
    lists: Mapping[str, ListOf] = field(default_factory=dict)
    answers: Mapping[tuple[str, int], AnswerOn] = field(default_factory=dict)

    def of(self, authority: str, serial: int, at: datetime) -> Verdict:
        """Return what is known of a certificate.

        Revoked is what any answer ever said so and none took back, however old; good is what a fresh one
        covers. An authority that was pinned lately stands for an answer: two people have just compared it,
        and a card that follows begins that time anew for no authority.
        """
        listed, answer = self.lists.get(authority), self.answers.get((authority, serial))
        if (listed is not None and listed.crl.revokes(serial)) or (answer is not None and answer.revoked):
            return Verdict.REVOKED
        if self.policy is RevocationPolicy.NONE_PUBLISHED:
            return Verdict.UNCHECKED
        if listed is not None and at <= listed.until:
            return Verdict.GOOD
        if answer is not None and answer.good and at <= answer.until:
            return Verdict.GOOD
        if self.policy is RevocationPolicy.PREFER:
            return Verdict.UNCHECKED
        pending_until = self.pending.get(authority)
        if listed is None and answer is None and pending_until is not None and at <= pending_until:
            return Verdict.UNCHECKED
        return Verdict.UNKNOWN


#: For partners whose authority publishes nothing.
NOTHING_PUBLISHED: Final = Revocation()
