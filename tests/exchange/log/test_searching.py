"""Who did what, when, to which record, for which partner: each answer with its proof."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from hub.audit.checkpoints import verify_checkpoint
from hub.audit.encoding import unb64
from hub.audit.events import Act
from hub.audit.leaves import FIELDS, Disclosure, check_disclosure, read_leaf
from hub.audit.merkle import check_inclusion, hash_leaf
from hub.audit.proofs import read_proof, verify_proof
from hub.audit.tiles import EntryTile, Tile, inclusion_proof, root_of, tiles_of, unpack_entries
from hub.errors import HubError
from hub.exchange.broker import Broker
from hub.exchange.erasing import confirm_erasure, propose_erasure
from hub.exchange.log.exporting import EVENTS, KEYS, LOG, README, export_log
from hub.exchange.log.searching import Hits, search
from hub.exchange.routing import read_record
from hub.exchange.suspending import suspend
from hub.exchange.upkeep import trace
from hub.ports import EventQuery
from hub.records.actor import Role
from tests.exchange.hubs import BOLAT, CUSTODIAN, START, Hubs, officer, released, run_lanes
from tests.exchange.log.logs import keys

#: Many hubs and stores: not for the quick gate.
pytestmark = pytest.mark.slow

ERLAN = officer("erlan", Role.AUDITOR)
DANA = officer("dana", Role.CUSTODIAN)
WHY = "inspection 2026/3"


@pytest.fixture
def pair(tmp_path: Path) -> Hubs:
    hubs = Hubs(folder=tmp_path)
    for agency in ("kz-knb", "cis-atc"):
        hubs.add(agency)
    hubs.pair_all()
    hubs.agree()
    return hubs


@pytest.fixture
def ours(pair: Hubs) -> Broker:
    return pair.network.broker("kz-knb")


def find(broker: Broker, **query: object) -> Hits:
    return search(broker, ERLAN, EventQuery(**query), limit=500)  # type: ignore[arg-type]


def acts(hits: Hits) -> list[Act]:
    return [hit.event.act for hit in hits.hits]


def test_a_record_is_followed_through_its_envelopes(ours: Broker) -> None:
    other, row = released(ours, "cis-atc"), released(ours, "cis-atc")
    run_lanes(ours)
    read_record(ours, BOLAT, row.record_id, justification="case 17")
    found = find(ours, about=row.record_id)
    assert acts(found) == [Act.DRAFTED, Act.RELEASED, Act.RECEIPT_VERIFIED, Act.CONSULTED]
    assert {hit.event.subject for hit in found.hits} == {
        row.record_id,
        trace(ours, row.record_id).entries[0].envelope_id,
    }
    assert other.record_id not in {hit.event.subject for hit in found.hits}


@pytest.mark.slow
def test_who_what_and_when_narrow_a_search(pair: Hubs, ours: Broker) -> None:
    row = released(ours, "cis-atc")
    pair.clock.pass_(86400)
    read_record(ours, BOLAT, row.record_id, justification="case 17")
    later = START + timedelta(seconds=3600)
    assert acts(find(ours, actor="officer:bolat")) == [Act.RELEASED, Act.CONSULTED]
    assert acts(find(ours, actor="officer:bolat", since=later)) == [Act.CONSULTED]
    assert acts(find(ours, actor="officer:bolat", until=later)) == [Act.RELEASED]
    assert acts(find(ours, acts=frozenset({Act.CONSULTED}))) == [Act.CONSULTED]
    assert find(ours, actor="officer:nobody").hits == ()
    assert find(ours, since=START + timedelta(days=9)).hits == ()


@pytest.mark.slow
def test_a_partner_is_found_where_it_acted_got_or_was_changed(pair: Hubs, ours: Broker) -> None:
    released(ours, "cis-atc")
    run_lanes(ours)
    suspend(ours, CUSTODIAN, "cis-atc")
    found = acts(find(ours, partner="cis-atc"))
    assert {Act.RELEASED, Act.RECEIPT_VERIFIED, Act.PARTNER_CHANGED} <= set(found)
    assert find(ours, partner="is-at").hits == ()


@pytest.mark.slow
def test_a_search_goes_on_where_it_ended(ours: Broker) -> None:
    for _ in range(3):
        released(ours, "cis-atc")
    query, seen, after = EventQuery(acts=frozenset({Act.RELEASED})), [], 0
    while page := search(ours, ERLAN, query, after=after, limit=2).hits:
        seen += [hit.event.event_id for hit in page]
        after = page[-1].position
    assert len(seen) == len(set(seen)) == 3


def test_each_answer_is_proven_and_opened_with_what_it_carries(ours: Broker) -> None:
    released(ours, "cis-atc")
    found = find(ours)
    assert len(found.hits) > 3
    for hit in found.hits:
        assert hit.proof is not None
        assert hit.leaf is not None
        proof = read_proof(hit.proof)
        head = verify_proof(proof, leaf_hash=hash_leaf(hit.leaf), keys=keys(ours))
        assert (proof.index, head.size) == (hit.index, found.size)
        assert read_leaf(hit.leaf).event_id == hit.event.event_id


def test_a_search_is_logged_with_who_and_for_what(ours: Broker) -> None:
    search(ours, ERLAN, EventQuery(actor="officer:aigul"), limit=10, justification=WHY)
    last = find(ours, acts=frozenset({Act.SEARCHED})).hits[0].event
    assert (str(last.actor), last.justification) == ("officer:erlan", WHY)
    assert last.details == {"who": "officer:aigul"}


@pytest.mark.parametrize("call", ["search", "export"])
def test_the_log_is_for_auditors(ours: Broker, tmp_path: Path, call: str) -> None:
    calls: dict[str, Callable[[], object]] = {
        "search": lambda: search(ours, BOLAT, EventQuery(), limit=10),
        "export": lambda: export_log(ours, BOLAT, tmp_path / "out", EventQuery(), justification=WHY),
    }
    with pytest.raises(HubError, match=r"^(role-missing|policy-denied): "):
        calls[call]()
    assert not (tmp_path / "out").exists()


def test_an_export_is_checked_without_the_hub(ours: Broker, tmp_path: Path) -> None:
    row = released(ours, "cis-atc")
    run_lanes(ours)
    erase(ours, row.record_id)
    other = released(ours, "cis-atc")
    folder = tmp_path / "inspection"
    done = export_log(ours, CUSTODIAN, folder, EventQuery(about=row.record_id), justification=WHY)
    head = verify_checkpoint((folder / LOG / "checkpoint").read_bytes(), keys(ours))
    assert head.size == done.size

    def read(tile: Tile) -> bytes:
        return (folder / LOG / tile.path).read_bytes()

    assert root_of(head.size, read) == head.root
    entries: list[bytes] = []
    for tile in tiles_of(head.size, 0):
        path = folder / LOG / EntryTile(tile.index, tile.width).path
        entries += unpack_entries(path.read_bytes())
    lines = [json.loads(line) for line in (folder / EVENTS).read_text().splitlines()]
    assert len(lines) == done.opened
    closed = 0
    for line in lines:
        raw = entries[line["index"]]
        check_inclusion(
            leaf_hash=hash_leaf(raw),
            index=line["index"],
            size=head.size,
            proof=inclusion_proof(line["index"], head.size, read),
            root=head.root,
        )
        leaf = read_leaf(raw)
        assert leaf.event_id == line["id"]
        closed += not line["disclosures"]
        for one in line["disclosures"]:
            shown = Disclosure(field=one["field"], value=one["value"], salt=unb64(one["salt"]))
            check_disclosure(leaf, shown)
        assert {one["field"] for one in line["disclosures"]} in (set(), set(FIELDS))
    assert closed == 2  # drafted and released said what its content's digest was
    assert other.record_id not in (folder / EVENTS).read_text()
    assert (folder / KEYS).read_text().splitlines() == [key.vkey for key in keys(ours)]
    assert f"{done.size} entries" in (folder / README).read_text()


def erase(broker: Broker, record_id: str) -> None:
    propose_erasure(broker, DANA, record_id, justification="the retention period has ended")
    confirm_erasure(broker, ERLAN, record_id)


@pytest.mark.slow
def test_an_export_is_logged_before_it_is_written_and_is_in_it(ours: Broker, tmp_path: Path) -> None:
    folder = tmp_path / "inspection"
    only_exports = EventQuery(acts=frozenset({Act.EXPORTED}))
    export_log(ours, ERLAN, folder, only_exports, justification=WHY)
    (line,) = [json.loads(line) for line in (folder / EVENTS).read_text().splitlines()]
    told = {one["field"]: one["value"] for one in line["disclosures"]}
    assert (told["act"], told["justification"]) == ("exported", WHY)


def test_an_export_takes_a_reason_and_a_new_folder(ours: Broker, tmp_path: Path) -> None:
    with pytest.raises(HubError, match=r"^justification-missing: "):
        export_log(ours, ERLAN, tmp_path / "out", EventQuery(), justification=" ")
    with pytest.raises(HubError, match=r"^conflict: "):
        export_log(ours, ERLAN, tmp_path, EventQuery(), justification=WHY)
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_what_waits_to_be_signed_for_is_found_without_a_proof(ours: Broker) -> None:
    busy = replace(ours, store=ours.store)
    with ours.store.read() as view:
        assert view.log.checkpoint() is None
        from hub.exchange.log.searching import proven

        position, event = view.events(after=0, limit=1)[0]
        hit = proven(view, position, event, None, None)
    assert (hit.index, hit.proof) == (None, None)
    assert find(busy).hits[0].proof is not None
