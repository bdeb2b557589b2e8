"""S/MIME mail over a real SMTP submission server with TLS and AUTH that delivers into Maildirs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from email import message_from_bytes
from hashlib import sha256
from itertools import count
from pathlib import Path

import pytest

from adapters import registry
from adapters.carriers.mail import MailCarrier
from adapters.carriers.verdicts import write_verdict
from adapters.contract import Parcel, Verdict
from adapters.kit.carriers import carries
from hub.errors import HubError
from tests.adapters.carriers.mailing import (
    STRANGER,
    THEM,
    US,
    address,
    bounce,
    cms,
    deliver,
    mail_end,
    maildir,
    refused,
)
from tests.servers.smtp import Post, smtp_server
from tests.transport.foreign import root

pytestmark = pytest.mark.slow
TAKEN = Verdict(taken=True)
_NUMBERS = count()
End = Callable[..., MailCarrier]


@pytest.fixture(scope="module", params=["implicit", "starttls"])
def tls(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def servers(tls: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Post]:
    with smtp_server(tmp_path_factory.mktemp("smtp"), implicit=tls == "implicit") as running:
        yield running


@pytest.fixture
def post(servers: Post) -> Iterator[Post]:
    """A server whose mailboxes are empty."""
    before = servers.folder
    servers.folder = before / str(next(_NUMBERS))
    servers.folder.mkdir()
    servers.taken.clear()
    yield servers
    servers.folder, servers.answer = before, None


@pytest.fixture
def end(post: Post, tls: str, tmp_path: Path) -> End:
    """Make one end that submits to the server."""

    def made(us: str = "kz-knb", **options: object) -> MailCarrier:
        told: dict[str, object] = {"authority": post.authority, "password": post.password, **options}
        return mail_end(
            us,
            folder=post.folder,
            state=tmp_path,
            smtp_port=post.port,
            tls=tls,
            **told,  # type: ignore[arg-type]
        )

    return made


def test_both_ends_keep_the_contract(end: End) -> None:
    adapter = replace(registry.make("bilateral"), rehearse=lambda _: (end("kz-knb"), end("de-bka")))
    assert carries(adapter) == "4 ways of delivery"


def test_a_receipt_proves_its_signer_and_names_the_digest(end: End) -> None:
    ours, theirs = end("kz-knb"), end("de-bka")
    ours.push(Parcel(parcel_id="p", content=b"sealed"))
    (parcel,) = theirs.pull(limit=5)
    theirs.acknowledge(parcel.parcel_id, TAKEN)
    (receipt,) = ours.receipts(limit=5)
    assert receipt.signer is not None
    assert receipt.signer.startswith("CN=de-bka (sha256:")
    assert receipt.digest == sha256(b"sealed").digest()
    assert b"taken" in receipt.raw, "the signed structure is kept, which others can verify"


def test_a_retry_is_the_same_message(end: End, post: Post) -> None:
    for _ in range(2):
        end().push(Parcel(parcel_id="p", content=b"sealed"))
    first, second = post.taken
    assert first == second
    told = message_from_bytes(first)
    assert told.get_content_type() == "application/pkcs7-mime"
    assert told["Subject"] == "Sealed document"
    with pytest.raises(HubError) as failure:
        end().push(Parcel(parcel_id="p", content=b"other"))
    assert failure.value.code == "envelope-id-reused"


def test_a_server_of_another_authority_gets_neither_password_nor_mail(end: End, post: Post) -> None:
    with pytest.raises(HubError) as failure:
        end(authority=root("Another").certificate).push(Parcel(parcel_id="p", content=b"sealed"))
    assert failure.value.code == "handshake-failed"
    assert post.taken == []


def test_a_wrong_password_and_a_busy_server_ask_for_a_retry(end: End, post: Post) -> None:
    with pytest.raises(HubError) as failure:
        end(password=b"wrong").push(Parcel(parcel_id="p", content=b"sealed"))
    assert failure.value.code == "partner-unreachable"
    for answer, code in (("451 later", "partner-unreachable"), ("550 never", "delivery-failed")):
        post.answer = answer
        with pytest.raises(HubError) as failure:
            end().push(Parcel(parcel_id="p", content=b"sealed"))
        assert failure.value.code == code
    post.answer = None
    end().push(Parcel(parcel_id="p", content=b"sealed"))
    assert len(post.taken) == 1


def test_a_receipt_that_the_partner_did_not_sign_settles_nothing(
    end: End, post: Post, tmp_path: Path
) -> None:
    ours = end()
    ours.push(Parcel(parcel_id="p", content=b"sealed"))
    message_id = message_from_bytes(post.taken[0])["Message-ID"]
    said = write_verdict("p", b"sealed", TAKEN)
    deliver(post.folder, cms(said, **{"In-Reply-To": message_id}))
    deliver(post.folder, cms(STRANGER.to(US).seal(said), **{"In-Reply-To": message_id}))
    other = write_verdict("p", b"other bytes", TAKEN)
    deliver(post.folder, cms(THEM.to(US).seal(other), **{"In-Reply-To": message_id}))
    assert ours.receipts(limit=5) == []
    assert refused(tmp_path) == ["decryption-failed", "receipt-invalid", "signature-invalid"]
    assert ours.health().sentence.startswith("3 messages were refused")


def test_a_bounce_of_our_message_is_a_refusal_that_nobody_signed(end: End, post: Post) -> None:
    ours, theirs = end("kz-knb"), end("de-bka")
    ours.push(Parcel(parcel_id="p", content=b"sealed"))
    deliver(post.folder, bounce(message_from_bytes(post.taken[0])["Message-ID"]))
    (receipt,) = ours.receipts(limit=5)
    assert (receipt.verdict.code, receipt.signer, receipt.digest) == ("delivery-failed", None, None)
    assert receipt.verdict.sentence == (
        "A mail server says that it could not deliver the message (5.1.1). Nobody signed this."
    )
    ours.settle("p")
    theirs.pull(limit=5)
    theirs.acknowledge("p", TAKEN)
    (receipt,) = ours.receipts(limit=5)
    assert receipt.verdict.taken, "a bounce keeps no signed receipt out"


@pytest.mark.parametrize("forged", ["id", "recipient", "domain"])
def test_a_bounce_of_nothing_that_we_sent_is_put_apart(
    end: End, post: Post, tmp_path: Path, forged: str
) -> None:
    ours = end()
    ours.push(Parcel(parcel_id="p", content=b"sealed"))
    real = message_from_bytes(post.taken[0])["Message-ID"]
    guessed = {"id": f"<p.{'0' * 32}@kz-knb.example>", "domain": real.replace("kz-knb", "xx")}
    about = "someone@else.example" if forged == "recipient" else address("de-bka")
    deliver(post.folder, bounce(guessed.get(forged, real), about=about))
    assert ours.receipts(limit=5) == []
    assert refused(tmp_path) == ["bounce-unverified"]


def test_a_report_of_a_delay_changes_nothing(end: End, post: Post, tmp_path: Path) -> None:
    ours = end()
    ours.push(Parcel(parcel_id="p", content=b"sealed"))
    deliver(post.folder, bounce(message_from_bytes(post.taken[0])["Message-ID"], action="delayed"))
    assert ours.receipts(limit=5) == []
    assert refused(tmp_path) == []


def test_a_forged_parcel_does_not_take_the_place_of_the_partners(
    end: End, post: Post, tmp_path: Path
) -> None:
    ours, theirs = end("kz-knb"), end("de-bka")
    theirs.push(Parcel(parcel_id="p", content=THEM.to(US).seal(b"document")))
    real = message_from_bytes(post.taken[0])["Message-ID"]
    box = maildir(post.folder, "kz-knb")
    (waiting,) = (box / "new").iterdir()
    kept = waiting.read_bytes()
    waiting.unlink()
    deliver(post.folder, cms(b"forged", **{"Message-ID": real}))
    assert [one.content for one in ours.pull(limit=5)] == [b"forged"]
    deliver(post.folder, kept)
    (parcel,) = ours.pull(limit=5)
    assert US.to(THEM).open(parcel.content).document == b"document"
    deliver(post.folder, cms(b"forged", **{"Message-ID": real}))
    assert ours.pull(limit=5) == [parcel]
    assert refused(tmp_path) == ["envelope-id-reused"]
