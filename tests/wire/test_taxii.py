"""A partner's own TAXII client, with its certificate, against a served hub; docs/taxii.md is typed."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from taxii2client.v21 import ApiRoot, Collection, Server, as_pages

from adapters.carriers.taxii_server import TaxiiServerCarrier
from adapters.contract import Parcel, Verdict
from adapters.registry import make
from hub.audit.events import Act
from hub.bootstrap.opening import Hub, open_hub
from hub.exchange.agreements import adopt
from hub.exchange.drafting import draft
from hub.exchange.hubless.asking import losses_of
from hub.exchange.hubless.pinning import (
    pin_profile,
    profile_digest,
    put_material,
    suspend_hubless,
)
from hub.exchange.releasing import approve
from hub.exchange.taxii.counter import TaxiiCounter
from hub.records.actor import Actor, ActorKind
from hub.records.kinds import Kind
from hub.records.lifecycle import EntryState
from hub.records.record import load_record
from hub.records.template import template
from tests.adapters.carriers.taxii.ends import bundle, objects_in, person, report
from tests.api.live import Live, live_hub
from tests.docs.blocks import block
from tests.exchange.hubs import AIGUL, BOLAT, agreement_text, document
from tests.transport.foreign import root

pytestmark = pytest.mark.slow


@dataclass(frozen=True, kw_only=True)
class Desk:
    """A served hub, and what its adapter for cis-atc does, in a process beside it."""

    live: Live
    carrier: TaxiiServerCarrier
    server: Server
    hub: Hub

    @property
    def root(self) -> ApiRoot:
        return self.server.default

    def collection(self, *, writes: bool) -> Collection:
        self.root.refresh_collections()
        (found,) = [one for one in self.root.collections if one.can_write is writes]
        return found


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("taxii")
    with pytest.MonkeyPatch.context() as environment:
        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # either would take the place of the pin
            environment.delenv(name, raising=False)
        yield from _desk(folder)


def _desk(folder: Path) -> Iterator[Desk]:
    with live_hub(folder, limits="parcels_interval_s = 0.5\n") as live, open_hub(folder / "kz-knb") as hub:
        carrier = TaxiiServerCarrier(TaxiiCounter(broker=hub.broker, agency="cis-atc"))
        carrier.pull(limit=1)
        server = Server(f"{live.url}/taxii2/", cert=live.partner_pem, verify=live.authority)
        yield Desk(live=live, carrier=carrier, server=server, hub=hub)


def test_a_client_reads_a_record_to_its_end_and_the_hub_knows(desk: Desk) -> None:
    dialect = make("bilateral-stix").dialect
    document = dialect.translate(dict(load_record(template(Kind.GROUP_PROFILE)).document)).document
    desk.carrier.push(Parcel(parcel_id="record-1", content=document))
    collection = desk.collection(writes=False)
    assert collection.title == "For cis-atc, amber"
    read = [one for page in as_pages(collection.get_objects, per_request=2) for one in page["objects"]]
    assert read == json.loads(document)["objects"]
    listed = [one for page in as_pages(collection.get_manifest, per_request=3) for one in page["objects"]]
    assert [one["id"] for one in listed] == [one["id"] for one in read]
    assert collection.get_object(read[-1]["id"])["objects"] == [read[-1]]
    assert collection.object_versions(read[-1]["id"])["versions"] == [listed[-1]["version"]]
    assert collection.get_objects(type="report")["objects"] == [read[-1]]
    assert collection.get_objects(added_after=listed[-1]["date_added"]) == {}
    (receipt,) = desk.carrier.receipts(limit=5)
    assert (receipt.parcel_id, receipt.verdict.taken) == ("record-1", True)
    assert json.loads(receipt.raw)["fetched_by"] == "cis-atc"
    desk.carrier.settle("record-1")


def test_a_client_posts_and_its_status_tells_the_truth(desk: Desk) -> None:
    objects = [person("posted"), report("posted", person("posted"))]
    status = desk.collection(writes=True).add_objects({"objects": objects}, wait_for_completion=False)
    assert (status.status, status.pending_count) == ("pending", 2)
    (parcel,) = desk.carrier.pull(limit=5)
    assert objects_in(parcel) == objects
    desk.carrier.acknowledge(parcel.parcel_id, Verdict(taken=True))
    status.refresh()
    assert (status.status, status.success_count, len(status.successes)) == ("complete", 2, 2)
    changed = {**objects[0], "name": "changed"}
    with pytest.raises(requests.HTTPError) as refused:
        desk.collection(writes=True).add_objects({"objects": [changed]}, wait_for_completion=False)
    assert refused.value.response.status_code == 409
    assert refused.value.response.json()["error_code"] == "partner-document-ambiguous"


def test_a_member_has_none_of_a_partners_collections(desk: Desk) -> None:
    theirs = Server(f"{desk.live.url}/taxii2/", cert=desk.live.member_pem, verify=desk.live.authority)
    assert theirs.default.collections == []
    path = f"{desk.live.url}/taxii2/hub/collections/{desk.collection(writes=True).id}/"
    said = requests.get(
        path,
        headers={"Accept": "application/taxii+json;version=2.1"},
        cert=desk.live.member_pem,
        verify=desk.live.authority,
        timeout=30,
    )
    assert said.status_code == 404
    assert said.json()["error_code"] == "not-found"


class Bearer(requests.auth.AuthBase):
    """Shows an access token beside the certificate."""

    def __init__(self, token: str) -> None:
        self.token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request


def test_a_members_client_reads_its_records_by_its_certificate(desk: Desk) -> None:
    broker, ids = desk.hub.broker, []
    for _ in range(3):
        row = draft(broker, AIGUL, document(), recipients=["kz-mvd"])
        approve(broker, BOLAT, row.record_id, digest=row.digest, recipients=row.recipients)
        ids.append(row.record_id)
    address, files = f"{desk.live.url}/taxii2/", {"cert": desk.live.member_pem, "verify": desk.live.authority}
    (collection,) = Server(address, **files).default.collections
    assert (collection.title, collection.can_write) == ("For kz-mvd, green", False)
    read = [one for page in as_pages(collection.get_objects, per_request=2) for one in page["objects"]]
    reports = [one for one in read if one["type"] == "report"]
    assert [one["external_references"][0]["external_id"] for one in reports] == ids
    assert collection.get_object(read[0]["id"])["objects"] == [read[0]]
    assert len({one["id"] for one in read}) == len(read)
    with broker.store.read() as view:
        told = [event for _, event in view.events_about(ids, limit=100) if event.act is Act.DISCLOSED]
    assert {event.subject for event in told} == set(ids)
    assert {str(event.actor) for event in told} == {"system:kz-mvd"}
    with_token = Server(address, auth=Bearer(desk.live.system_token), **files).default.collections
    assert [one.id for one in with_token] == [collection.id]
    with pytest.raises(requests.HTTPError) as refused:
        Server(address, auth=Bearer("another"), **files).default.refresh()
    assert refused.value.response.json()["error_code"] == "token-invalid"


@dataclass(frozen=True, kw_only=True)
class Foreign:
    """A partner without a hub, pinned while the hub served; its own authority issued its leaf."""

    hub: Hub
    server: Server


@pytest.fixture(scope="module")
def foreign(desk: Desk, tmp_path_factory: pytest.TempPathFactory) -> Foreign:
    broker, custodian = desk.hub.broker, Actor(kind=ActorKind.HUB, id="test", agency="kz-knb")
    adopt(broker, custodian, agreement_text(["kz-knb", "de-bka"]).replace("test-treaty", "test-note"))
    issuer = root("Partner Root")
    leaf, key = issuer.issue([x509.DNSName("de-bka")])
    chain = leaf.public_bytes(Encoding.PEM) + issuer.pem.encode()
    put_material(broker, custodian, "de-bka", "taxii-client", "certificates", chain)
    source = block("taxii.md", "profile")
    pin_profile(broker, custodian, "de-bka", source, confirmed_digest=profile_digest(source))
    pair = tmp_path_factory.mktemp("de-bka") / "pair.pem"
    pair.write_bytes(chain + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    server = Server(f"{desk.live.url}/taxii2/", cert=str(pair), verify=desk.live.authority)
    until(lambda: server.refresh() or True)  # the served hub reads whom it knows now and then
    return Foreign(hub=desk.hub, server=server)


def until(look: Callable[[], Any]) -> Any:
    """Return what the served hub comes to by itself, within half a minute."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        with suppress(requests.RequestException):
            if found := look():
                return found
        time.sleep(0.1)
    raise AssertionError("the hub did not come to it")


