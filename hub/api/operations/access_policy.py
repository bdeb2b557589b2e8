"""Who may do what with records: the policy that two custodians decide on, and compartments of one record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import unified_diff
from typing import Final

from hub.api.callers import Door
from hub.api.describing import ACCESS_REFUSED, CONTENT_REFUSED
from hub.api.proposing import ETAG, IF_MATCH, etag, read_digest, text_size
from hub.api.room import Answer, Call, Room
from hub.api.schemas.access_policy import (
    CompartmentBody,
    CompartmentsView,
    DeliverBody,
    DeliverView,
    PolicyBody,
    PolicyProposalView,
    PolicyQuery,
    PolicyView,
    Which,
)
from hub.audit.events import Act
from hub.audit.trail import writes, writes_nothing
from hub.entries import PolicyRow
from hub.errors import Refused
from hub.exchange import policies
from hub.exchange.confining import confine, lift
from hub.exchange.delivering import deliver
from hub.policy.rulebook import MAX_BYTES, Rule, load_rulebook, schema_text, shipped_text
from hub.records.actor import Role

room = Room(
    "access-policy",
    __name__,
    url_prefix="/api/v1",
    description="Who may do what with records: the policy of this hub, and compartments.",
)

_NO_CONTENT: Final = "the policy, and nobody that a record is about"
_COMPARTMENTS_REFUSED: Final = ("justification-missing", "conflict")


@room.operation(
    "GET",
    "/access-policy",
    door=Door.OFFICER,
    roles=Role,
    query=PolicyQuery,
    reply=PolicyView,
    gives=[ETAG],
    trail=writes_nothing(_NO_CONTENT),
)
def show_policy(call: Call) -> Answer:
    """Read the policy in force on who releases and reads what, the one shipped, or what it can speak of."""
    which = call.query["which"]
    if which is Which.SCHEMA:
        return _answer(schema_text(), rules=False)
    if which is Which.SHIPPED:
        return _answer(shipped_text())
    with call.broker.store.read() as view:
        row, text = view.access.policy(), policies.in_force(view)
    return _answer(text, row)


@room.operation(
    "GET",
    "/access-policy/proposal",
    door=Door.OFFICER,
    roles=Role,
    reply=PolicyProposalView,
    gives=[ETAG],
    refusals=["not-found"],
    trail=writes_nothing(_NO_CONTENT),
)
def show_policy_proposal(call: Call) -> Answer:
    """Read what waits for another custodian, and what it changes of the policy in force."""
    with call.broker.store.read() as view:
        row, before = policies.proposed(view), policies.in_force(view)
    changes = unified_diff(
        before.splitlines(), row.source.splitlines(), "in force", "proposed", lineterm="", n=2
    )
    return _answer(row.source, row, told={"changes": list(changes)})


@room.operation(
    "POST",
    "/access-policy/proposal",
    door=Door.OFFICER,
    roles=[Role.CUSTODIAN],
    body=PolicyBody,
    size=text_size(MAX_BYTES),
    status=201,
    reply=PolicyView,
    gives=[ETAG],
    refusals=["policy-invalid", "conflict"],
    trail=writes(Act.ACCESS_PROPOSED),
)
def propose_access_policy(call: Call) -> Answer:
    """Propose a policy as a custodian; nothing changes before another custodian approves it.

    It replaces what waits. Rules that are wrong are named with their lines.
    """
    row = policies.propose_policy(call.broker, call.actor, call.body["source"])
    return _answer(row.source, row)


@room.operation(
    "POST",
    "/access-policy/proposal/approve",
    door=Door.OFFICER,
    roles=[Role.CUSTODIAN],
    reply=PolicyView,
    gives=[ETAG],
    takes=[IF_MATCH],
    refusals=[
        "precondition-missing",
        "precondition-failed",
        "not-found",
        "policy-invalid",
        "conflict",
        "four-eyes",
    ],
    trail=writes(Act.ACCESS_CHANGED),
)
def approve_access_policy(call: Call) -> Answer:
    """Put in force what another custodian proposed, by the ETag of the text that was read."""
    digest = read_digest()
    row = policies.approve_policy(call.broker, call.actor, digest=digest)
    return _answer(row.source, row)


@room.operation(
    "POST",
    "/records/<id:record_id>/compartments",
    door=Door.OFFICER,
    roles=[Role.CUSTODIAN, Role.RELEASER],
    body=CompartmentBody,
    reply=CompartmentsView,
    refusals=["not-found", *_COMPARTMENTS_REFUSED],
    trail=writes(Act.CONFINED, or_nothing="it is confined to it already"),
)
def confine_record(call: Call, record_id: str) -> Answer:
    """Confine a record to a compartment at once, with its versions and what answers or derives from it.

    Where another custodian had proposed to lift it, that ends.
    """
    rows = confine(
        call.broker,
        call.actor,
        record_id,
        call.body["compartment"],
        justification=call.body["justification"],
        originator=call.body.get("originator"),
    )
    return Answer(body={"record_id": record_id, "compartments": rows})


@room.operation(
    "POST",
    "/records/<id:record_id>/compartments/lift",
    door=Door.OFFICER,
    roles=[Role.CUSTODIAN],
    body=CompartmentBody,
    reply=CompartmentsView,
    refusals=["not-found", "four-eyes", *_COMPARTMENTS_REFUSED],
    trail=writes(Act.LIFT_PROPOSED, Act.LIFTED),
)
def lift_record(call: Call, record_id: str) -> Answer:
    """Lift a record's compartment; one custodian proposes it so, and another does it so."""
    rows = lift(
        call.broker,
        call.actor,
        record_id,
        call.body["compartment"],
        justification=call.body["justification"],
        originator=call.body.get("originator"),
    )
    return Answer(body={"record_id": record_id, "compartments": rows})


@room.operation(
    "POST",
    "/records/<id:record_id>/deliver",
    door=Door.OFFICER,
    roles=[Role.RELEASER],
    body=DeliverBody,
    reply=DeliverView,
    refusals=[
        *ACCESS_REFUSED,
        *CONTENT_REFUSED,
        "four-eyes",
        "justification-missing",
        "partner-suspended",
        "transition-invalid",
    ],
    trail=writes(Act.RESUMED),
)
def deliver_record(call: Call, record_id: str) -> Answer:
    """Let a recipient have a correction that the policy of this hub held from it.

    It takes an officer who may release it to that recipient now and wrote nothing of it.
    """
    held = deliver(
        call.broker, call.actor, record_id, call.body["to"], justification=call.body["justification"]
    )
    return Answer(body={"record_id": record_id, "version": held.version, "recipient": held.recipient})


def _answer(
    source: str,
    row: PolicyRow | None = None,
    *,
    rules: bool = True,
    told: Mapping[str, object] | None = None,
) -> Answer:
    digest = policies.digest_of(source)
    body: dict[str, object] = {} if row is None else dict(vars(row))
    body |= {
        "source": source,
        "digest": digest,
        "rules": _rules(source) if rules else (),
        **(told or {}),
    }
    return Answer(body=body, headers=etag(digest))


def _rules(source: str) -> Sequence[Rule]:
    """Return the rules of a policy; none of one that this hub cannot read any more."""
    try:
        return load_rulebook(source).rules
    except Refused:
        return ()
