"""Two hubs without a network between them: what a courier carries arrives once, in whatever order."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import pytest

from adapters.carriers.courier import FolderMedium
from hub.audit.events import Act
from hub.entries import PartnerStatus
from hub.envelope.bundles import BUNDLE_TYPE, Bundle, PackedTransfer, sign_bundle
from hub.envelope.jws import sign_jws
from hub.envelope.suites import Suite
from hub.errors import HubError, PeerFault, Refused
from hub.exchange.attachments import announce, upload
from hub.exchange.broker import Broker
from hub.exchange.courier import Came, Exported, bring_in, export
from hub.exchange.courier.importing import senders
from hub.exchange.courier.places import answers
from hub.exchange.partners import pair as pin
from hub.exchange.suspending import suspend
from hub.exchange.upkeep import trace
from hub.federation.card import fingerprint
from hub.records.lifecycle import EntryState
from tests.exchange.hubs import AIGUL, CUSTODIAN, Hubs, own_card_of, released
from tests.hostile.corpus import corpus
from tests.hostile.packaged import zip_bomb

pytestmark = pytest.mark.slow


class Courier:
    """Two hubs, the folder each keeps, and a medium."""

    def __init__(self, hubs: Hubs, folder: Path) -> None:
        self.ours, self.theirs = hubs.network.brokers.values()
        hubs.network.down |= {self.ours.agency, self.theirs.agency}
        self.folder = folder
        self.root = folder / "medium"

    def kept(self, broker: Broker) -> FolderMedium:
        return FolderMedium(self.folder / f"kept-by-{broker.agency}")

    def out(self, broker: Broker, root: Path | None = None) -> Exported:
        return export(broker, self.other(broker).agency, FolderMedium(root or self.root), self.kept(broker))

    def back(self, broker: Broker, root: Path | None = None) -> list[Came]:
        medium, sender = FolderMedium(root or self.root), self.other(broker).agency
        return list(bring_in(broker, sender, medium, self.kept(broker)))

    def other(self, broker: Broker) -> Broker:
        return self.theirs if broker is self.ours else self.ours

    def files(self, kind: str = "files") -> list[Path]:
        folder = self.root / self.ours.agency / self.theirs.agency / kind
        return sorted(folder.iterdir()) if folder.exists() else []


@pytest.fixture
def courier(pair: Hubs, tmp_path: Path) -> Courier:
    return Courier(pair, tmp_path)


def codes(came: list[Came]) -> list[str | None]:
    return sorted((one.code for one in came), key=str)


def states(broker: Broker, record_id: str) -> list[EntryState]:
    return [entry.state for entry in trace(broker, record_id).entries]


def admitted(broker: Broker) -> int:
    with broker.store.read() as view:
        return sum(event.act is Act.ADMITTED for _, event in view.events(after=0, limit=1000))


def test_a_record_goes_and_its_receipt_comes_back_on_the_same_medium(courier: Courier) -> None:
    row = released(courier.ours, courier.theirs.agency)
    assert courier.out(courier.ours).envelopes == 1
    assert senders(courier.theirs, FolderMedium(courier.root)) == [courier.ours.agency]
    (came,) = courier.back(courier.theirs)
    assert (came.what, came.code) == ("envelope", None)
    assert trace(courier.theirs, row.record_id).versions[0].digest == row.digest
    assert states(courier.ours, row.record_id) == [EntryState.PENDING]
    assert courier.out(courier.theirs).receipts == 1
    (came,) = courier.back(courier.ours)
    assert (came.what, came.code) == ("receipt", None)
    assert states(courier.ours, row.record_id) == [EntryState.ACCEPTED]


def test_receipts_are_carried_until_they_are_confirmed(courier: Courier) -> None:
    released(courier.ours, courier.theirs.agency)
    courier.out(courier.ours)
    courier.back(courier.theirs)
    assert [courier.out(courier.theirs).receipts for _ in range(2)] == [1, 1]
    courier.back(courier.ours)
    assert courier.out(courier.ours).envelopes == 0
    courier.back(courier.theirs)
    assert list(answers(courier.kept(courier.theirs))) == []
    assert courier.out(courier.theirs).receipts == 0


def test_what_comes_twice_or_late_is_admitted_once(courier: Courier, tmp_path: Path) -> None:
    first = released(courier.ours, courier.theirs.agency)
    courier.out(courier.ours)
    late = shutil.copytree(courier.root, tmp_path / "late")
    second = released(courier.ours, courier.theirs.agency)
    assert courier.out(courier.ours).envelopes == 2
    for root in (courier.root, late, courier.root):
        assert set(codes(courier.back(courier.theirs, root))) == {None}
    assert admitted(courier.theirs) == 2
    courier.out(courier.theirs)
    courier.back(courier.ours)
    for row in (first, second):
        assert states(courier.ours, row.record_id) == [EntryState.ACCEPTED]
    assert set(codes(courier.back(courier.ours))) <= {None}


def test_a_lost_medium_loses_nothing(courier: Courier) -> None:
    row = released(courier.ours, courier.theirs.agency)
    courier.out(courier.ours)
    shutil.rmtree(courier.root)
    courier.out(courier.ours)
    courier.back(courier.theirs)
    courier.out(courier.theirs)
    shutil.rmtree(courier.root)
    courier.out(courier.theirs)
    courier.back(courier.ours)
    assert states(courier.ours, row.record_id) == [EntryState.ACCEPTED]


def test_what_was_altered_keeps_nothing_else_out(courier: Courier) -> None:
    for _ in range(3):
        released(courier.ours, courier.theirs.agency)
    courier.out(courier.ours)
    largest = sorted(courier.files(), key=lambda path: path.stat().st_size)
    altered, gone = largest[-1], largest[-2]
    kept = altered.read_bytes(), gone.read_bytes()
    altered.write_bytes(kept[0][:-1] + bytes([kept[0][-1] ^ 1]))
    gone.unlink()
    came = courier.back(courier.theirs)
    assert codes(came) == [None, "bundle-damaged", "bundle-damaged"]
    altered.write_bytes(kept[0])
    gone.write_bytes(kept[1])
    assert codes(courier.back(courier.theirs)) == [None, None, None]
    assert admitted(courier.theirs) == 3


def test_hostile_lists_and_files_are_refused_and_keep_nothing_else_out(courier: Courier) -> None:
    released(courier.ours, courier.theirs.agency)
    courier.out(courier.ours)
    lists, files = courier.files("bundles")[0].parent, courier.files()[0].parent
    keys, at = courier.ours.keyring.signing(), courier.ours.clock.now().replace(microsecond=0)
    entries = [entry for entry in corpus() if entry.reader == "courier bundle, signed"]
    for entry in entries:
        raw = sign_jws(entry.make(), typ=BUNDLE_TYPE, keys=keys, suite=Suite.HYBRID_1)
        (lists / hashlib.sha256(raw).hexdigest()).write_bytes(raw)
    names = []
    for raw in [entry.make() for entry in corpus() if entry.reader == "envelope"] + [zip_bomb()]:
        names.append(hashlib.sha256(raw).hexdigest())
        (files / names[-1]).write_bytes(raw)
    bundle = Bundle(
        by=courier.ours.agency,
        to=courier.theirs.agency,
        issued_at=at,
        transfers=tuple(PackedTransfer(sealed=name, statement=None, hops=()) for name in names),
        receipts=(names[-1],),
    )
    raw = sign_bundle(bundle, keys=keys, suite=Suite.HYBRID_1)
    (lists / hashlib.sha256(raw).hexdigest()).write_bytes(raw)
    came = courier.back(courier.theirs)
    assert sorted(one.code for one in came if one.what == "bundle" and one.code) == [
        "document-invalid" for _ in entries
    ]
    assert {one.code for one in came if one.what == "envelope"} == {None, "envelope-malformed"}
    assert [one.code for one in came if one.what == "receipt"] == ["document-invalid"]
    assert admitted(courier.theirs) == 1


def test_a_list_that_the_partner_did_not_sign_is_refused(courier: Courier) -> None:
    released(courier.ours, courier.theirs.agency)
    courier.out(courier.ours)
    (bundle,) = courier.files("bundles")
    raw = bundle.read_bytes()
    bundle.write_bytes(raw.replace(b'"signature":"', b'"signature":"AAAA', 1))
    (came,) = courier.back(courier.theirs)
    assert (came.what, came.code) == ("bundle", "signature-invalid")
    # A list of theirs, in the place of one of ours.
    released(courier.theirs, courier.ours.agency)
    courier.out(courier.theirs)
    (other,) = (courier.root / courier.theirs.agency / courier.ours.agency / "bundles").iterdir()
    other.rename(bundle)
    assert codes(courier.back(courier.theirs)) == ["key-unknown"]
    assert admitted(courier.theirs) == 0
    with courier.theirs.store.read() as view:
        told = [
            event.details["code"] for _, event in view.events(after=0, limit=99) if event.act is Act.REFUSED
        ]
    assert told == ["signature-invalid", "key-unknown"]


def test_links_on_a_medium_are_not_followed(courier: Courier, tmp_path: Path) -> None:
    released(courier.ours, courier.theirs.agency)
    courier.out(courier.ours)
    for path in courier.files():
        away = tmp_path / path.name
        path.rename(away)
        path.symlink_to(away)
    assert set(codes(courier.back(courier.theirs))) == {"bundle-damaged"}
    folder = courier.root / courier.ours.agency / courier.theirs.agency
    folder.rename(tmp_path / "folder")
    folder.symlink_to(tmp_path / "folder")
    with pytest.raises(PeerFault) as fault:
        courier.back(courier.theirs)
    assert fault.value.code == "partner-unreachable"


def test_attachments_go_along_and_an_export_that_was_cut_off_goes_on(courier: Courier) -> None:
    content = os.urandom(300_000)
    there = upload(
        courier.ours, AIGUL, announce(courier.ours, AIGUL, size_bytes=len(content)), 0, iter([content])
    )
    assert there
    named = {
        "digest": hashlib.sha256(content).hexdigest(),
        "name": "photo.jpg",
        "media_type": "image/jpeg",
        "size_bytes": len(content),
    }
    row = released(courier.ours, courier.theirs.agency, attachments=[named])
    assert courier.out(courier.ours).attachments == 1
    (blob,) = courier.files("attachments")
    whole = blob.read_bytes()
    blob.unlink()
    came = courier.back(courier.theirs)
    assert {one.what: one.code for one in came}["attachment"] is not None
    assert trace_or_none(courier.theirs, row.record_id) is None, "an envelope came without its attachment"
    blob.with_name(f".unfinished-{blob.name}").write_bytes(whole[:100_000])
    courier.out(courier.ours)
    assert blob.read_bytes() == whole
    assert set(codes(courier.back(courier.theirs))) == {None}
    assert trace(courier.theirs, row.record_id).versions


def trace_or_none(broker: Broker, record_id: str) -> object:
    try:
        return trace(broker, record_id)
    except HubError:
        return None


def test_what_may_no_longer_go_is_taken_off_the_medium(courier: Courier) -> None:
    row = released(courier.ours, courier.theirs.agency)
    courier.out(courier.ours)
    assert courier.files()
    courier.back(courier.theirs)
    courier.out(courier.theirs)
    courier.back(courier.ours)
    courier.out(courier.ours)
    assert courier.files() == [], "an envelope that was answered is still on the medium"
    assert states(courier.ours, row.record_id) == [EntryState.ACCEPTED]


def test_nothing_is_carried_to_or_from_a_suspended_partner(courier: Courier) -> None:
    released(courier.ours, courier.theirs.agency)
    courier.out(courier.ours)
    suspend(courier.theirs, CUSTODIAN, courier.ours.agency)
    assert codes(courier.back(courier.theirs)) == ["partner-suspended"]
    with pytest.raises(Refused) as refused:
        courier.out(courier.theirs)
    assert refused.value.code == "partner-suspended"
    assert admitted(courier.theirs) == 0


def test_a_partner_reached_by_courier_is_never_called(courier: Courier) -> None:
    card = own_card_of(courier.theirs)
    row = pin(courier.ours, CUSTODIAN, card, confirmed_fingerprint=fingerprint(card), by_courier=True)
    assert (row.url, row.status) == (None, PartnerStatus.ACTIVE)
