"""Partners without a hub: who they are, and their suspension."""

from __future__ import annotations

from hub.api.callers import Door
from hub.api.room import Answer, Call, Room
from hub.api.schemas.directory import ProfilesView, ProfileView
from hub.audit.events import Act
from hub.audit.trail import writes, writes_nothing
from hub.exchange.hubless import pinning
from hub.records.actor import Role

room = Room("hubless", __name__, url_prefix="/api/v1", description="Partners that have no hub.")


@room.operation(
    "GET",
    "/hubless",
    door=Door.OFFICER,
    roles=Role,
    reply=ProfilesView,
    trail=writes_nothing("the directory, and nobody that a record is about"),
)
def list_hubless(call: Call) -> Answer:
    """List the partners that are reached without a hub of theirs."""
    with call.broker.store.read() as view:
        return Answer(body={"items": view.hubless.profiles()})


@room.operation(
    "POST",
    "/hubless/<agency:agency>/suspend",
    door=Door.OFFICER,
    roles=[Role.CUSTODIAN],
    reply=ProfileView,
    refusals=["partner-unknown"],
    trail=writes(Act.PARTNER_CHANGED, Act.HELD),
)
def suspend_hubless(call: Call, agency: str) -> Answer:
    """Stop all traffic with a partner without a hub, both ways, until it is resumed."""
    return Answer(body=pinning.suspend_hubless(call.broker, call.actor, agency))


@room.operation(
    "POST",
    "/hubless/<agency:agency>/resume",
    door=Door.OFFICER,
    roles=[Role.CUSTODIAN],
    reply=ProfileView,
    refusals=["partner-unknown", "adapter-invalid", "adapter-unknown"],
    trail=writes(Act.PARTNER_CHANGED, Act.RESUMED),
)
def resume_hubless(call: Call, agency: str) -> Answer:
    """Compose a suspended partner's profile anew, let traffic flow again, and send what waited."""
    return Answer(body=pinning.resume_hubless(call.broker, call.actor, agency)[0])
