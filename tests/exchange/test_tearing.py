"""A version with parts left out: labelled and released on its own, and tied to its master here alone."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hub.audit.events import Act, AuditEvent
from hub.entries import RecordRow
from hub.errors import Refused
from hub.exchange.broker import Broker
from hub.exchange.contents import find_row, read_content
from hub.exchange.correcting import correct, withdraw
from hub.exchange.drafting import revise
from hub.exchange.dues.reminding import falling_due
from hub.exchange.following import followers
from hub.exchange.releasing import approve
from hub.exchange.tear_standing import let_stand
from hub.exchange.tearing import tear_record
from hub.exchange.tears import command_again, ties_of
from hub.policy.dues import Due
from hub.ports import Store
from hub.records.actor import Actor, Role
from hub.records.lifecycle import RecordState
from tests.conftest import SQLITE_AND_POSTGRESQL
from tests.exchange.hubs import AIGUL, BOLAT, Hubs, document, officer, release_it, released, run_lanes
from tests.stores import PostgresPool, StorePool

ERLAN = officer("erlan", Role.DRAFTER)
DANA = officer("dana", Role.RELEASER)
SOURCE = "Ayan Qorgau"
WHY = "a date that they never got"
TEXT = f"They met on the third of May.\n\nTold by {SOURCE}, a driver."
DETAILS = {"about": "planned-attack", "relevance": "Near the border", "threat": "serious"}


BOTH = pytest.mark.parametrize("new_store", SQLITE_AND_POSTGRESQL, indirect=True)


@pytest.fixture
def new_store(request: pytest.FixtureRequest) -> Callable[[Path], Store]:
    """Open stores of SQLite, and of PostgreSQL where a test asks for it."""
    name = "pool" if getattr(request, "param", "sqlite") == "sqlite" else "postgres_pool"
    pool: StorePool | PostgresPool = request.getfixturevalue(name)
    numbers = itertools.count()
    return lambda _home: pool.fresh(next(numbers))


@pytest.fixture
def ours(hubs: Hubs) -> Broker:
    broker = hubs.add("kz-knb")
    hubs.add("cis-atc")
    hubs.add("kg-gknb")
    hubs.pair_all()
    hubs.agree()
    return broker


def information(**changes: Any) -> dict[str, Any]:
    return {"narrative": TEXT, "details": DETAILS, "subjects": [], **changes}


@pytest.fixture
def master(ours: Broker) -> RecordRow:
    return released(ours, "cis-atc", **information())


def derived(broker: Broker, master: RecordRow, *paths: str, **options: Any) -> RecordRow:
    told = {"leave_out": paths or ("narrative[1]",), "recipients": ["kg-gknb"], **options}
    return tear_record(broker, ERLAN, master.record_id, **told)


def refusal(broker: Broker, master: RecordRow, *paths: str, **options: Any) -> Refused:
    with pytest.raises(Refused) as refused:
        derived(broker, master, *paths, **options)
    return refused.value


def newest(broker: Broker, record_id: str) -> RecordRow:
    with broker.store.read() as view:
        return find_row(view, record_id)


def told(broker: Broker, record_id: str) -> list[AuditEvent]:
    with broker.store.read() as view:
        return [event for _, event in view.events_about([record_id], limit=100)]


def test_a_derived_record_lacks_what_was_left_out_and_has_an_id_of_its_own(
    ours: Broker, master: RecordRow
) -> None:
    row = derived(ours, master)
    with ours.store.read() as view:
        content = read_content(ours, view, row)
    assert row.record_id != master.record_id
    assert row.conversation != master.conversation
    assert (row.state, row.recipients, row.version) == (RecordState.DRAFT, ("kg-gknb",), 1)
    assert content.narrative == "They met on the third of May."
    assert SOURCE not in str(content.document)
    assert master.record_id not in str(content.document)


def test_it_says_what_it_was_derived_from_and_what_was_left_out(ours: Broker, master: RecordRow) -> None:
    row = derived(ours, master)
    with ours.store.read() as view:
        of_derived, of_master = ties_of(view, row), ties_of(view, master)
    assert of_derived.master is not None
    assert of_derived.master.master_id == master.record_id
    assert of_derived.master.left_out == ("narrative[1]",)
    assert [one.record_id for one, _ in of_master.derived] == [row.record_id]
    (torn,) = [event for event in told(ours, row.record_id) if event.act is Act.TORN]
    assert (torn.details["master"], torn.details["left_out"]) == (master.record_id, "narrative[1]")


def test_it_is_released_by_another_officer_than_who_wrote_or_derived_it(
    ours: Broker, master: RecordRow
) -> None:
    row = derived(ours, master)
    for name in ("erlan", "aigul"):
        with pytest.raises(Refused) as refused:
            approve(
                ours,
                officer(name, Role.RELEASER),
                row.record_id,
                digest=row.digest,
                recipients=row.recipients,
            )
        assert refused.value.code in {"four-eyes", "policy-denied"}
    release_it(ours, row)
    assert newest(ours, row.record_id).state is RecordState.RELEASED


def test_a_label_looser_than_the_masters_takes_a_reason_of_the_second_officer(ours: Broker) -> None:
    label = dict(document()["label"]) | {"classification": "secret"}  # type: ignore[call-overload]
    master = released(ours, "cis-atc", **information(label=label))
    row = derived(ours, master, label={"classification": "restricted"})
    with pytest.raises(Refused, match="in classification") as refused:
        release_it(ours, row)
    assert refused.value.code == "label-lowered"
    why = "The source is not named in it"
    approve(ours, BOLAT, row.record_id, digest=row.digest, recipients=row.recipients, lowered_because=why)
    (event,) = [one for one in told(ours, row.record_id) if one.act is Act.LABEL_LOWERED]
    assert (event.justification, str(event.actor)) == (why, str(BOLAT))
    assert event.details["parts"] == "classification"


def test_without_a_label_of_its_own_it_has_the_masters(ours: Broker, master: RecordRow) -> None:
    assert derived(ours, master).label == master.label


def test_what_is_left_out_and_said_elsewhere_is_refused_and_told_where(ours: Broker) -> None:
    details = {**DETAILS, "relevance": f"{SOURCE.upper()} knows the place"}
    subject = {"type": "person", "names": [{"text": SOURCE, "script": "Latn", "form": "primary"}]}
    master = released(ours, "cis-atc", **information(details=details, subjects=[subject]))
    refused = refusal(ours, master, "subjects[0]")
    assert refused.code == "tear-leaks"
    assert refused.details["places"] == ["details.relevance", "narrative[1]"]
    assert SOURCE not in str(refused)
    derived(ours, master, "subjects[0]", "narrative[1]", may_stay=["details.relevance"])


@pytest.mark.parametrize(
    "path", ["label", "retain_until", "details", "details.threat.x", "narrative[7]", "no path", "subjects[0]"]
)
def test_what_is_not_there_or_binds_the_recipient_is_not_left_out(
    ours: Broker, master: RecordRow, path: str
) -> None:
    assert refusal(ours, master, path).code == "tear-invalid"


def test_what_its_kind_needs_is_not_left_out(ours: Broker, master: RecordRow) -> None:
    assert refusal(ours, master, "details.threat").code == "record-invalid"


def test_what_another_agency_made_is_not_torn(hubs: Hubs, ours: Broker, master: RecordRow) -> None:
    run_lanes(ours)
    theirs = hubs.network.brokers["cis-atc"]
    with pytest.raises(Refused) as refused:
        tear_record(theirs, ERLAN, master.record_id, leave_out=["narrative"], recipients=["kg-gknb"])
    assert refused.value.code == "policy-denied"


def test_only_what_is_in_force_is_a_master_and_no_derived_record_is(ours: Broker, master: RecordRow) -> None:
    row = derived(ours, master, "narrative")
    assert refusal(ours, row, "details.relevance").code == "policy-denied"
    recall = withdraw(ours, AIGUL, master.record_id, reason="mistaken")
    release_it(ours, recall)
    assert refusal(ours, master, "narrative[1]").code == "transition-invalid"


def test_the_text_of_a_derived_record_is_not_written_by_hand(ours: Broker, master: RecordRow) -> None:
    row = derived(ours, master)
    for change in ({"document": dict(information())}, {"attached": [{"digest": "0" * 64}]}):
        with pytest.raises(Refused) as refused:
            revise(ours, ERLAN, row.record_id, expected_revision=row.revision, **change)
        assert refused.value.code == "policy-denied"
    revised = revise(
        ours, ERLAN, row.record_id, expected_revision=row.revision, recipients=["cis-atc", "kg-gknb"]
    )
    release_it(ours, revised)
    with pytest.raises(Refused) as refused:
        correct(ours, ERLAN, row.record_id, document(**information()))
    assert refused.value.code == "policy-denied"


def test_a_withdrawal_of_the_master_withdraws_what_was_derived_everywhere(
    hubs: Hubs, ours: Broker, master: RecordRow
) -> None:
    row, waits = derived(ours, master), derived(ours, master, "narrative")
    release_it(ours, row)
    run_lanes(ours)
    secret = "The source was found out"
    release_it(ours, withdraw(ours, AIGUL, master.record_id, reason=secret))
    recall = newest(ours, row.record_id)
    assert (recall.action, recall.state, recall.version) == ("withdrawal", RecordState.RELEASED, 2)
    run_lanes(ours, rounds=2)
    with hubs.network.brokers["kg-gknb"].store.read() as view:
        first = view.records.get(row.record_id, 1)
        came = view.records.get(row.record_id, 2)
        assert first is not None
        assert first.state is RecordState.WITHDRAWN
        assert came is not None
        content = read_content(hubs.network.brokers["kg-gknb"], view, came)
        assert view.records.get(master.record_id) is None
    assert content.narrative == "Withdrawn by its originator."
    assert secret not in str(content.document)
    with pytest.raises(Refused) as refused:
        release_it(ours, waits)
    assert refused.value.code == "tear-outdated"


def test_a_withdrawal_overtakes_the_draft_of_a_derived_version(ours: Broker, master: RecordRow) -> None:
    row = derived(ours, master)
    release_it(ours, row)
    again = derived(ours, master, "narrative", again=row.record_id, recipients=[])
    assert (again.version, again.recipients) == (2, ("kg-gknb",))
    release_it(ours, withdraw(ours, AIGUL, master.record_id, reason="mistaken"))
    with ours.store.read() as view:
        states = {one.version: one.state for one in view.records.versions(row.record_id)}
    assert states == {1: RecordState.WITHDRAWN, 2: RecordState.DISCARDED, 3: RecordState.RELEASED}


@BOTH
def test_what_is_derived_and_released_while_its_master_is_withdrawn_is_a_conflict(
    ours: Broker, master: RecordRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = derived(ours, master)
    recall = withdraw(ours, AIGUL, master.record_id, reason="mistaken")

    def released_between(*given: Any, **more: Any) -> Any:
        made = followers(*given, **more)
        monkeypatch.setattr("hub.exchange.releasing.followers", followers)
        release_it(ours, row)
        return made

    monkeypatch.setattr("hub.exchange.releasing.followers", released_between)
    with pytest.raises(Refused) as refused:
        release_it(ours, recall)
    assert refused.value.code == "conflict"
    release_it(ours, recall)
    assert newest(ours, row.record_id).action == "withdrawal"


@BOTH
def test_a_correction_of_the_master_makes_what_was_derived_due_and_says_what_changed(
    ours: Broker, master: RecordRow
) -> None:
    row, waits = derived(ours, master), derived(ours, master, "narrative")
    release_it(ours, row)
    text = f"They met on the fourth of May.\n\nTold by {SOURCE}, a driver."
    release_it(ours, correct(ours, AIGUL, master.record_id, document(**information(narrative=text))))
    with ours.store.read() as view:
        (item,) = falling_due(view, ours.limits, Due.TEAR, at=ours.clock.now())
        tie = view.tears.get(row.record_id)
    assert item.row.record_id == row.record_id
    assert tie is not None
    assert tie.changed == ("narrative[0]",)
    assert command_again(tie).startswith(
        f"hub record tear {master.record_id} --again {row.record_id} --leave"
    )
    (event,) = [one for one in told(ours, row.record_id) if one.act is Act.TEAR_OUTDATED]
    assert event.details["parts"] == "narrative[0]"
    with pytest.raises(Refused) as refused:
        release_it(ours, waits)
    assert refused.value.code == "tear-outdated"
    again = derived(ours, master, again=row.record_id, recipients=[])
    release_it(ours, again)
    with ours.store.read() as view:
        assert list(falling_due(view, ours.limits, Due.TEAR, at=ours.clock.now())) == []


def test_an_officer_says_why_a_correction_of_the_master_changes_nothing_for_who_got_a_part(
    ours: Broker, master: RecordRow
) -> None:
    row = derived(ours, master)
    release_it(ours, row)

    def unaffected(
        version: int, why: str | None = "a date that they never got", actor: Actor = AIGUL
    ) -> None:
        let_stand(ours, actor, row.record_id, master_version=version, justification=why)

    def due() -> list[str]:
        with ours.store.read() as view:
            found = list(falling_due(view, ours.limits, Due.TEAR, at=ours.clock.now()))
        return [one.row.record_id for one in found]

    def corrected(text: str) -> None:
        told = document(**information(narrative=f"{text}\n\nTold by {SOURCE}, a driver."))
        release_it(ours, correct(ours, AIGUL, master.record_id, told))

    def code(*args: Any, **more: Any) -> str:
        with pytest.raises(Refused) as refused:
            unaffected(*args, **more)
        return refused.value.code

    assert code(1) == "transition-invalid"
    corrected("They met on the fourth of May.")
    assert due() == [row.record_id]
    assert code(1) == "conflict"
    assert code(2, None) == "justification-missing"
    assert code(2, actor=BOLAT) == "role-missing"
    unaffected(2)
    assert due() == []
    with ours.store.read() as view:
        tie = view.tears.get(row.record_id)
    assert tie is not None
    assert (tie.master_version, tie.changed) == (1, ())
    (event,) = [one for one in told(ours, row.record_id) if one.act is Act.TEAR_STANDS]
    assert event.justification == WHY
    assert (event.details["master_version"], event.details["parts"]) == ("2", "narrative[0]")
    assert newest(ours, row.record_id).version == 1
    corrected("They met on the fifth of May.")
    assert due() == [row.record_id]
    with pytest.raises(Refused, match="tear-invalid"):
        let_stand(ours, AIGUL, master.record_id, master_version=3, justification="not a derived record")


def test_a_list_that_moved_brings_nothing_back_that_was_left_out_before(
    ours: Broker, master: RecordRow
) -> None:
    row = derived(ours, master)
    release_it(ours, row)
    text = f"A new first part.\n\nAnd a second.\n\nTold by {SOURCE}, a driver."
    release_it(ours, correct(ours, AIGUL, master.record_id, document(**information(narrative=text))))
    refused = refusal(ours, master, again=row.record_id, recipients=[])
    assert (refused.code, refused.details["places"]) == ("tear-leaks", ["narrative[2]"])


def test_only_what_was_derived_from_this_master_is_derived_from_it_again(
    ours: Broker, master: RecordRow
) -> None:
    other = released(ours, "cis-atc", **information())
    assert refusal(ours, master, again=other.record_id).code == "tear-invalid"
    row = derived(ours, master)
    assert refusal(ours, master, again=row.record_id).code == "conflict"