def test_a_record_goes_to_a_partner_without_a_hub_that_collects_it(foreign: Foreign) -> None:
    broker = foreign.hub.broker
    basis = {"agreement": "test-note", "articles": ["1"]}
    row = draft(broker, AIGUL, document(legal_basis=basis), recipients=["de-bka"])
    approve(
        broker,
        BOLAT,
        row.record_id,
        digest=row.digest,
        recipients=row.recipients,
        losses=losses_of(broker, row.record_id).digest,
    )

    def readable() -> list[Collection]:
        foreign.server.refresh()
        return [one for one in foreign.server.default.collections if one.can_read]

    (collection,) = until(readable)
    found = collection.get_objects()["objects"]
    assert [one["external_references"][0]["external_id"] for one in found if one["type"] == "report"] == [
        row.record_id
    ]

    def accepted() -> bool:
        with broker.store.read() as view:
            (entry,) = view.outbox.of_record(row.record_id)
            settled = view.taxii.fetched_parcels("de-bka", 5) == []
        return settled and entry.state is EntryState.ACCEPTED

    assert until(accepted)  # the carrier is told in a step of its own, after the receipt is kept
    with broker.store.read() as view:
        (parcel,) = view.hubless.parcels_of(row.record_id)
        acts = [event.act for _, event in view.events_about([parcel.parcel_id], limit=50)]
    assert acts.index(Act.LAID_OUT) < acts.index(Act.COLLECTED)


