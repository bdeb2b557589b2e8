"""Who is known here: partners, members, officers and agreements, and their suspension."""

from __future__ import annotations

from hub.api.callers import Door
from hub.api.room import Answer, Call, Room
from hub.api.schemas.agreements import AgreementVersionQuery
from hub.api.schemas.directory import (
    AgreementsView,
    AgreementTextView,
    MembersView,
    MemberView,
    OfficersView,
    PartnersView,
    PartnerView,
)
from hub.audit.events import Act
from hub.audit.trail import writes, writes_nothing
from hub.errors import Refused
from hub.exchange import members, partners, suspending
from hub.records.actor import Role

room = Room(
    "directory", __name__, url_prefix="/api/v1", description="Who is known here and by which agreement."
)


@room.operation(
    "GET",
    "/partners",
    door=Door.OFFICER,
    roles=Role,
    reply=PartnersView,
    trail=writes_nothing("the directory, and nobody that a record is about"),
)
def list_partners(call: Call) -> Answer:
    """List the pinned partners."""
    with call.broker.store.read() as view:
        return Answer(body={"items": view.directory.partners()})


@room.operation(
    "GET",
    "/partners/<agency:agency>",
    door=Door.OFFICER,
    roles=Role,
    reply=PartnerView,
    refusals=["partner-unknown"],
    trail=writes_nothing("the directory, and nobody that a record is about"),
)
def get_partner(call: Call, agency: str) -> Answer:
    """Get one pinned partner."""
    with call.broker.store.read() as view:
        return Answer(body=partners.find_partner(view, agency))


@room.operation(
    "POST",
    "/partners/<agency:agency>/suspend",
    door=Door.OFFICER,
    roles=[Role.CUSTODIAN],
    reply=PartnerView,
    refusals=["partner-unknown"],
    trail=writes(Act.PARTNER_CHANGED, Act.HELD),
)
def suspend_partner(call: Call, agency: str) -> Answer:
    """Stop all traffic with a partner, both ways and in every process, until it is resumed."""
    return Answer(body=suspending.suspend(call.broker, call.actor, agency))


@room.operation(
    "POST",
    "/partners/<agency:agency>/resume",
    door=Door.OFFICER,
    roles=[Role.CUSTODIAN],
    reply=PartnerView,
    refusals=[
        "partner-unknown",
        "card-invalid",
        "pin-changed",
        "certificate-expired",
        "suite-not-allowed",
        "revocation-unknown",
    ],
    trail=writes(Act.PARTNER_CHANGED, Act.RESUMED),
)
def resume_partner(call: Call, agency: str) -> Answer:
    """Verify a suspended partner anew, let its traffic flow again, and send what the suspension held."""
    return Answer(body=suspending.resume(call.broker, call.actor, agency).row)


@room.operation(
    "GET",
    "/members",
    door=Door.OFFICER,
    roles=Role,
    reply=MembersView,
    trail=writes_nothing("the directory, and nobody that a record is about"),
)
def list_members(call: Call) -> Answer:
    """List the members."""
    with call.broker.store.read() as view:
        return Answer(body={"items": view.directory.members()})


@room.operation(
    "GET",
    "/members/<agency:agency>",
    door=Door.OFFICER,
    roles=Role,
    reply=MemberView,
    trail=writes_nothing("the directory, and nobody that a record is about"),
)
def get_member(call: Call, agency: str) -> Answer:
    """Get one member."""
    with call.broker.store.read() as view:
        return Answer(body=members.find_member(view, agency))


@room.operation(
    "POST",
    "/members/<agency:agency>/suspend",
    door=Door.OFFICER,
    roles=[Role.CUSTODIAN],
    reply=MemberView,
    trail=writes(Act.MEMBER_CHANGED),
)
def suspend_member(call: Call, agency: str) -> Answer:
    """Stop a member's traffic; its tokens stop working within seconds."""
    return Answer(body=members.suspend(call.broker, call.actor, agency))


@room.operation(
    "POST",
    "/members/<agency:agency>/resume",
    door=Door.OFFICER,
    roles=[Role.CUSTODIAN],
    reply=MemberView,
    trail=writes(Act.MEMBER_CHANGED),
)
def resume_member(call: Call, agency: str) -> Answer:
    """Let a suspended member's traffic flow again."""
    return Answer(body=members.resume(call.broker, call.actor, agency))


@room.operation(
    "GET",
    "/officers",
    door=Door.OFFICER,
    roles=Role,
    reply=OfficersView,
    trail=writes_nothing("the directory, and nobody that a record is about"),
)
def list_officers(call: Call) -> Answer:
    """List the officers' accounts."""
    with call.broker.store.read() as view:
        return Answer(body={"items": view.directory.officers()})


@room.operation(
    "GET",
    "/agreements",
    door=Door.OFFICER,
    roles=Role,
    reply=AgreementsView,
    trail=writes_nothing("the directory, and nobody that a record is about"),
)
def list_agreements(call: Call) -> Answer:
    """List the agreements in their newest version."""
    with call.broker.store.read() as view:
        return Answer(body={"items": view.directory.agreements()})


@room.operation(
    "GET",
    "/agreements/<string:agreement_id>",
    door=Door.OFFICER,
    roles=Role,
    query=AgreementVersionQuery,
    reply=AgreementTextView,
    trail=writes_nothing("the directory, and nobody that a record is about"),
)
def get_agreement(call: Call, agreement_id: str) -> Answer:
    """Get one agreement with its text, in its newest version or an older one."""
    version = call.query.get("version")
    with call.broker.store.read() as view:
        for row in reversed(view.directory.agreement_versions(agreement_id)):
            if version in (None, row.version):
                return Answer(body=row)
    raise Refused("not-found", "There is no such version of an agreement of that id here.")
