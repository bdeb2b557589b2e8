"""Officers and members get what clearance, compartments and policy let them have, through every door."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pytest

from hub.audit.events import Act, AuditEvent
from hub.entries import RecordRow
from hub.errors import Refused
from hub.evidence.parts import Mode
from hub.exchange.accounts import actor_of, add_officer, change_clearance
from hub.exchange.attachments import read_attachment
from hub.exchange.broker import Broker
from hub.exchange.confining import confine, confinements_of, lift
from hub.exchange.correcting import withdraw
from hub.exchange.drafting import answer, draft
from hub.exchange.evidence import exporting
from hub.exchange.explaining import explain_record
from hub.exchange.policies import approve_policy, propose_policy, proposed
from hub.exchange.releasing import approve
from hub.exchange.routing import collect, read_record
from hub.exchange.tearing import tear_record
from hub.policy.rulebook import shipped_text
from hub.records.actor import Role
from hub.records.kinds import Purpose
from hub.records.label import Classification, Label, Tlp
from hub.records.lifecycle import EntryState
from tests.exchange.hubs import (
    AIGUL,
    BOLAT,
    CUSTODIAN,
    Hubs,
    add_member,
    document,
    officer,
    release_it,
    released,
    run_lanes,
)

DANA, ERLAN = officer("dana", Role.CUSTODIAN), officer("erlan", Role.CUSTODIAN)
WHY = "case 2026/17"
LOW = Classification.RESTRICTED
PASSWORD = "a long enough password"


@pytest.fixture
def ours(pair: Hubs) -> Broker:
    return pair.network.brokers["kz-knb"]


@pytest.fixture
def theirs(pair: Hubs) -> Broker:
    return pair.network.brokers["cis-atc"]


def label(level: Classification) -> Mapping[str, object]:
    return {"label": Label(classification=level, tlp=Tlp.AMBER).as_document()}


def drafted(broker: Broker, **changes: object) -> RecordRow:
    return draft(broker, AIGUL, document(**changes), recipients=["cis-atc"])


def came(ours: Broker, theirs: Broker, **changes: object) -> str:
    record_id = released(theirs, "kz-knb", **changes).record_id
    run_lanes(theirs)
    return record_id


def refused(act: Callable[[], object]) -> Refused:
    with pytest.raises(Refused) as caught:
        act()
    return caught.value


def events(broker: Broker, *acts: Act) -> Sequence[AuditEvent]:
    with broker.store.read() as view:
        return [event for _, event in view.events(after=0, limit=1000) if event.act in acts]


def put_in_force(broker: Broker, text: str) -> None:
    row = propose_policy(broker, DANA, text)
    approve_policy(broker, ERLAN, digest=row.digest)


def with_rule(rule: str) -> str:
    return f"{shipped_text()}\n{rule}\n"


def test_a_reader_reads_up_to_their_clearance(ours: Broker) -> None:
    row = drafted(ours, **label(Classification.SECRET))
    low = officer("asel", Role.READER, clearance=Classification.CONFIDENTIAL)
    failure = refused(lambda: read_record(ours, low, row.record_id, justification=WHY))
    assert failure.code == "clearance-missing"
    assert failure.sentence == "The record is secret, and asel is cleared up to confidential."
    high = officer("asel", Role.READER, clearance=Classification.SECRET)
    assert read_record(ours, high, row.record_id, justification=WHY).id == row.record_id
    assert [one.actor.id for one in events(ours, Act.CONSULTED)] == ["asel"]


def test_attachments_follow_the_same_rules(ours: Broker) -> None:
    row = drafted(ours, **label(Classification.SECRET))
    low = officer("asel", Role.READER, clearance=LOW)
    failure = refused(lambda: read_attachment(ours, low, row.record_id, "00" * 32, justification=WHY))
    assert failure.code == "clearance-missing"


def test_evidence_with_content_takes_the_clearance_and_without_it_does_not(ours: Broker) -> None:
    row = released(ours, "cis-atc", **label(Classification.SECRET))
    low = officer("asel", Role.AUDITOR, clearance=LOW)
    failure = refused(lambda: exporting.export(ours, low, row.record_id, justification=WHY))
    assert failure.code == "clearance-missing"
    bare = next(mode for mode in Mode if mode is not Mode.FULL)
    assert exporting.export(ours, low, row.record_id, mode=bare, justification=WHY)
    high = officer("asel", Role.AUDITOR, clearance=Classification.SECRET)
    assert exporting.export(ours, high, row.record_id, justification=WHY)


def test_a_releaser_releases_up_to_their_clearance(ours: Broker) -> None:
    row = drafted(ours, **label(Classification.SECRET))
    low = officer("asel", Role.RELEASER, clearance=LOW)
    failure = refused(lambda: approve(ours, low, row.record_id, digest=row.digest, recipients=row.recipients))
    assert failure.code == "clearance-missing"
    assert events(ours, Act.REFUSED)[0].details["code"] == "clearance-missing"
    assert approve(ours, BOLAT, row.record_id, digest=row.digest, recipients=row.recipients).release


def test_a_drafter_answers_what_their_clearance_reaches(ours: Broker, theirs: Broker) -> None:
    record_id = came(ours, theirs, **label(Classification.CONFIDENTIAL))
    low = officer("asel", Role.DRAFTER, clearance=LOW)
    failure = refused(lambda: answer(ours, low, record_id, document()))
    assert failure.code == "clearance-missing"
    assert answer(ours, AIGUL, record_id, document()).recipients == ("cis-atc",)


def test_a_policy_is_in_force_once_another_custodian_approves_it(ours: Broker, hubs: Hubs) -> None:
    row = drafted(ours)
    rule = '@id("nobody") @reason("Nobody reads.") forbid (principal, action == Action::"read", resource);'
    proposal = propose_policy(ours, DANA, with_rule(rule))
    assert read_record(ours, AIGUL, row.record_id, justification=WHY)
    hubs.clock.pass_(60)
    done = approve_policy(ours, ERLAN, digest=proposal.digest)
    assert (done.version, done.proposed_by, done.approved_by) == (1, "officer:dana", "officer:erlan")
    failure = refused(lambda: read_record(ours, AIGUL, row.record_id, justification=WHY))
    assert (failure.code, failure.sentence) == ("policy-forbids", "Nobody reads. (Policy rule nobody.)")
    told = events(ours, Act.ACCESS_PROPOSED, Act.ACCESS_CHANGED)
    digest = proposal.digest.hex()
    assert [(one.act, one.subject, one.actor.id, dict(one.details)) for one in told] == [
        (Act.ACCESS_PROPOSED, "policy/1", "dana", {"digest": digest}),
        (Act.ACCESS_CHANGED, "policy/1", "erlan", {"digest": digest, "proposed_by": "officer:dana"}),
    ]
    put_in_force(ours, shipped_text())
    assert read_record(ours, AIGUL, row.record_id, justification=WHY)


def test_who_proposed_a_policy_does_not_approve_it(ours: Broker) -> None:
    row = propose_policy(ours, DANA, with_rule(""))
    assert refused(lambda: approve_policy(ours, DANA, digest=row.digest)).code == "four-eyes"


@pytest.mark.parametrize("actor", [CUSTODIAN, BOLAT])
def test_custodians_who_have_signed_in_decide_on_policies_and_nobody_else(ours: Broker, actor) -> None:  # type: ignore[no-untyped-def]
    assert refused(lambda: propose_policy(ours, actor, with_rule(""))).code == "role-missing"
    row = propose_policy(ours, DANA, with_rule(""))
    assert refused(lambda: approve_policy(ours, actor, digest=row.digest)).code == "role-missing"


def test_what_is_approved_is_what_was_read(ours: Broker) -> None:
    first = propose_policy(ours, DANA, with_rule("// one"))
    second = propose_policy(ours, DANA, with_rule("// two"))
    assert (first.version, second.version) == (1, 1)
    assert refused(lambda: approve_policy(ours, ERLAN, digest=first.digest)).code == "conflict"
    approve_policy(ours, ERLAN, digest=second.digest)
    assert refused(lambda: approve_policy(ours, ERLAN, digest=second.digest)).code == "not-found"
    assert refused(lambda: propose_policy(ours, DANA, with_rule("// two"))).code == "conflict"
    assert propose_policy(ours, DANA, with_rule("// three")).version == 2
    with ours.store.read() as view:
        assert proposed(view).version == 2


def test_a_policy_that_is_wrong_is_not_proposed(ours: Broker) -> None:
    failure = refused(lambda: propose_policy(ours, DANA, "permit (principal, action, resource)"))
    assert failure.code == "policy-invalid"
    assert not events(ours, Act.ACCESS_PROPOSED)


def test_a_policy_in_force_that_cannot_be_read_any_more_denies(ours: Broker) -> None:
    row = drafted(ours)
    proposal = propose_policy(ours, DANA, with_rule(""))
    from dataclasses import replace

    with ours.store.work() as work:
        work.access.put_policy(replace(proposal, source="permit (", approved_by="officer:erlan"))
        work.stage([ours.event(Act.ACCESS_CHANGED, ERLAN, "policy/1", ours.clock.now())])
        work.commit()
    failure = refused(lambda: read_record(ours, AIGUL, row.record_id, justification=WHY))
    assert failure.code == "policy-unusable"


def test_a_policy_keeps_a_release_from_one_recipient(ours: Broker) -> None:
    rule = (
        '@id("not-now") @reason("Nothing goes to the centre for now.") forbid (principal is Officer, '
        'action == Action::"release", resource in Agency::"cis-atc");'
    )
    put_in_force(ours, with_rule(rule))
    row = drafted(ours)
    failure = refused(
        lambda: approve(ours, BOLAT, row.record_id, digest=row.digest, recipients=row.recipients)
    )
    assert failure.code == "policy-forbids"
    assert "Nothing goes to the centre for now." in failure.sentence


def test_a_withdrawal_is_released_whatever_a_policy_says(ours: Broker) -> None:
    row = released(ours, "cis-atc")
    rule = '@id("none") forbid (principal is Officer, action == Action::"release", resource);'
    put_in_force(ours, with_rule(rule))
    recall = withdraw(ours, AIGUL, row.record_id, reason="it was wrong")
    release_it(ours, recall)
    assert [one.details["version"] for one in events(ours, Act.RELEASED)] == ["1", str(recall.version)]
    with ours.store.read() as view:
        going = [one for one in view.outbox.of_record(row.record_id) if one.version == recall.version]
    assert [(one.recipient, one.state) for one in going] == [("cis-atc", EntryState.PENDING)]


def test_a_reader_who_states_another_purpose_is_refused(ours: Broker) -> None:
    row = drafted(ours)
    own = Purpose(row.purpose)
    other = next(one for one in Purpose if one is not own)
    failure = refused(lambda: read_record(ours, AIGUL, row.record_id, justification=WHY, purpose=other))
    assert failure.code == "policy-forbids"
    read_record(ours, AIGUL, row.record_id, justification=WHY, purpose=own)
    assert events(ours, Act.CONSULTED)[0].details["purpose"] == own.value


def test_a_confined_record_is_for_officers_of_its_compartment(ours: Broker) -> None:
    row = drafted(ours)
    confine(ours, DANA, row.record_id, "almaty", justification=WHY)
    assert (
        refused(lambda: read_record(ours, AIGUL, row.record_id, justification=WHY)).code == "policy-forbids"
    )
    inside = officer("asel", Role.READER, compartments=["almaty"])
    assert read_record(ours, inside, row.record_id, justification=WHY)
    failure = refused(
        lambda: approve(ours, BOLAT, row.record_id, digest=row.digest, recipients=row.recipients)
    )
    assert failure.code == "policy-forbids"


def test_the_answer_to_a_confined_record_is_confined_too(ours: Broker, theirs: Broker) -> None:
    record_id = came(ours, theirs)
    confine(ours, BOLAT, record_id, "almaty", justification=WHY)
    assert refused(lambda: answer(ours, AIGUL, record_id, document())).code == "policy-forbids"
    inside = officer("asel", Role.DRAFTER, compartments=["almaty"])
    row = answer(ours, inside, record_id, document())
    with ours.store.read() as view:
        held = confinements_of(view, "kz-knb", row.record_id)
    assert [one.compartment for one in held] == ["almaty"]
    told = [one for one in events(ours, Act.DRAFTED) if one.subject == row.record_id]
    assert told[0].details["compartments"] == "almaty"


def test_what_is_derived_from_a_confined_record_is_confined_too(ours: Broker) -> None:
    master = released(ours, "cis-atc", **label(Classification.SECRET)).record_id
    confine(ours, BOLAT, master, "almaty", justification=WHY)
    failure = refused(
        lambda: tear_record(ours, AIGUL, master, leave_out=["narrative"], recipients=["cis-atc"])
    )
    assert failure.code == "policy-forbids"
    low = officer("asel", Role.DRAFTER, compartments=["almaty"], clearance=LOW)
    failure = refused(lambda: tear_record(ours, low, master, leave_out=["narrative"], recipients=["cis-atc"]))
    assert failure.code == "clearance-missing"
    inside = officer("asel", Role.DRAFTER, compartments=["almaty"])
    row = tear_record(ours, inside, master, leave_out=["narrative"], recipients=["cis-atc"])
    with ours.store.read() as view:
        assert [one.compartment for one in confinements_of(view, "kz-knb", row.record_id)] == ["almaty"]


def test_a_compartment_is_lifted_by_two_custodians(ours: Broker) -> None:
    record_id = drafted(ours).record_id
    confine(ours, BOLAT, record_id, "almaty", justification=WHY)
    first = lift(ours, DANA, record_id, "almaty", justification=WHY)
    assert [(one.compartment, one.lift_by) for one in first] == [("almaty", "officer:dana")]
    assert refused(lambda: read_record(ours, AIGUL, record_id, justification=WHY)).code == "policy-forbids"
    again = refused(lambda: lift(ours, DANA, record_id, "almaty", justification=WHY))
    assert again.code == "four-eyes"
    assert lift(ours, ERLAN, record_id, "almaty", justification=WHY) == []
    assert read_record(ours, AIGUL, record_id, justification=WHY)
    acts = (Act.CONFINED, Act.LIFT_PROPOSED, Act.LIFTED)
    assert [one.act for one in events(ours, *acts)] == list(acts)


def test_confining_again_ends_a_proposal_to_lift(ours: Broker) -> None:
    record_id = drafted(ours).record_id
    confine(ours, DANA, record_id, "almaty", justification=WHY)
    lift(ours, DANA, record_id, "almaty", justification=WHY)
    held = confine(ours, BOLAT, record_id, "almaty", justification=WHY)
    assert [(one.compartment, one.lift_by) for one in held] == [("almaty", None)]
    assert confine(ours, BOLAT, record_id, "almaty", justification=WHY) == held
    assert len(events(ours, Act.CONFINED)) == 2


def test_who_may_not_confine_or_lift_is_refused(ours: Broker) -> None:
    record_id = drafted(ours).record_id
    for actor in (AIGUL, CUSTODIAN):
        act = refused(lambda actor=actor: confine(ours, actor, record_id, "almaty", justification=WHY))  # type: ignore[misc]
        assert act.code == "role-missing"
    confine(ours, DANA, record_id, "almaty", justification=WHY)
    assert refused(lambda: lift(ours, BOLAT, record_id, "almaty", justification=WHY)).code == "role-missing"
    assert refused(lambda: lift(ours, DANA, record_id, "north", justification=WHY)).code == "not-found"
    for name in ("Almaty", "a b", "", "x" * 65):
        bad = refused(lambda name=name: confine(ours, DANA, record_id, name, justification=WHY))  # type: ignore[misc]
        assert bad.code == "request-invalid"


def test_a_record_has_no_end_of_compartments(ours: Broker) -> None:
    record_id = drafted(ours).record_id
    for number in range(16):
        confine(ours, DANA, record_id, f"group-{number}", justification=WHY)
    failure = refused(lambda: confine(ours, DANA, record_id, "one-more", justification=WHY))
    assert failure.code == "request-invalid"


def test_members_do_not_collect_what_is_confined_or_forbidden(ours: Broker, theirs: Broker) -> None:
    add_member(ours, "kz-mvd")
    record_id = came(ours, theirs)
    confine(ours, DANA, record_id, "almaty", justification=WHY)
    (one,) = collect(ours, "kz-mvd", after=0, limit=10)
    assert (one.record, [why.code for why in one.withheld]) == (None, ["policy-forbids"])
    assert events(ours, Act.WITHHELD)[0].details["code"] == "policy-forbids"
    lift(ours, DANA, record_id, "almaty", justification=WHY)
    lift(ours, ERLAN, record_id, "almaty", justification=WHY)
    (one,) = collect(ours, "kz-mvd", after=0, limit=10)
    assert one.record is not None
    put_in_force(ours, with_rule('@id("x") forbid (principal == Member::"kz-mvd", action, resource);'))
    (one,) = collect(ours, "kz-mvd", after=0, limit=10)
    assert one.record is None


def test_an_approval_ends_with_the_clearance_of_who_gave_it(ours: Broker) -> None:
    """Two of several approvals: the first officer's clearance is lowered before the second approves."""
    add_officer(
        ours,
        CUSTODIAN,
        name="asel",
        password=PASSWORD,
        roles=[Role.RELEASER],
        clearance=Classification.SECRET,
    )
    row = drafted(ours, **label(Classification.CONFIDENTIAL))
    with ours.store.read() as view:
        held = view.directory.officer("asel")
    assert held is not None
    assert actor_of(held, agency="kz-knb").clearance is Classification.SECRET
    changed = change_clearance(
        ours, CUSTODIAN, name="asel", clearance=LOW, compartments=["north", "almaty", "north"]
    )
    assert (changed.clearance, changed.compartments) == (LOW, ("almaty", "north"))
    assert changed.epoch == held.epoch + 1
    assert events(ours, Act.OFFICER_CHANGED)[-1].details["compartments"] == "almaty north"
    low = actor_of(changed, agency="kz-knb")
    failure = refused(lambda: approve(ours, low, row.record_id, digest=row.digest, recipients=row.recipients))
    assert failure.code == "clearance-missing"


