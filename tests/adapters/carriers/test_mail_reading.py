"""What arrives in a mailbox is a parcel, a receipt or a bounce, or it is refused whole."""

from __future__ import annotations

from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest

from adapters.carriers.mail.naming import Naming
from adapters.carriers.mail.reading import MailReceipt, read_message
from adapters.carriers.mail.writing import write_message
from hub.errors import Refused
from hub.records.ids import new_id
from tests.adapters.carriers.mailing import cms, deliver, mail_end, refused
from tests.transport.foreign import root

AUTHORITY = root().certificate


def _mixed() -> EmailMessage:
    message = EmailMessage()
    message["Message-ID"] = "<1@mail.example>"
    message.set_content('<img src="https://evil.example/')
    message.add_attachment(b"sealed", maintype="application", subtype="pkcs7-mime")
    return message


def _nested() -> bytes:
    inner = cms(b"sealed")
    outer = EmailMessage()
    outer["Message-ID"] = "<1@mail.example>"
    outer.set_content(inner)
    return outer.as_bytes()


_PLAIN = cms(b"sealed").as_bytes()
HOSTILE = {
    "parts around the CMS": (_mixed().as_bytes(), "partner-document-hostile"),
    "a message in a message": (_nested(), "partner-document-hostile"),
    "two types": (b"Content-Type: text/html\n" + _PLAIN, "partner-document-hostile"),
    "two ids": (b"Message-ID: <2@mail.example>\n" + _PLAIN, "partner-document-hostile"),
    "text alone": (b"Message-ID: <1@a>\n\nDear colleagues", "partner-document-hostile"),
    "huge headers": (b"X: " + b"x" * 70_000 + b"\n" + _PLAIN, "partner-document-hostile"),
    "many headers": (b"X: x\n" * 300 + _PLAIN, "partner-document-hostile"),
    "a bare carriage return": (b"X: a\rContent-Type: b\n" + _PLAIN, "partner-document-hostile"),
    "no headers' end": (b"Message-ID: <1@a>", "partner-document-hostile"),
    "broken base64": (_PLAIN.replace(b"c2VhbGVk", b"c2V$bGVk"), "partner-document-malformed"),
    "no id": (_PLAIN.replace(b"Message-ID", b"X-ID"), "partner-document-malformed"),
    "not base64": (_PLAIN.replace(b"base64", b"8bit"), "partner-document-malformed"),
    "a report of one part": (
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\n\n--b--\n",
        "partner-document-malformed",
    ),
    "parts without end": (
        b"".join(b"Content-Type: multipart/report; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(1500)),
        "partner-document-hostile",
    ),
    "too large": (_PLAIN + b"\n" * 200_000, "partner-document-too-large"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_message_is_put_apart_with_its_code(tmp_path: Path, name: str) -> None:
    raw, code = HOSTILE[name]
    ours = mail_end("kz-knb", folder=tmp_path, state=tmp_path, authority=AUTHORITY, max_parcel_bytes=50_000)
    deliver(tmp_path, raw)
    deliver(tmp_path, _PLAIN)
    assert [one.content for one in ours.pull(limit=5)] == [b"sealed"], "what is sound comes all the same"
    assert refused(tmp_path) == [code]


@pytest.mark.parametrize(
    "change", [{"tls": "none"}, {"our_address": "hub"}, {"their_address": "a@b\n"}, {"pasword": "x"}]
)
def test_a_profile_that_cannot_be_meant_makes_no_carrier(tmp_path: Path, change: dict[str, str]) -> None:
    with pytest.raises(Refused) as failure:
        mail_end("kz-knb", folder=tmp_path, state=tmp_path, authority=AUTHORITY, **change)
    assert failure.value.code == "adapter-invalid"


def test_a_receipt_names_the_message_that_it_answers_however_long_its_id_is() -> None:
    naming = Naming(domain="counter-terrorism-liaison.security-committee.example", key=b"k" * 32)
    parcel = new_id()
    told = naming.message_id(parcel)
    at = datetime(2026, 6, 1, tzinfo=UTC)
    written = write_message(
        b"x" * 90, sender="a@b.example", recipient="c@d.example", message_id=told, at=at, answers=told
    )
    head, _, body = written.partition(b"\r\n\r\n")
    assert b"=?" not in head
    assert max(map(len, body.split(b"\r\n"))) <= 76
    found = read_message(written, naming=naming, partner="c@d.example", max_bytes=1 << 20)
    assert found == MailReceipt(parcel_id=parcel, cms=b"x" * 90)
