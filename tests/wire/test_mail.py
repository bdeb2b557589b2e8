"""A served hub and a partner with a mailbox and `openssl cms` alone: S/MIME mail both ways, into evidence."""

from __future__ import annotations

import json
import mailbox
import smtplib
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from adapters.registry import make
from adapters.seals.smime.pins import fingerprint
from demo.ports import free_ports
from hub.bootstrap.making import init_hub
from hub.bootstrap.opening import Hub, open_hub
from hub.entries import OutboxEntry
from hub.exchange.agreements import adopt
from hub.exchange.drafting import draft
from hub.exchange.hubless.asking import losses_of
from hub.exchange.hubless.pinning import pin_profile, profile_digest, put_material
from hub.exchange.releasing import approve
from hub.records.kinds import Kind
from hub.records.lifecycle import EntryState
from hub.records.record import load_record
from hub.records.template import template
from tests.adapters.carriers.mailing import address, cms, maildir
from tests.adapters.seals.parties import Party, ec_key, key_pem, party, rsa_key
from tests.docs.blocks import block
from tests.exchange.hubs import AIGUL, BOLAT, CUSTODIAN, agreement_text, document
from tests.servers.openssl import openssl
from tests.servers.smtp import Post, smtp_server
from tests.wire.commands import answered, typed
from tests.wire.served import start, wait_ready
from tests.wire.test_taxii import until

pytestmark = pytest.mark.slow
US, THEM = "kz-knb", "de-bka"

PROFILE = """
adapter = "bilateral"
dialect = "stix"
[seal]
name = "smime"
recipient_bound = false
[carrier]
name = "mail"
our_address = "{ours}"
their_address = "{theirs}"
smtp_host = "localhost"
smtp_port = {port}
smtp_user = "hub"
maildir = "{maildir}"
recipient_bound = false
"""


@dataclass(kw_only=True)
class Correspondent:
    """The partner: a mailbox, a key, a mail program, and the commands that docs/carriers.md gives it."""

    desk: Path
    post: Post
    us: Party
    them: Party

    def letters(self) -> list[bytes]:
        """Return what came, and take it from the mailbox."""
        box = mailbox.Maildir(maildir(self.post.folder, THEM))
        names = sorted(box.keys())
        found = [box.get_bytes(name) for name in names]
        for name in names:
            box.remove(name)
        return found

    def opened(self, letter: bytes) -> bytes:
        """Return what is in a letter that the hub signed."""
        (self.desk / "letter.eml").write_bytes(letter)
        self._shell("mail open", self.them)
        return (self.desk / "letter").read_bytes()

    def answer(self, letter: bytes, *, by: Party | None = None) -> None:
        """Sign a receipt for a letter, and mail it."""
        (self.desk / "letter.eml").write_bytes(letter)
        self._shell("mail answer", by or self.them)
        self.mail((self.desk / "receipt.eml").read_text("ascii"))

    def write(self, content: bytes, message_id: str) -> None:
        """Mail a document of the partner's own, signed and sealed."""
        (self.desk / "letter").write_bytes(content)
        self._shell("cms seal", self.them)
        sealed = cms((self.desk / "letter.p7m").read_bytes(), **{"Message-ID": message_id})
        self.mail(sealed.as_string())

    def mail(self, message: str) -> None:
        context = ssl.create_default_context(
            cadata=self.post.authority.public_bytes(Encoding.PEM).decode("ascii")
        )
        with smtplib.SMTP_SSL("localhost", self.post.port, context=context, timeout=20) as server:
            server.login(self.post.user, self.post.password.decode("ascii"))
            server.sendmail(address(THEM), [address(US)], message)

    def _shell(self, name: str, by: Party) -> None:
        """Run a block of the page, with whose key it signs in the partner's place."""
        assert openssl()
        Party(name=THEM, key=by.key, certificate=by.certificate).write(self.desk)
        self.us.write(self.desk)
        script = block("carriers.md", name).replace("$KEYOPT", "-keyopt ecdh_kdf_md:sha256")
        done = subprocess.run(
            ["sh", "-eu", "-c", script], cwd=self.desk, capture_output=True, check=False, timeout=60
        )
        assert done.returncode == 0, done.stderr


@dataclass(kw_only=True)
class Posted:
    """Our served hub, and the partner."""

    hub: Hub
    partner: Correspondent

    def release(self) -> str:
        """Release a record to the partner; return its id."""
        broker = self.hub.broker
        row = draft(broker, AIGUL, document(), recipients=[THEM])
        losses = losses_of(broker, row.record_id).digest
        approve(broker, BOLAT, row.record_id, digest=row.digest, recipients=row.recipients, losses=losses)
        return row.record_id

    def letter(self) -> bytes:
        """Return the one message that comes to the partner."""
        (found,) = until(self.partner.letters)
        assert isinstance(found, bytes)
        return found

    def entry(self, record_id: str) -> OutboxEntry:
        with self.hub.store.read() as view:
            (found,) = view.outbox.of_record(record_id)
        return found

    def accepted(self, record_id: str) -> bool:
        return bool(until(lambda: self.entry(record_id).state is EntryState.ACCEPTED))

    def told(self, sentence: str) -> bool:
        """Tell whether `hub partner show` says this of the carrier, or comes to say it."""
        home = self.hub.config.home
        return bool(until(lambda: answered(home, "partner", "show", THEM)["condition"] == sentence))

    def hold(self, held: Party) -> None:
        """Take in a certificate of the partner, in the place of the one before."""
        pem = held.certificate.public_bytes(Encoding.PEM)
        put_material(self.hub.broker, CUSTODIAN, THEM, THEM, "certificates", pem)

    def judged(self, record_id: str) -> dict[str, Any]:
        """Export a record's evidence beside the served hub; return what it proves where no hub is."""
        home, desk = self.hub.config.home, self.partner.desk
        bundle, anchors = desk / f"{record_id}.evidence", desk / f"{record_id}.anchors"
        answered(home, "evidence", "export", record_id, "-o", str(bundle), "--why", "case 2026/17")
        answered(home, "evidence", "anchors", "-o", str(anchors))
        words = ("evidence", "verify", str(bundle), "--trust", str(anchors), "--json")
        result = typed(desk / "nowhere", *words)
        verdict: dict[str, Any] = json.loads(result.stdout)
        assert (verdict["verdict"], result.exit_code) == ("proven", 0), verdict["not_shown"]
        return verdict


