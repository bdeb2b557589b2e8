"""The carrier against another implementation of AS4: the PyPI package `as4`, in an environment of its own."""

from __future__ import annotations

import json
import os
from base64 import b64decode
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from adapters.carriers.as4 import As4Carrier
from adapters.carriers.as4.names import UNREGISTERED
from adapters.contract import Parcel, Verdict
from bench.peer_as4 import Gateway, environment, gateway, kept
from tests.adapters.carriers.as4.ends import ACTION, SERVICE, Desk, desk, end, sides
from tests.servers.mutual import Served, partner_authority

pytestmark = pytest.mark.slow
TAKEN = Verdict(taken=True)
REFUSED = Verdict(taken=False, code="policy-denied", sentence="No agreement allows it.")


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """Run the package as the partner's gateway; the first time it is installed."""
    us, them = sides()
    home = tmp_path_factory.mktemp("as4")
    leaf, key = partner_authority().issue([x509.IPAddress(ip_address("127.0.0.1"))])
    clear = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (home / "tls.pem").write_bytes(key.private_bytes(*clear) + leaf.public_bytes(Encoding.PEM))
    (home / "authority.pem").write_text(partner_authority().pem)
    (home / "ours.key").write_bytes(them.key.private_bytes(*clear))
    (home / "ours.crt").write_bytes(them.certificate.public_bytes(Encoding.PEM))
    (home / "theirs.crt").write_bytes(us.certificate.public_bytes(Encoding.PEM))
    words = (them.name, us.name, UNREGISTERED, SERVICE, ACTION)
    with gateway(environment(kept()), home, words) as running:
        yield running


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Desk, Served]]:
    with desk() as ours:
        yield ours


@pytest.fixture
def ours(peer: Gateway, served: tuple[Desk, Served], tmp_path: Path) -> As4Carrier:
    made = end(*sides(), url=peer.url.removesuffix("/as4"), state=tmp_path)
    served[0].carrier, served[0].decide = made, lambda _: TAKEN
    served[0].replies.clear()
    return made


@pytest.fixture
def here(served: tuple[Desk, Served]) -> Desk:
    return served[0]


@pytest.fixture
def url(served: tuple[Desk, Served]) -> str:
    return f"{served[1].url}/as4"


def test_it_opens_our_message_and_we_believe_its_receipt(peer: Gateway, ours: As4Carrier) -> None:
    content = json.dumps({"narrative": "Сведения"}, ensure_ascii=False).encode() + os.urandom(5_000)
    ours.push(Parcel(parcel_id="opened", content=content))
    (receipt,) = ours.receipts(limit=5)
    assert receipt.verdict == TAKEN
    assert (receipt.signer or "").startswith("CN=de-bka ")
    came = peer.received()[-1]
    assert (came["id"], came["taken"]) == ("opened@kz-knb", True)
    assert [b64decode(one) for one in came["payloads"]] == [content]


def test_a_message_that_it_cannot_open_comes_back_as_its_signed_error(peer: Gateway, tmp_path: Path) -> None:
    us, them = sides()
    pinned = [us.certificate, them.certificate]
    stranger = end(us, them, url=peer.url.removesuffix("/as4"), state=tmp_path, pinned=pinned)
    stranger.push(Parcel(parcel_id="shut", content=b"record"))
    (receipt,) = stranger.receipts(limit=5)
    assert (receipt.verdict.taken, receipt.verdict.code) == (False, "partner-refused")
    assert receipt.verdict.sentence.startswith("EBMS:0102 ")
    assert (receipt.signer or "").startswith("CN=de-bka ")


def test_we_open_its_message_and_it_believes_our_receipt(
    peer: Gateway, ours: As4Carrier, here: Desk, url: str
) -> None:
    seen: list[Parcel] = []
    here.decide = lambda parcel: seen.append(parcel) or TAKEN  # type: ignore[func-returns-value]
    content = os.urandom(20_000)
    told = peer.send(url, content)
    assert (told["status"], told["taken"], told["error"]) == (200, True, None)
    assert [one.content for one in seen] == [content]
    assert ours.pull(limit=5) == []


def test_its_repeat_gets_the_receipt_again_and_is_taken_once(
    peer: Gateway, ours: As4Carrier, here: Desk, url: str
) -> None:
    seen: list[Parcel] = []
    here.decide = lambda parcel: seen.append(parcel) or TAKEN  # type: ignore[func-returns-value]
    first, again = peer.send(url, b"record", "twice@de-bka"), peer.again()
    assert first == again
    assert first["taken"] is True
    assert [one.parcel_id for one in seen] == ["twice"]


def test_it_learns_of_a_verdict_that_took_its_time(
    peer: Gateway, ours: As4Carrier, here: Desk, url: str
) -> None:
    here.decide = lambda _: None
    assert peer.send(url, b"record", "late@de-bka")["status"] == 202
    (parcel,) = ours.pull(limit=5)
    ours.acknowledge(parcel.parcel_id, TAKEN)
    assert peer.again()["taken"] is True


def test_it_learns_why_its_message_was_refused(peer: Gateway, ours: As4Carrier, here: Desk, url: str) -> None:
    here.decide = lambda _: REFUSED
    told = peer.send(url, b"record", "denied@de-bka")
    assert (told["taken"], told["error"], told["detail"]) == (False, "EBMS:0004", "policy-denied")


def test_other_content_under_its_id_is_refused(peer: Gateway, ours: As4Carrier, here: Desk, url: str) -> None:
    assert peer.send(url, b"record", "reused@de-bka")["taken"] is True
    told = peer.send(url, b"another", "reused@de-bka")
    assert (told["taken"], told["error"], told["detail"]) == (False, "EBMS:0004", "envelope-id-reused")
    refused = here.replies[-1].refused
    assert refused is not None
    assert refused.code == "envelope-id-reused"
