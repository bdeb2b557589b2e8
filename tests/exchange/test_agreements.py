"""A hub adopts agreements as they stand; what is adopted changes only by a higher version."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.audit.events import Act
from hub.errors import Refused
from hub.exchange.agreements import adopt
from hub.exchange.broker import Broker
from hub.policy import load_agreement
from hub.records.actor import Role
from tests.exchange.hubs import CUSTODIAN, START, Hubs, agreement_text, officer

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


def adopted(broker: Broker) -> list[str]:
    with broker.store.read() as view:
        found = [event for _, event in view.events(after=0, limit=100)]
    assert all(event.act is Act.AGREEMENT_CHANGED for event in found)
    return [event.details["version"] for event in found]


def test_an_adopted_agreement_is_in_force_here(broker: Broker) -> None:
    row = adopt(broker, CUSTODIAN, TEXT)
    assert (row.agreement_id, row.version, row.source) == ("test-treaty", 1, TEXT)
    assert (row.adopted_at, row.adopted_by) == (START, "hub:local:test")
    assert broker.standing().agreements == (load_agreement(TEXT),)
    assert adopted(broker) == ["1"]


def test_the_same_text_again_changes_nothing(broker: Broker, hubs: Hubs) -> None:
    first = adopt(broker, CUSTODIAN, TEXT)
    hubs.clock.pass_(60)
    assert adopt(broker, CUSTODIAN, TEXT) == first
    assert adopted(broker) == ["1"]


def test_a_higher_version_takes_over(broker: Broker, hubs: Hubs) -> None:
    adopt(broker, CUSTODIAN, TEXT)
    hubs.clock.pass_(60)
    adopt(broker, CUSTODIAN, SECOND)
    assert broker.standing().agreements == (load_agreement(SECOND),)
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


@pytest.mark.slow
def test_every_side_of_the_demo_adopts_the_same_files(hubs: Hubs) -> None:
    files = sorted((Path(__file__).parents[2] / "demo" / "agreements").glob("*.toml"))
    for agency in ("kz-knb", "cis-atc", "sco-rats", "interpol-ncb-kz", "kg-gknb"):
        hub = hubs.add(agency)
        mine = [f for f in files if agency in load_agreement(f.read_text("utf-8")).parties]
        for file in mine:
            adopt(hub, CUSTODIAN, file.read_text("utf-8"))
        assert len(hub.standing().agreements) == len(mine) >= 2