def test_it_is_explained_what_an_officer_and_a_member_may_do(ours: Broker, theirs: Broker) -> None:
    add_member(ours, "kz-mvd")
    record_id = came(ours, theirs, **label(Classification.CONFIDENTIAL))
    roles = [Role.READER, Role.DRAFTER]
    add_officer(ours, CUSTODIAN, name="asel", password=PASSWORD, roles=roles)

    def told() -> Mapping[tuple[str, str], tuple[list[str], str | None]]:
        people = explain_record(ours, record_id, "kz-mvd", officer="asel").people
        return {(one.who, one.doing.value): ([r.code for r in one.reasons], one.allowed_by) for one in people}

    assert told() == {
        ("officer:asel", "read"): (["clearance-missing"], None),
        ("officer:asel", "export"): (["role-missing", "clearance-missing"], None),
        ("officer:asel", "answer"): (["clearance-missing"], None),
        ("system:kz-mvd", "collect"): ([], "policy rule members-collect"),
    }
    change_clearance(ours, CUSTODIAN, name="asel", clearance=Classification.SECRET, compartments=[])
    confine(ours, DANA, record_id, "almaty", justification=WHY)
    assert told()["officer:asel", "read"] == (["policy-forbids"], None)
    assert told()["system:kz-mvd", "collect"] == (["policy-forbids"], None)
    sent = released(ours, "cis-atc")
    (_, _, release, derive) = explain_record(ours, sent.record_id, "cis-atc", officer="asel").people
    assert (derive.doing.value, derive.permitted) == ("derive", True)
    assert (release.doing.value, [one.code for one in release.reasons]) == ("release", ["role-missing"])
    assert refused(lambda: explain_record(ours, record_id, "kz-mvd", officer="nobody")).code == "not-found"
