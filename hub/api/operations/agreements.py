"""propose → approve: two custodians decide what may go to whom, and see what it changes."""

from __future__ import annotations

import re
from typing import Final

from hub.api.callers import Door
from hub.api.proposing import ETAG, IF_MATCH, etag, read_digest, text_size
from hub.api.room import Answer, Call, Room
from hub.api.schemas.agreements import (
    ApprovalOfAgreementBody,
    ChangesQuery,
    ChangesView,
    ProposalBody,
    ProposalQuery,
    ProposalsView,
    ProposalTextView,
    ProposalView,
)
from hub.api.schemas.directory import AgreementTextView
from hub.audit.events import Act
from hub.audit.trail import writes, writes_nothing
from hub.entries import ProposalRow
from hub.errors import Refused
from hub.exchange.agreements import (
    approve_agreement,
    in_force,
    proposal_of,
    propose,
    version_of,
    waiting,
)
from hub.policy.agreements import MAX_BYTES, load_agreement
from hub.policy.description import Difference, differences
from hub.ports import View
from hub.records.actor import Role

room = Room(
    "agreements",
    __name__,
    url_prefix="/api/v1",
    description="Agreements, proposed by one and approved by two.",
)

_ID: Final = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}")
_NO_CONTENT: Final = "the directory, and nobody that a record is about"


@room.operation(
    "GET",
    "/agreement-proposals",
    door=Door.OFFICER,
    roles=Role,
    reply=ProposalsView,
    trail=writes_nothing(_NO_CONTENT),
)
def list_proposals(call: Call) -> Answer:
    """List the texts that wait for a second custodian."""
    with call.broker.store.read() as view:
        return Answer(body={"items": waiting(view)})


@room.operation(
    "POST",
    "/agreement-proposals",
    door=Door.OFFICER,
    roles=[Role.CUSTODIAN],
    body=ProposalBody,
    size=text_size(MAX_BYTES),
    status=201,
    reply=ProposalView,
    gives=[ETAG],
    refusals=["agreement-invalid", "conflict"],
    trail=writes(Act.AGREEMENT_PROPOSED, or_nothing="the same text by the same custodian waits already"),
)
def propose_agreement(call: Call) -> Answer:
    """Propose a text as a custodian; nothing changes before another custodian approves it.

    A repeat of what waits already changes nothing, and gets the same answer.
    """
    row = propose(call.broker, call.actor, call.body["source"])
    return Answer(body=row, headers=etag(row.digest))


@room.operation(
    "GET",
    "/agreement-proposals/<string:agreement_id>",
    door=Door.OFFICER,
    roles=Role,
    query=ProposalQuery,
    reply=ProposalTextView,
    gives=[ETAG],
    trail=writes_nothing(_NO_CONTENT),
)
def get_proposal(call: Call, agreement_id: str) -> Answer:
    """Read a proposal with its text, and what it would change of what is in force."""
    _refuse_no_id(agreement_id)
    with call.broker.store.read() as view:
        row = proposal_of(view, agreement_id, call.query.get("version"))
        changes = _changes(view, row)
    return Answer(body={**vars(row), "changes": changes}, headers=etag(row.digest))


@room.operation(
    "POST",
    "/agreement-proposals/<string:agreement_id>/approve",
    door=Door.OFFICER,
    roles=[Role.CUSTODIAN],
    body=ApprovalOfAgreementBody,
    reply=AgreementTextView,
    takes=[IF_MATCH],
    refusals=[
        "precondition-missing",
        "precondition-failed",
        "agreement-invalid",
        "conflict",
        "four-eyes",
        "policy-denied",
    ],
    trail=writes(Act.AGREEMENT_CHANGED, or_nothing="this custodian put this very text in force before"),
)
def approve_proposal(call: Call, agreement_id: str) -> Answer:
    """Put in force what another custodian proposed, by the ETag of the text that was read.

    A repeat by the same custodian changes nothing, and gets the same answer.
    """
    _refuse_no_id(agreement_id)
    digest = read_digest()
    version = call.body.get("version")
    if version is None:
        with call.broker.store.read() as view:
            version = _version_of(view, agreement_id, digest)
    return Answer(body=approve_agreement(call.broker, call.actor, agreement_id, version, digest=digest))


@room.operation(
    "GET",
    "/agreements/<string:agreement_id>/changes",
    door=Door.OFFICER,
    roles=Role,
    query=ChangesQuery,
    reply=ChangesView,
    trail=writes_nothing(_NO_CONTENT),
)
def get_changes(call: Call, agreement_id: str) -> Answer:
    """Show what changes from one version to another, or to what is proposed."""
    _refuse_no_id(agreement_id)
    before, after = call.query.get("before"), call.query.get("after")
    with call.broker.store.read() as view:
        old = load_agreement(version_of(view, agreement_id, before).source)
        found = proposal_of(view, agreement_id) if after is None else version_of(view, agreement_id, after)
    new = load_agreement(found.source)
    return Answer(
        body={
            "agreement_id": agreement_id,
            "before": old.version,
            "after": new.version,
            "proposed": after is None,
            "changes": differences(old, new),
        }
    )


def _refuse_no_id(agreement_id: str) -> None:
    """Raise Refused `not-found` for what cannot be an agreement's id, without repeating it."""
    if _ID.fullmatch(agreement_id) is None:
        raise Refused("not-found", "There is no agreement of that id here.")


def _version_of(view: View, agreement_id: str, digest: bytes) -> int:
    """Return the version that is meant: what is in force where it is this text, else what waits."""
    now = in_force(view, agreement_id)
    if now is not None and now.digest == digest:
        return now.version
    return proposal_of(view, agreement_id).version


def _changes(view: View, row: ProposalRow) -> list[Difference]:
    now = in_force(view, row.agreement_id)
    return [] if now is None else differences(load_agreement(now.source), load_agreement(row.source))