def test_what_such_a_partner_posts_is_admitted_or_refused_and_its_status_says_which(foreign: Foreign) -> None:
    def writable() -> Collection | None:
        foreign.server.refresh()
        return next((one for one in foreign.server.default.collections if one.can_write), None)

    collection = until(writable)
    record = {
        **template(Kind.SPONTANEOUS_INFORMATION),
        "originator": "de-bka",
        "legal_basis": {"agreement": "test-note", "articles": ["1"]},
        "language": "en",
        "attachments": [],
    }
    written = make("bilateral-stix").dialect.translate(dict(load_record(record).document)).document
    good = collection.add_objects({"objects": json.loads(written)["objects"]}, wait_for_completion=False)
    bad = collection.add_objects({"objects": [person("alone")]}, wait_for_completion=False)
    for status in (good, bad):
        until(lambda status=status: status.refresh() or status.status == "complete")
    assert (good.failures, good.success_count) == ([], good.total_count)
    assert (bad.success_count, bad.failure_count) == (0, 1)
    assert bad.failures[0]["message"]
    with foreign.hub.broker.store.read() as view:
        stored = view.records.get(record["id"], originator="de-bka")
    assert stored is not None
    assert stored.kind == "spontaneous-information"


def test_a_partner_without_a_hub_gets_nothing_but_its_collections(foreign: Foreign, desk: Desk) -> None:
    cert = foreign.server._conn.session.cert
    for path in ("/log/checkpoint", "/exchange/v1/mailbox?limit=1&wait_s=0", "/federation/root.json"):
        said = requests.get(f"{desk.live.url}{path}", cert=cert, verify=desk.live.authority, timeout=30)
        assert said.status_code in (403, 404), path
    suspend_hubless(foreign.hub.broker, Actor(kind=ActorKind.HUB, id="test", agency="kz-knb"), "de-bka")

    def refused() -> bool:
        said = requests.get(
            f"{desk.live.url}/taxii2/",
            headers={"Accept": "application/taxii+json;version=2.1"},
            cert=cert,
            verify=desk.live.authority,
            timeout=30,
        )
        return said.status_code == 403 and said.json()["error_code"] == "partner-suspended"

    assert until(refused)


def test_the_page_can_be_typed_as_it_stands(desk: Desk, tmp_path: Path) -> None:
    desk.carrier.push(bundle("page", person("page"), report("page", person("page"))))
    (tmp_path / "bundle.json").write_bytes(bundle("typed", person("typed")).content)
    script = tmp_path / "script.py"
    script.write_text(block("taxii.md", "collect and post"))
    environment = {"HUB": desk.live.url, "CERT": desk.live.partner_pem, "AUTHORITY": desk.live.authority}
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "pending" in done.stdout
    assert person("page")["id"] in (tmp_path / "collected.json").read_text()
