"""A passage is for officers who may have the record in it: passed on, come, and at its origin."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from hub.errors import Refused
from hub.exchange.broker import Broker
from hub.exchange.confining import confine
from hub.exchange.evidence.exporting import export
from hub.exchange.passing.passing_on import pass_on
from hub.exchange.policies import approve_policy, propose_policy
from hub.exchange.releasing import approve
from hub.exchange.routing import read_record
from hub.policy.rulebook import shipped_text
from hub.records.actor import Actor, Role
from hub.records.label import Classification, Label, Tlp
from tests.exchange.hubs import BOLAT, Hubs, officer
from tests.exchange.passages import A, B, C, consented, passed_on, sent, three

pytestmark = pytest.mark.slow

WHY = "case 17"
INSIDE = officer("asel", *Role, compartments=["almaty"])
OUTSIDE = officer("marat", *Role)
LOW = officer("timur", *Role, clearance=Classification.RESTRICTED)
LABEL = Label(
    classification=Classification.CONFIDENTIAL, tlp=Tlp.AMBER, originator_control=True
).as_document()


@pytest.fixture(scope="module")
def hubs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hubs]:
    made = three(tmp_path_factory.mktemp("hubs"))
    yield made
    made.close()


def code(act: Callable[[], object]) -> str:
    with pytest.raises(Refused) as refused:
        act()
    return refused.value.code


def read(broker: Broker, actor: Actor, record_id: str) -> object:
    return read_record(broker, actor, record_id, justification=WHY)


def shown(broker: Broker, actor: Actor, record_id: str) -> object:
    return export(broker, actor, record_id, justification=WHY)


def test_what_confines_a_record_keeps_its_passage_too(hubs: Hubs) -> None:
    a, b, c = (hubs.network.broker(one) for one in (A, B, C))
    row = sent(hubs, label=LABEL)
    consented(hubs, row)
    passage = passed_on(hubs, row)
    for broker in (a, b, c):
        read(broker, OUTSIDE, passage.record_id)
        assert code(lambda broker=broker: read(broker, LOW, passage.record_id)) == "clearance-missing"  # type: ignore[misc]
        confine(broker, BOLAT, row.record_id, "almaty", justification=WHY)
        for act in (read, shown):
            assert code(lambda act=act, at=broker: act(at, OUTSIDE, passage.record_id)) == "policy-forbids"  # type: ignore[misc]
            act(broker, INSIDE, passage.record_id)


def test_a_rule_about_its_originator_keeps_a_passage_too(hubs: Hubs) -> None:
    c = hubs.network.broker(C)
    row = sent(hubs)
    consented(hubs, row)
    passage = passed_on(hubs, row)
    dana, erlan = officer("dana", Role.CUSTODIAN), officer("erlan", Role.CUSTODIAN)
    for rule in ('@id("x") forbid (principal, action == Action::"read", resource in Agency::"cis-atc");', ""):
        put = propose_policy(c, dana, f"{shipped_text()}\n{rule}\n")
        approve_policy(c, erlan, digest=put.digest)
        if rule:
            assert code(lambda: read(c, OUTSIDE, passage.record_id)) == "policy-forbids"
        else:
            read(c, OUTSIDE, passage.record_id)


def test_what_is_confined_after_its_passage_was_drafted_goes_by_those_who_may_have_it(hubs: Hubs) -> None:
    b = hubs.network.broker(B)
    row = sent(hubs)
    consented(hubs, row)
    passage = pass_on(b, officer("aigul", Role.DRAFTER), row.record_id, to=[C])
    confine(b, BOLAT, row.record_id, "almaty", justification=WHY)
    assert code(lambda: read(b, OUTSIDE, passage.record_id)) == "policy-forbids"
    told = {"digest": passage.digest, "recipients": passage.recipients}
    assert code(lambda: approve(b, BOLAT, passage.record_id, **told)) == "policy-forbids"  # type: ignore[arg-type]
    assert approve(b, INSIDE, passage.record_id, **told).release  # type: ignore[arg-type]
