"""A record is explained as it stands now, and as it stood when it was released."""

from __future__ import annotations

import pytest

from hub.audit.events import Act
from hub.errors import Refused
from hub.exchange.agreements import adopt
from hub.exchange.correcting import withdraw
from hub.exchange.explaining import explain_record
from hub.policy.explanation import Explanation, Verdict
from tests.exchange.hubs import (
    AIGUL,
    CUSTODIAN,
    Hubs,
    add_member,
    agreement_text,
    release_it,
    released,
    run_lanes,
)


@pytest.fixture
def two(hubs: Hubs) -> Hubs:
    for agency in ("kz-knb", "cis-atc"):
        hubs.add(agency)
    hubs.pair_all()
    hubs.agree(extra=("kz-mvd",))
    add_member(hubs.network.brokers["kz-knb"], "kz-mvd")
    return hubs


def failed(found: Explanation) -> list[str]:
    return [one.code for one in found.findings if one.verdict is Verdict.FAILED and one.code != "four-eyes"]


def narrow(hubs: Hubs) -> None:
    """Take English out of the agreement, a minute later."""
    hubs.clock.pass_(60)
    text = agreement_text(["kz-knb", "cis-atc", "kz-mvd"]).replace("version = 1", "version = 2", 1)
    adopt(hubs.network.brokers["kz-knb"], CUSTODIAN, text.replace(', "en"', ""))


def test_an_old_release_is_explained_by_the_version_of_then(two: Hubs) -> None:
    ours = two.network.brokers["kz-knb"]
    row = released(ours, "cis-atc")
    narrow(two)
    now = explain_record(ours, row.record_id, "cis-atc")
    assert failed(now.explanation) == ["language-not-agreed"]
    then = explain_record(ours, row.record_id, "cis-atc", as_released=True)
    assert (then.explanation.permitted, failed(then.explanation)) == (True, [])
    assert then.at < now.at


def test_explaining_shows_no_content_and_leaves_no_entry(two: Hubs) -> None:
    ours = two.network.brokers["kz-knb"]
    row = released(ours, "cis-atc", narrative="Nobody may know")
    found = explain_record(ours, row.record_id, "cis-atc")
    assert "Nobody may know" not in str(found.explanation)
    with ours.store.read() as view:
        acts = [event.act for _, event in view.events(after=0, limit=100)]
    assert Act.CONSULTED not in acts


def test_what_came_in_is_explained_to_a_member(two: Hubs) -> None:
    ours, theirs = (two.network.brokers[a] for a in ("kz-knb", "cis-atc"))
    row = released(theirs, "kz-knb")
    run_lanes(theirs)
    assert explain_record(ours, row.record_id, "kz-mvd").explanation.permitted
    with pytest.raises(Refused) as caught:
        explain_record(ours, row.record_id, "kz-mvd", as_released=True)
    assert caught.value.code == "transition-invalid"


def test_a_withdrawal_is_told_to_be_one(two: Hubs) -> None:
    ours = two.network.brokers["kz-knb"]
    row = released(ours, "cis-atc")
    release_it(ours, withdraw(ours, AIGUL, row.record_id, reason="mistaken identity"))
    assert explain_record(ours, row.record_id, "cis-atc").recalled
    assert not explain_record(ours, row.record_id, "cis-atc", version=1).recalled


@pytest.mark.parametrize(("who", "code"), [("sco-rats", "partner-unknown"), ("cis-atc", "not-found")])
def test_who_or_what_is_unknown_is_refused(two: Hubs, who: str, code: str) -> None:
    ours = two.network.brokers["kz-knb"]
    record_id = released(ours, "cis-atc").record_id if code == "partner-unknown" else "0" * 8
    with pytest.raises(Refused) as caught:
        explain_record(ours, record_id, who)
    assert caught.value.code == code
