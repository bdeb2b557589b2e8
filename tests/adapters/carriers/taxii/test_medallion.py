"""The TAXII client against OASIS's own server, medallion, over mutual TLS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import medallion
import pytest

from adapters.carriers.mutual_tls import TlsServer
from adapters.carriers.taxii import TaxiiCarrier
from adapters.contract import Parcel, Verdict
from adapters.registry import make
from hub.records.kinds import Kind
from hub.records.record import load_record
from hub.records.template import template
from tests.adapters.carriers.taxii.ends import bundle, end, ids, objects_in, person, report
from tests.servers.mutual import Served, served

pytestmark = pytest.mark.slow

TO_THEM, TO_US = "91a7b528-80eb-42ed-a74d-c6fbd5a26116", "52892447-4d7e-4f70-b94d-d7f22742ff63"
LATER = "2026-11-02T00:00:00.000Z"


def _collection(name: str) -> dict[str, Any]:
    rights = {"can_read": True, "can_write": True}
    kept = {"media_types": [], "manifest": [], "objects": []}
    return {"id": name, "title": name, **rights, **kept}


@pytest.fixture(scope="module")
def application() -> Any:
    app = medallion.application_instance
    medallion.set_config(app, "users", {"users": {"hub": "password"}})
    medallion.set_config(app, "taxii", {"taxii": {"max_page_size": 20}})
    medallion.register_blueprints(app)
    return app


@pytest.fixture(scope="module")
def _served(application: Any) -> Iterator[Served]:
    with served(application) as peer:
        yield peer


@pytest.fixture
def peer(_served: Served, application: Any, tmp_path: Path) -> Served:
    data = {
        "/discovery": {"title": "t", "default": "/api1/", "api_roots": ["/api1/"]},
        "api1": {
            "information": {
                "title": "t",
                "versions": ["application/taxii+json;version=2.1"],
                "max_content_length": 100_000,
            },
            "status": [],
            "collections": [_collection(TO_THEM), _collection(TO_US)],
        },
    }
    file = tmp_path / "medallion.json"
    file.write_text(json.dumps(data))
    told = {"module": "medallion.backends.memory_backend", "module_class": "MemoryBackend"}
    medallion.set_config(application, "backend", {"backend": {**told, "filename": str(file)}})
    return _served


def ours(peer: Served, tmp_path: Path, **options: Any) -> TaxiiCarrier:
    return end(peer, tmp_path / "ours", push_collection=TO_THEM, pull_collection=TO_US, **options)


def theirs(peer: Served, tmp_path: Path) -> TaxiiCarrier:
    return end(peer, tmp_path / "theirs", push_collection=TO_US, pull_collection=TO_THEM)


def drain(carrier: TaxiiCarrier, into: list[Parcel] | None = None) -> list[Parcel]:
    found: list[Parcel] = [] if into is None else into
    while got := carrier.pull(limit=2):
        found += got
        for parcel in got:
            carrier.acknowledge(parcel.parcel_id, Verdict(taken=True))
    return found


def test_a_record_goes_through_medallion_and_comes_out_the_same(peer: Served, tmp_path: Path) -> None:
    dialect = make("bilateral-stix").dialect
    record = dict(load_record(template(Kind.GROUP_PROFILE)).document)
    document = dialect.translate(record).document
    # Medallion takes the version of an extension's definition for a time, and fails.
    sender = ours(peer, tmp_path, leave_out_types=["extension-definition"])
    reader = theirs(peer, tmp_path)
    sender.push(Parcel(parcel_id="one", content=document))
    (receipt,) = sender.receipts(limit=5)
    assert receipt.verdict.taken
    assert json.loads(receipt.raw)["status"] == "complete"
    (parcel,) = drain(reader)
    assert dialect.interpret(parcel.content).record == dialect.interpret(document).record
    assert drain(reader) == []
    sender.settle("one")
    assert sender.receipts(limit=5) == []


def test_what_was_posted_before_is_no_refusal_and_a_repeat_changes_nothing(
    peer: Served, tmp_path: Path
) -> None:
    sender, reader = ours(peer, tmp_path), theirs(peer, tmp_path)
    shared, first, second = person("shared"), person("first"), person("second")
    sender.push(bundle(1, shared, first, report(1, shared, first)))
    sender.push(bundle(2, shared, second, report(2, shared, second)))
    sender.push(bundle(2, shared, second, report(2, shared, second)))
    assert [one.verdict.taken for one in sender.receipts(limit=5)] == [True, True]
    # The answer to the post was lost, and with it all that we knew of it.
    end(peer, tmp_path / "again", push_collection=TO_THEM).push(
        bundle(1, shared, first, report(1, shared, first))
    )
    again = end(peer, tmp_path / "again", push_collection=TO_THEM)
    assert [one.verdict.taken for one in again.receipts(limit=5)] == [True]
    found = drain(reader)
    assert [len(objects_in(parcel)) for parcel in found] == [3, 3]
    assert all(shared["id"] in ids(parcel) for parcel in found)


def test_an_object_that_the_partner_holds_otherwise_makes_a_refusal(peer: Served, tmp_path: Path) -> None:
    sender = ours(peer, tmp_path)
    sender.push(bundle(1, person("a"), report(1, person("a"))))
    changed = {**person("a"), "name": "changed without a new version"}
    sender.push(bundle(2, changed, report(2, changed)))
    first, second = sender.receipts(limit=5)
    assert first.verdict.taken
    assert (second.verdict.taken, second.verdict.code) == (False, "partner-refused")
    assert second.verdict.sentence == "1 of 2 objects were not taken: Unable to process object."


def test_a_collection_is_read_across_its_pages_and_nothing_comes_twice(peer: Served, tmp_path: Path) -> None:
    sender, reader = theirs(peer, tmp_path), ours(peer, tmp_path)
    for number in range(8):
        about = [person(f"{number}-{each}") for each in range(3)]
        sender.push(bundle(number, *about, report(number, *about)))
    found = drain(reader)
    assert len(found) == 8
    assert [len(objects_in(parcel)) for parcel in found] == [4] * 8
    sender.push(bundle("late", person("late"), report("late", person("late"))))
    assert [len(objects_in(parcel)) for parcel in drain(reader)] == [2]


def test_all_versions_come_each_with_its_own(peer: Served, tmp_path: Path) -> None:
    sender, reader = theirs(peer, tmp_path), ours(peer, tmp_path)
    old, new = person("x"), person("x", at=LATER, description="newer")
    sender.push(bundle(1, old, report(1, old)))
    sender.push(bundle(2, new, report(1, new, at=LATER)))
    first, second = drain(reader)
    assert [each for each in objects_in(first) if each["id"] == old["id"]] == [old]
    assert [each for each in objects_in(second) if each["id"] == old["id"]] == [new]


@pytest.mark.parametrize("after", [1, 2, 5])
def test_a_reader_that_is_killed_at_any_request_loses_nothing_and_repeats_nothing(
    peer: Served, tmp_path: Path, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Medallion gives each page once: what was cut off is not behind `next` any more."""
    sender = theirs(peer, tmp_path)
    for number in range(5):
        sender.push(bundle(number, person(number), report(number, person(number))))
    real, asked = TlsServer.ask, 0

    def cut(self: TlsServer, *args: Any, **kwargs: Any) -> Any:
        nonlocal asked
        answer = real(self, *args, **kwargs)  # the server has answered, and we never knew
        asked += 1
        if asked == after:
            raise KeyboardInterrupt
        return answer

    monkeypatch.setattr(TlsServer, "ask", cut)
    found: list[Parcel] = []
    with suppress(KeyboardInterrupt):
        drain(ours(peer, tmp_path, page_objects=2), found)
    drain(ours(peer, tmp_path, page_objects=2), found)
    told = [each["id"] for parcel in _once(found) for each in objects_in(parcel)]
    # What was handed out and not acknowledged before the end comes again; nothing else does.
    assert len(told) == len(set(told)) == 10


def _once(parcels: list[Parcel]) -> list[Parcel]:
    return list({parcel.parcel_id: parcel for parcel in parcels}.values())


def test_who_has_no_rights_and_what_is_not_there_is_told(peer: Served, tmp_path: Path) -> None:
    assert ours(peer, tmp_path).health().well
    wrong = end(peer, tmp_path / "wrong", push_collection="nowhere")
    assert wrong.health().sentence == "The partner's server answered 404; expected 200."