@pytest.fixture(scope="module")
def posted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Posted]:
    folder = tmp_path_factory.mktemp("mail")
    us, them = party(US, ec_key()), party(THEM, rsa_key())
    (port,) = free_ports(1)
    init_hub(folder / US, agency=US, port=port)
    with (folder / US / "hub.toml").open("a") as toml:
        toml.write("\n[limits]\nparcels_interval_s = 0.2\n")
    with ExitStack() as stack:
        hub = stack.enter_context(open_hub(folder / US))
        for place in ("post", "desk"):
            (folder / place).mkdir()
        post = stack.enter_context(smtp_server(folder / "post", implicit=True))
        _pin(hub, post, us, them)
        process = start(folder / US)
        try:
            wait_ready(hub)
            partner = Correspondent(desk=folder / "desk", post=post, us=us, them=them)
            maildir(post.folder, THEM)
            yield Posted(hub=hub, partner=partner)
        finally:
            process.terminate()
            process.wait(40)


def _pin(hub: Hub, post: Post, us: Party, them: Party) -> None:
    for name, sort, content in (
        ("smime", "key", key_pem(us.key)),
        ("smime", "certificates", us.certificate.public_bytes(Encoding.PEM)),
        (THEM, "certificates", them.certificate.public_bytes(Encoding.PEM)),
        ("mail", "certificates", post.authority.public_bytes(Encoding.PEM)),
        ("mail", "secret", post.password),
    ):
        put_material(hub.broker, CUSTODIAN, THEM, name, sort, content)
    source = PROFILE.format(
        ours=address(US), theirs=address(THEM), port=post.port, maildir=maildir(post.folder, US)
    )
    pin_profile(hub.broker, CUSTODIAN, THEM, source, confirmed_digest=profile_digest(source))
    adopt(hub.broker, CUSTODIAN, agreement_text([US, THEM]))


def findings(verdict: dict[str, Any], key: str) -> list[dict[str, Any]]:
    return [one["about"] for one in verdict["findings"] if one["key"] == key]


def test_a_letter_counts_on_a_signed_receipt_which_evidence_judges_by_the_certificate_of_then(
    posted: Posted,
) -> None:
    partner, before = posted.partner, posted.partner.them
    first = posted.release()
    letter = posted.letter()
    document = json.loads(partner.opened(letter))
    assert {one["type"] for one in document["objects"]} >= {"identity", "report"}
    partner.answer(letter, by=party(THEM, ec_key()))  # of the same name, and nobody's that is held
    assert posted.told("1 messages were refused, the last for signature-invalid.")
    assert posted.entry(first).state is EntryState.CARRIED
    partner.answer(letter)
    assert posted.accepted(first)

    partner.them = after = party(THEM, ec_key())
    posted.hold(after)
    second = posted.release()
    letter = posted.letter()
    partner.answer(letter, by=before)
    assert posted.told("2 messages were refused, the last for signature-invalid.")
    assert posted.entry(second).state is EntryState.CARRIED
    partner.answer(letter)
    assert posted.accepted(second)

    for record_id, signer in ((first, before), (second, after)):
        verdict = posted.judged(record_id)
        (signed,) = findings(verdict, "parcel-receipt-signed")
        assert (signed["agency"], signed["status"]) == (THEM, "accepted")
        (held,) = findings(verdict, "partner-certificate-in-force")
        assert fingerprint(signer.certificate).hex().startswith(held["fingerprint"])
        assert (f"{THEM} (CN={THEM})", ["CMS (S/MIME)"]) in [
            (one["by"], one["algorithms"]) for one in verdict["signatures"]
        ]
        assert findings(verdict, "parcel-translated")


def test_a_letter_of_the_partner_is_a_record_whose_signature_is_evidence_and_gets_a_signed_receipt(
    posted: Posted,
) -> None:
    record = {
        **template(Kind.SPONTANEOUS_INFORMATION),
        "originator": THEM,
        "legal_basis": {"agreement": "test-treaty", "articles": ["1"]},
        "language": "en",
        "attachments": [],
    }
    written = make("bilateral-stix").dialect.translate(dict(load_record(record).document)).document
    posted.partner.write(written, "<theirs@mail.example>")
    letter = posted.letter()
    assert b"In-Reply-To: <theirs@mail.example>" in letter
    assert json.loads(posted.partner.opened(letter))["verdict"] == "taken"
    verdict = posted.judged(str(record["id"]))
    (signed,) = findings(verdict, "parcel-signed")
    assert signed["agency"] == THEM
    assert findings(verdict, "record-of-document")
