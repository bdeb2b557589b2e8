"""Which details and which subjects each kind has: the one table of kinds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hub.records.assistance import (
    AssistanceAnswer,
    AssistanceRequest,
    ServiceNotice,
    SpontaneousInformation,
)
from hub.records.borders import BorderHit, IllicitTransportReport, TransportChannel, TravelBan
from hub.records.consents import Consent, ConsentRequest
from hub.records.fields import Text
from hub.records.kinds import Kind
from hub.records.passages import Passage, PassageRecall
from hub.records.sanctions import (
    AssetFreeze,
    AssetInquiry,
    Delisting,
    Designation,
    SuspiciousTransaction,
)
from hub.records.schema import Object
from hub.records.search import Diffusion, GroupProfile, Notice, WantedPerson


class Withdrawal(Object):
    """The details of every withdrawal but a passage's: why the record is taken back."""

    reason = Text(4000, lines=True, required=True)


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What one kind holds: its details, the subject types of which it needs one, and whether it answers.

    `recall` are the details of its withdrawal.
    """

    details: type[Object]
    needs: frozenset[str] = frozenset()
    answers: bool = False
    recall: type[Object] = Withdrawal


_ANYONE: Final = frozenset({"person", "organisation"})
_PERSON: Final = frozenset({"person"})

SHAPES: Final[dict[Kind, Shape]] = {
    Kind.DESIGNATION: Shape(details=Designation, needs=_ANYONE),
    Kind.DELISTING: Shape(details=Delisting, needs=_ANYONE),
    Kind.ASSET_FREEZE: Shape(details=AssetFreeze, needs=_ANYONE),
    Kind.ASSET_INQUIRY: Shape(details=AssetInquiry, needs=_ANYONE),
    Kind.SUSPICIOUS_TRANSACTION: Shape(details=SuspiciousTransaction, needs=frozenset({"transaction"})),
    Kind.TRAVEL_BAN: Shape(details=TravelBan, needs=_PERSON),
    Kind.BORDER_HIT: Shape(details=BorderHit, needs=_PERSON),
    Kind.ILLICIT_TRANSPORT_REPORT: Shape(details=IllicitTransportReport),
    Kind.WANTED_PERSON: Shape(details=WantedPerson, needs=_PERSON),
    Kind.GROUP_PROFILE: Shape(details=GroupProfile, needs=frozenset({"organisation"})),
    Kind.TRANSPORT_CHANNEL: Shape(details=TransportChannel),
    Kind.ASSISTANCE_REQUEST: Shape(details=AssistanceRequest),
    Kind.ASSISTANCE_ANSWER: Shape(details=AssistanceAnswer, answers=True),
    Kind.SPONTANEOUS_INFORMATION: Shape(details=SpontaneousInformation),
    Kind.NOTICE: Shape(details=Notice),
    Kind.DIFFUSION: Shape(details=Diffusion),
    Kind.SERVICE_NOTICE: Shape(details=ServiceNotice),
    Kind.CONSENT_REQUEST: Shape(details=ConsentRequest),
    Kind.CONSENT: Shape(details=Consent, answers=True),
    Kind.PASSAGE: Shape(details=Passage, recall=PassageRecall),
}
