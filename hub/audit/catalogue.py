"""What each act means: its category, what its entry is about, and what it always says; a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from hub.audit.events import Act


class Category(Enum):
    """What sort of step an act is; the first six are the logs of Directive (EU) 2016/680 art. 25 (1)."""

    COLLECTION = "collection"
    ALTERATION = "alteration"
    CONSULTATION = "consultation"
    DISCLOSURE = "disclosure"
    COMBINATION = "combination"
    ERASURE = "erasure"
    DECISION = "decision"
    CONVEYANCE = "conveyance"
    REFUSAL = "refusal"
    ADMINISTRATION = "administration"
    ACCESS = "access"
    AUDIT = "audit"


@dataclass(frozen=True, kw_only=True)
class Row:
    """What an act is, and what its entries always say besides who, when and about what.

    `justified`: a justification, of a person or the legal basis. `names_recipients`: who gets the content, in
    the detail `recipients`.
    """

    category: Category
    means: str
    subject: str
    justified: bool = False
    names_recipients: bool = False


_A, _C = Act, Category

#: Every act there is, with its category; `docs/acts.md` is made from it.
CATALOGUE: Final[Mapping[Act, Row]] = {
    _A.DRAFTED: Row(
        category=_C.COLLECTION,
        means="A record, a correction or a withdrawal was written here, or handed in by a member's system.",
        subject="record",
    ),
    _A.ADMITTED: Row(
        category=_C.COLLECTION,
        means="A partner's record was verified, permitted and stored.",
        subject="record",
    ),
    _A.ATTACHED: Row(
        category=_C.COLLECTION, means="An attachment was announced, or has come whole.", subject="attachment"
    ),
    _A.REVISED: Row(
        category=_C.ALTERATION, means="A draft got a new text or other recipients.", subject="record"
    ),
    _A.CONSULTED: Row(
        category=_C.CONSULTATION,
        means="An officer was shown the content of a record or of an attachment.",
        subject="record",
        justified=True,
    ),
    _A.RELEASED: Row(
        category=_C.DISCLOSURE,
        means="A second officer, or a rule of an agreement, let a record go to its recipients.",
        subject="record",
        justified=True,
        names_recipients=True,
    ),
    _A.DISCLOSED: Row(
        category=_C.DISCLOSURE,
        means="A member's system was given the content of a record or of an attachment.",
        subject="record",
        justified=True,
        names_recipients=True,
    ),
    _A.PASSED_ON: Row(
        category=_C.DISCLOSURE,
        means="Another agency's record went on to partners with its consent, or a change of it followed.",
        subject="record",
        justified=True,
        names_recipients=True,
    ),
    _A.ANSWERED: Row(
        category=_C.COMBINATION,
        means="A record was tied to the record that it answers.",
        subject="record that was answered",
    ),
    _A.DISCARDED: Row(
        category=_C.ERASURE, means="A draft was given up and its content's key destroyed.", subject="record"
    ),
    _A.ERASED: Row(
        category=_C.ERASURE,
        means="The key of a record's or an attachment's content was destroyed.",
        subject="record or attachment",
        justified=True,
    ),
    _A.ERASURE_PROPOSED: Row(
        category=_C.DECISION,
        means="A custodian asked for a record's content to be destroyed; a second officer must confirm.",
        subject="record",
        justified=True,
    ),
    _A.REJECTED: Row(
        category=_C.DECISION,
        means="A second officer sent a draft back to its author.",
        subject="record",
        justified=True,
    ),
    _A.APPROVED: Row(
        category=_C.DECISION,
        means="An officer approved a draft that takes several; it goes out once enough have approved it.",
        subject="record",
    ),
    _A.LABEL_LOWERED: Row(
        category=_C.DECISION,
        means="A version was released whose label asks for less than the one before it, or than that of the "
        "record it was derived from; two officers agreed.",
        subject="record",
        justified=True,
    ),
    _A.TORN: Row(
        category=_C.COLLECTION,
        means="A version was derived from another record of ours, with parts left out; the details say from "
        "which and what.",
        subject="derived record",
    ),
    _A.TEAR_STANDS: Row(
        category=_C.DECISION,
        means="An officer said why a derived record needs no new version although its master was corrected.",
        subject="derived record",
        justified=True,
    ),
    _A.TEAR_OUTDATED: Row(
        category=_C.DECISION,
        means="What a record was derived from was corrected; the details name the parts that changed.",
        subject="derived record",
    ),
    _A.KEEPING_PROPOSED: Row(
        category=_C.DECISION,
        means="An officer asked for a record to be kept longer than was to be.",
        subject="record",
        justified=True,
    ),
    _A.KEPT: Row(
        category=_C.DECISION,
        means="A second officer agreed, and the record is kept longer.",
        subject="record",
        justified=True,
    ),
    _A.REVIEWED: Row(
        category=_C.DECISION,
        means="A person looked whether what is kept is still needed, and says why it is.",
        subject="record",
        justified=True,
    ),
    _A.REMINDED: Row(
        category=_C.DECISION,
        means="Something falls due with a record or is overdue: its answer, its confirmation in writing, its "
        "review or its end; each is told once a level.",
        subject="record",
    ),
    _A.CHECK_ANSWERED: Row(
        category=_C.DECISION,
        means="Whoever released a record answered, with yes and a reason, what a machine cannot decide.",
        subject="record",
        justified=True,
    ),
    _A.CARRIED: Row(
        category=_C.CONVEYANCE,
        means="A relay has taken an envelope, or the carrier of a partner without a hub a parcel.",
        subject="envelope",
    ),
    _A.RELAYED: Row(
        category=_C.CONVEYANCE,
        means="We took an envelope, or what one hub asks or answers another, unopened, to hand it on.",
        subject="envelope or message",
    ),
    _A.RECEIPT_VERIFIED: Row(
        category=_C.CONVEYANCE,
        means="A signed receipt about an envelope of ours came and was verified.",
        subject="envelope",
    ),
    _A.RECEIPT_KEPT: Row(
        category=_C.CONVEYANCE,
        means="A partner without a hub answered for a parcel; its receipt is kept as it came.",
        subject="envelope",
    ),
    _A.RECEIPT_ISSUED: Row(
        category=_C.CONVEYANCE, means="A partner has taken our signed receipt.", subject="envelope"
    ),
    _A.DELIVERED: Row(
        category=_C.CONVEYANCE,
        means="A member's system said that a record was delivered, opened or actioned there.",
        subject="record",
    ),
    _A.COLLECTION_OPENED: Row(
        category=_C.ADMINISTRATION,
        means="A collection was opened for an agency that reads or posts by TAXII.",
        subject="collection",
    ),
    _A.LAID_OUT: Row(
        category=_C.CONVEYANCE,
        means="What goes to an agency was laid out for it, which reads by TAXII when it likes.",
        subject="parcel or delivery",
    ),
    _A.COLLECTED: Row(
        category=_C.DISCLOSURE,
        means="An agency read objects of a parcel that was laid out for it; the detail `numbers` says which.",
        subject="parcel",
        justified=True,
        names_recipients=True,
    ),
    _A.POSTED: Row(
        category=_C.COLLECTION,
        means="An agency posted objects by TAXII; they are kept as one parcel that waits for its verdict.",
        subject="parcel",
    ),
    _A.POST_ANSWERED: Row(
        category=_C.CONVEYANCE,
        means="A parcel that was posted was taken, or refused with the detail `code`.",
        subject="parcel",
    ),
    _A.RESUMED: Row(
        category=_C.CONVEYANCE,
        means="An operator put an envelope back in its lane, or a releaser let a recipient have a correction "
        "that the policy held from it.",
        subject="envelope or record",
    ),
    _A.MISSED: Row(
        category=_C.CONVEYANCE,
        means="Numbers of a partner had not come for a while although a later one had.",
        subject="partner",
    ),
    _A.RECONCILED: Row(
        category=_C.CONVEYANCE,
        means="Books were compared with a partner's; both sides signed what they say, under these digests. "
        "Or statements of comparisons in which nothing differed were let go.",
        subject="partner",
    ),
    _A.DIED: Row(
        category=_C.CONVEYANCE,
        means="An envelope was given up, by time, by an operator, or for a newer version of its record; or "
        "a delivery that was held from a member, for a newer version.",
        subject="envelope or record",
    ),
    _A.HELD: Row(
        category=_C.REFUSAL,
        means="An envelope, or a member's delivery, is kept here because the rules, the policy or its bytes "
        "do not let it go now.",
        subject="envelope or record",
    ),
    _A.WITHHELD: Row(
        category=_C.REFUSAL,
        means="A member's system asked for a delivery whose content the rules of that moment deny it.",
        subject="record",
    ),
    _A.REFUSED: Row(
        category=_C.REFUSAL,
        means="Something was asked for and refused; the detail `code` says why.",
        subject="record, envelope or operation",
    ),
    _A.LOGIN_FAILED: Row(
        category=_C.REFUSAL, means="Somebody did not show who they are.", subject="officer or member"
    ),
    _A.LOGIN: Row(
        category=_C.ACCESS, means="An officer or a member's system signed in.", subject="officer or member"
    ),
    _A.PARTNER_CHANGED: Row(
        category=_C.ADMINISTRATION, means="A partner was pinned, suspended or resumed.", subject="partner"
    ),
    _A.MEMBER_CHANGED: Row(
        category=_C.ADMINISTRATION,
        means="A member was registered or suspended, or its certificate or scopes were changed.",
        subject="member",
    ),
    _A.OFFICER_CHANGED: Row(
        category=_C.ADMINISTRATION,
        means="An officer's account was opened, closed or reset, or its roles or clearance were changed.",
        subject="officer",
    ),
    _A.OFFICER_KEY: Row(
        category=_C.ADMINISTRATION,
        means="A key with which an officer signs releases was registered or revoked.",
        subject="key, by the thumbprint of its JWK",
    ),
    _A.AGREEMENT_PROPOSED: Row(
        category=_C.DECISION,
        means="A custodian proposed an agreement's text; another custodian must approve it.",
        subject="agreement",
    ),
    _A.AGREEMENT_CHANGED: Row(
        category=_C.ADMINISTRATION,
        means="An agreement, and with it what may go to whom, was put in force.",
        subject="agreement",
    ),
    _A.ACCESS_PROPOSED: Row(
        category=_C.DECISION,
        means="A custodian proposed the policy on who releases and reads what; another must approve it.",
        subject="policy, by its version",
    ),
    _A.ACCESS_CHANGED: Row(
        category=_C.ADMINISTRATION,
        means="A policy on who releases and reads what was put in force.",
        subject="policy, by its version",
    ),
    _A.CONFINED: Row(
        category=_C.DECISION,
        means="A record was confined to a compartment of this hub.",
        subject="record",
        justified=True,
    ),
    _A.LIFT_PROPOSED: Row(
        category=_C.DECISION,
        means="A custodian proposed to lift a record's compartment; another must agree.",
        subject="record",
        justified=True,
    ),
    _A.LIFTED: Row(
        category=_C.DECISION,
        means="A record's compartment was lifted, so that more officers may have it.",
        subject="record",
        justified=True,
    ),
    _A.KEY_CHANGED: Row(
        category=_C.ADMINISTRATION,
        means="Keys or certificates of this hub were made or renewed.",
        subject="agency",
    ),
    _A.POLICY_CHANGED: Row(
        category=_C.ADMINISTRATION,
        means="Settings of this hub are others than before; the details have each that is not default, "
        "and, in `changed`, which differ. Written before the first change under them.",
        subject="hub.toml",
    ),
    _A.DIRECTORY_CHANGED: Row(
        category=_C.ADMINISTRATION,
        means="The directory of agencies was joined, changed, fetched, refused or relied on; "
        "the detail `step` says which.",
        subject="directory or agency",
    ),
    _A.WITNESSED: Row(
        category=_C.AUDIT,
        means="Another agency's log was cosigned here for the first time; later cosignatures leave no entry.",
        subject="log",
    ),
    _A.FORK_SEEN: Row(
        category=_C.AUDIT,
        means="A signed checkpoint that contradicts the one we cosigned was kept as evidence.",
        subject="log",
    ),
    _A.QUORUM_CHANGED: Row(
        category=_C.AUDIT,
        means="The quorum of our witnesses went missing or is back, or one of them disproved our log.",
        subject="log",
    ),
    _A.STARTED: Row(
        category=_C.AUDIT,
        means="A process that serves, and keeps this log, began its work.",
        subject="agency",
    ),
    _A.SEARCHED: Row(
        category=_C.AUDIT, means="Somebody searched this log; the details say for what.", subject="agency"
    ),
    _A.EXPORTED: Row(
        category=_C.AUDIT,
        means="Evidence on a record, or this log, was written out; the detail `what` says how much it shows.",
        subject="record or agency",
        justified=True,
    ),
    _A.STOPPED: Row(category=_C.AUDIT, means="Such a process ended its work.", subject="agency"),
    _A.LOST: Row(
        category=_C.AUDIT,
        means="Stands for an event that was lost with a database: its entry in the log was recovered, "
        "and what it said cannot be shown any more.",
        subject="agency",
    ),
    _A.RECOVERED: Row(
        category=_C.AUDIT,
        means="Entries that a restored database did not have were taken back from the published files.",
        subject="agency",
        justified=True,
    ),
}


def category_of(act: Act) -> Category:
    """Return what sort of step an act is."""
    return CATALOGUE[act].category
