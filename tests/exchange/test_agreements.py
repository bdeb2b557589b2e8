"""A hub adopts agreements as they stand; what is adopted changes only by a higher version."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from hub.audit.events import Act
from hub.errors import Refused
from hub.exchange.accounts import add_officer, set_active
from hub.exchange.agreements import (
    adopt,
    approve_agreement,
    propose,
    rules_warnings,
    version_of,
    waiting,
)
from hub.exchange.broker import Broker
from hub.exchange.submitting import Submission, submit
from hub.policy import Agreement, load_agreement
from hub.policy.terms import BY_RULE_MAX_DAYS
from hub.records.actor import Actor, ActorKind, Role
from tests.exchange.hubs import (
    CUSTODIAN,
    START,
    Hubs,
    add_member,
    agreement_text,
    document,
    officer,
    released,
)

TEXT = agreement_text(["kz-knb", "cis-atc"])
SECOND = TEXT.replace("version = 1", "version = 2").replace('"secret"', '"restricted"')


@pytest.fixture
def broker(hubs: Hubs) -> Broker:
    return hubs.add("kz-knb")


def refused(broker: Broker, text: str) -> Refused:
    before = broker.standing().agreements
    with pytest.raises(Refused) as caught:
        adopt(broker, CUSTODIAN, text)
    assert broker.standing().agreements == before
    return caught.value


def texts(broker: Broker) -> list[Agreement]:
    """Return what is in force, as its texts say it."""
    return [replace(one, effective_on=None) for one in broker.standing().agreements]


def adopted(broker: Broker) -> list[str]:
    with broker.store.read() as view:
        found = [event for _, event in view.events(after=0, limit=100)]
    assert all(event.act is Act.AGREEMENT_CHANGED for event in found)
    return [event.details["version"] for event in found]


def test_an_adopted_agreement_is_in_force_here(broker: Broker) -> None:
    row = adopt(broker, CUSTODIAN, TEXT)
    assert (row.agreement_id, row.version, row.source) == ("test-treaty", 1, TEXT)
    assert (row.adopted_at, row.adopted_by) == (START, "hub:local:test")
    assert texts(broker) == [load_agreement(TEXT)]
    assert adopted(broker) == ["1"]


def test_the_same_text_again_changes_nothing(broker: Broker, hubs: Hubs) -> None:
    first = adopt(broker, CUSTODIAN, TEXT)
    hubs.clock.pass_(60)
    assert adopt(broker, CUSTODIAN, TEXT) == first
    assert adopted(broker) == ["1"]


def test_people_are_warned_before_a_standing_rule_ends_and_until_it_is_renewed(
    broker: Broker, hubs: Hubs
) -> None:
    adopt(broker, CUSTODIAN, TEXT)
    days = BY_RULE_MAX_DAYS - broker.limits.rules_warn_days
    hubs.clock.pass_((days - 1) * 86400)
    assert rules_warnings(broker) == ()
    for _ in ("it ends soon", "it has ended"):
        hubs.clock.pass_(60 * 86400)
        assert rules_warnings(broker) == ("rules-ending",)
    adopt(broker, CUSTODIAN, SECOND)
    assert rules_warnings(broker) == ()


def test_nobody_is_warned_of_what_never_flows_by_rule_from_here(broker: Broker, hubs: Hubs) -> None:
    theirs_alone = TEXT.replace('by_rule = ["designation"]', "by_rule = []", 1)
    adopt(broker, CUSTODIAN, theirs_alone)
    hubs.clock.pass_(400 * 86400)
    assert rules_warnings(broker) == ()


def test_a_higher_version_takes_over(broker: Broker, hubs: Hubs) -> None:
    adopt(broker, CUSTODIAN, TEXT)
    hubs.clock.pass_(60)
    adopt(broker, CUSTODIAN, SECOND)
    assert texts(broker) == [load_agreement(SECOND)]
    assert adopted(broker) == ["1", "2"]


def test_a_changed_text_under_the_same_version_is_refused(broker: Broker) -> None:
    adopt(broker, CUSTODIAN, TEXT)
    failure = refused(broker, TEXT.replace('"secret"', '"top-secret"'))
    assert failure.code == "conflict"
    assert "takes a version above it, not 1" in failure.sentence


def test_an_older_version_does_not_come_back(broker: Broker) -> None:
    adopt(broker, CUSTODIAN, SECOND)
    assert refused(broker, TEXT).code == "conflict"


def test_an_agreement_of_others_is_refused(broker: Broker) -> None:
    failure = refused(broker, agreement_text(["sco-rats", "cis-atc"]))
    assert failure.code == "agreement-invalid"
    assert "kz-knb is not among the parties" in failure.sentence


def test_a_file_that_is_wrong_is_refused(broker: Broker) -> None:
    assert refused(broker, TEXT + "\nsecret = true").code == "agreement-invalid"


def test_only_custodians_adopt(broker: Broker) -> None:
    with pytest.raises(Refused) as caught:
        adopt(broker, officer("bolat", Role.RELEASER, Role.OPERATOR), TEXT)
    assert caught.value.code == "role-missing"


DANA, ERLAN = officer("dana", Role.CUSTODIAN), officer("erlan", Role.CUSTODIAN)


def code_of(act: Callable[[], object]) -> str:
    with pytest.raises(Refused) as caught:
        act()
    return caught.value.code


def test_what_a_custodian_proposes_is_in_force_once_another_approves(broker: Broker, hubs: Hubs) -> None:
    adopt(broker, CUSTODIAN, TEXT)
    proposal = propose(broker, DANA, SECOND)
    assert texts(broker) == [load_agreement(TEXT)]
    hubs.clock.pass_(60)
    row = approve_agreement(broker, ERLAN, "test-treaty", 2, digest=proposal.digest)
    assert (row.version, row.adopted_by, row.source) == (2, "officer:erlan", SECOND)
    assert texts(broker) == [load_agreement(SECOND)]
    with broker.store.read() as view:
        events = [event for _, event in view.events(after=0, limit=100)]
        assert waiting(view) == []
        assert [version_of(view, "test-treaty", n).source for n in (1, 2, None)] == [TEXT, SECOND, SECOND]
    assert [(e.act, str(e.actor)) for e in events[1:]] == [
        (Act.AGREEMENT_PROPOSED, "officer:dana"),
        (Act.AGREEMENT_CHANGED, "officer:erlan"),
    ]
    assert events[2].details["proposed_by"] == "officer:dana"


def test_who_proposed_cannot_approve(broker: Broker) -> None:
    seen = propose(broker, DANA, TEXT).digest
    assert code_of(lambda: approve_agreement(broker, DANA, "test-treaty", 1, digest=seen)) == "four-eyes"
    assert broker.standing().agreements == ()


def test_only_custodians_who_signed_in_propose_and_approve(broker: Broker) -> None:
    seen = propose(broker, DANA, TEXT).digest
    for actor in (officer("bolat", Role.RELEASER), CUSTODIAN):
        assert code_of(lambda actor=actor: propose(broker, actor, TEXT)) == "role-missing"
        assert (
            code_of(lambda actor=actor: approve_agreement(broker, actor, "test-treaty", 1, digest=seen))
            == "role-missing"
        )


def test_another_text_than_the_one_read_is_not_approved(broker: Broker) -> None:
    seen = propose(broker, DANA, TEXT).digest
    propose(broker, DANA, TEXT + "# one word more")
    assert code_of(lambda: approve_agreement(broker, ERLAN, "test-treaty", 1, digest=seen)) == "conflict"


def test_what_nobody_proposed_is_not_approved(broker: Broker) -> None:
    assert code_of(lambda: approve_agreement(broker, ERLAN, "test-treaty", 1, digest=b"")) == "not-found"
    seen = propose(broker, DANA, TEXT).digest
    done = approve_agreement(broker, ERLAN, "test-treaty", 1, digest=seen)
    assert approve_agreement(broker, ERLAN, "test-treaty", 1, digest=seen) == done  # a repeat changes nothing
    assert code_of(lambda: approve_agreement(broker, DANA, "test-treaty", 1, digest=seen)) == "not-found"


def test_an_overtaken_proposal_is_not_approved(broker: Broker) -> None:
    first, second = propose(broker, DANA, TEXT), propose(broker, DANA, SECOND)
    approve_agreement(broker, ERLAN, "test-treaty", 2, digest=second.digest)
    assert (
        code_of(lambda: approve_agreement(broker, ERLAN, "test-treaty", 1, digest=first.digest)) == "conflict"
    )
    assert code_of(lambda: propose(broker, DANA, TEXT)) == "conflict"


def test_a_draft_is_neither_proposed_nor_adopted(broker: Broker) -> None:
    draft = TEXT.replace("version = 1", "version = 1\ndraft = true", 1)
    assert code_of(lambda: propose(broker, DANA, draft)) == "agreement-invalid"
    assert code_of(lambda: adopt(broker, CUSTODIAN, draft)) == "agreement-invalid"


def test_with_two_custodians_none_adopts_alone(broker: Broker) -> None:
    for name in ("dana", "erlan"):
        adopt(broker, CUSTODIAN, agreement_text(["kz-knb", "cis-atc"]).replace("test-treaty", name))
        add_officer(broker, CUSTODIAN, name=name, password="a long enough sentence", roles=[Role.CUSTODIAN])
    failure = refused(broker, TEXT)
    assert failure.code == "four-eyes"
    assert "hub agreement propose" in failure.sentence
    set_active(broker, CUSTODIAN, name="erlan", active=False)
    assert adopt(broker, CUSTODIAN, TEXT).version == 1


def test_a_release_names_the_version_that_it_rests_on(hubs: Hubs) -> None:
    ours = hubs.add("kz-knb")
    hubs.add("cis-atc")
    hubs.pair_all()
    hubs.agree()
    hubs.agree_again(2)
    released(ours, "cis-atc")
    with ours.store.read() as view:
        (told,) = [e for _, e in view.events(after=0, limit=100) if e.act is Act.RELEASED]
    assert told.details["agreement"] == "test-treaty/2"


def test_what_flows_by_rule_waits_for_an_officer_once_the_rule_has_ended_until_it_is_renewed(
    hubs: Hubs,
) -> None:
    ours = hubs.add("kz-knb")
    hubs.add("cis-atc")
    hubs.pair_all()
    hubs.agree()
    add_member(ours, "kz-mvd")
    system = Actor(kind=ActorKind.SYSTEM, id="kz-mvd", agency="kz-mvd")

    def submitted() -> list[str]:
        item = Submission(document=document("designation"), recipients=["cis-atc"])
        (told,) = submit(ours, system, [item])
        return [told.state.value, *(reason.code for reason in told.held_because)]

    hubs.clock.pass_(BY_RULE_MAX_DAYS * 86400)
    assert submitted() == ["released"]
    hubs.clock.pass_(86400)
    assert submitted() == ["draft", "four-eyes"]
    hubs.agree_again(2)
    assert submitted() == ["released"]


@pytest.mark.slow
def test_every_side_of_the_demo_adopts_the_same_files(hubs: Hubs) -> None:
    files = sorted((Path(__file__).parents[2] / "demo" / "agreements").glob("*.toml"))
    for agency in ("kz-knb", "cis-atc", "sco-rats", "interpol-ncb-kz", "kg-gknb"):
        hub = hubs.add(agency)
        mine = [f for f in files if agency in load_agreement(f.read_text("utf-8")).parties]
        for file in mine:
            adopt(hub, CUSTODIAN, file.read_text("utf-8"))
        assert len(hub.standing().agreements) == len(mine) >= 2
