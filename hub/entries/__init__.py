"""What the stores hold: one frozen row type per table that a use case touches.

Fields and no logic, a module a theme; everything is imported from here.
"""

from hub.entries.attachments import AttachmentRow
from hub.entries.bodies import Body, RewrapRow, WrappedKey
from hub.entries.books import Gap, Line, ReconciliationRow, StatementRow, Unadmitted
from hub.entries.changing import Direction, Priority, changed
from hub.entries.hubless import IntakeRow, MaterialRow, ParcelRow, ProfileRow
from hub.entries.partners import IntroductionRow, MemberRow, PartnerRow, PartnerStatus
from hub.entries.people import (
    AgreementRow,
    ApprovalRow,
    ConfinementRow,
    Custody,
    LoginFailures,
    OfficerKeyRow,
    OfficerRow,
    PolicyRow,
    ProposalRow,
)
from hub.entries.records import (
    ConsentRow,
    ErasureRow,
    KeepingRow,
    PassageRow,
    RecordRow,
    Release,
    ReminderRow,
    TearRow,
)
from hub.entries.traffic import Delivery, EntryCount, InboxEntry, Lane, OutboxEntry, ReceiptRow, Replay
from hub.entries.trust import (
    CertificateRow,
    EnrolmentRow,
    RevocationRow,
    RevocationRule,
    TrustItem,
    TrustKind,
)

__all__ = [
    "AgreementRow",
    "ApprovalRow",
    "AttachmentRow",
    "Body",
    "CertificateRow",
    "ConfinementRow",
    "ConsentRow",
    "Custody",
    "Delivery",
    "Direction",
    "EnrolmentRow",
    "EntryCount",
    "ErasureRow",
    "Gap",
    "InboxEntry",
    "IntakeRow",
    "IntroductionRow",
    "KeepingRow",
    "Lane",
    "Line",
    "LoginFailures",
    "MaterialRow",
    "MemberRow",
    "OfficerKeyRow",
    "OfficerRow",
    "OutboxEntry",
    "ParcelRow",
    "PartnerRow",
    "PartnerStatus",
    "PassageRow",
    "PolicyRow",
    "Priority",
    "ProfileRow",
    "ProposalRow",
    "ReceiptRow",
    "ReconciliationRow",
    "RecordRow",
    "Release",
    "ReminderRow",
    "Replay",
    "RevocationRow",
    "RevocationRule",
    "RewrapRow",
    "StatementRow",
    "TearRow",
    "TrustItem",
    "TrustKind",
    "Unadmitted",
    "WrappedKey",
    "changed",
]
