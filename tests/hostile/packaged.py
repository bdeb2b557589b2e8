"""Hostile documents in what carries and seals them: archives, mail, CMS and signed lists."""

from __future__ import annotations

import gzip
import io
import json
import lzma
import zipfile
import zlib
from base64 import b64encode
from collections.abc import Iterator
from datetime import datetime
from email.message import EmailMessage
from functools import cache
from typing import Any, Final

from asn1crypto import cms as asn1
from asn1crypto import core

from adapters.seals.smime.signing import sign
from hub.envelope.canonical import canonical
from tests.adapters.carriers.mailing import cms
from tests.adapters.seals import test_smime_vectors as smime
from tests.hostile.entries import HOSTILE, JSON, MALFORMED, SIGNATURE, XML, Entry, honest

#: What the archives here come to when somebody opens them.
_BOMB_BYTES: Final = 256 * 1024 * 1024
#: The object identifier id-data, as DER.
_DATA: Final = bytes.fromhex("06092a864886f70d010701")


def bombs() -> Iterator[Entry]:
    """Yield archives that come to far more than they are: no document here is ever one, but the UN's list."""
    for name, make in (("a zip archive", zip_bomb), ("gzip", _gzip), ("xz", _xz)):
        for adapter in (*XML, *JSON):
            yield Entry(sort="zip bombs", name=name, reader=f"dialect {adapter}", code=MALFORMED, make=make)
        for reader, code in (
            ("record", "request-malformed"),
            ("TAXII objects", MALFORMED),
            ("CMS", "decryption-failed"),
            ("CMS, encrypted for us", "signature-missing"),
            ("UN list", "list-invalid"),
            ("mail", HOSTILE),
        ):
            yield Entry(
                sort="zip bombs",
                name=name,
                reader=reader,
                code=code,
                make=(lambda make=make: _mailed(make(), "zip")) if reader == "mail" else make,
            )
    yield Entry(
        sort="zip bombs",
        name="CMS that is compressed (RFC 3274)",
        reader="CMS, encrypted for us",
        code="signature-missing",
        make=_compressed,
    )


@cache
def zip_bomb() -> bytes:
    """Return a zip archive of a quarter of a megabyte that comes to a quarter of a gigabyte."""
    held = io.BytesIO()
    with (
        zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive,
        archive.open("document.json", "w", force_zip64=True) as file,
    ):
        for _ in range(_BOMB_BYTES >> 20):
            file.write(bytes(1 << 20))
    return held.getvalue()


@cache
def _gzip() -> bytes:
    held = io.BytesIO()
    with gzip.GzipFile(fileobj=held, mode="w", mtime=0) as file:
        for _ in range(_BOMB_BYTES >> 20):
            file.write(bytes(1 << 20))
    return held.getvalue()


@cache
def _xz() -> bytes:
    press = lzma.LZMACompressor(preset=0)
    return b"".join([*(press.compress(bytes(1 << 20)) for _ in range(_BOMB_BYTES >> 20)), press.flush()])


def _compressed() -> bytes:
    algorithm = core.Sequence.load(bytes.fromhex("300d060b2a864886f70d0109100308"))
    inner = honest("CMS, encrypted for us")
    told = asn1.CompressedData(
        {
            "version": "v0",
            "compression_algorithm": asn1.CompressionAlgorithm.load(algorithm.dump()),
            "encap_content_info": {"content_type": "data", "content": zlib.compress(inner)},
        }
    )
    return bytes(asn1.ContentInfo({"content_type": "compressed_data", "content": told}).dump())


def _mailed(content: bytes, subtype: str) -> bytes:
    message = EmailMessage()
    message["Message-ID"] = "<1@mail.example>"
    message.set_content(content, maintype="application", subtype=subtype)
    return message.as_bytes()


def mime() -> Iterator[Entry]:
    """Yield mail that programs would piece together differently."""
    sealed = cms(b"sealed").as_bytes()
    body = b64encode(b"sealed")
    html = b"Content-Type: text/html\r\n\r\n<img src='https://a.example/"
    part = b"Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n\r\n" + body
    for name, code, raw in (
        ("an image's address around CMS (EFAIL)", HOSTILE, _parts("mixed", html, part, b"\r\n'>")),
        ("CMS beside a text that hides it", HOSTILE, _parts("alternative", b"\r\nDear all", part)),
        ("a signature beside what it signs", HOSTILE, _parts("signed", b"\r\nDear all", part)),
        ("a message in a message", HOSTILE, b"Content-Type: message/rfc822\r\n\r\n" + sealed),
        ("two types", HOSTILE, b"Content-Type: text/html\r\n" + sealed),
        ("two encodings", HOSTILE, b"Content-Transfer-Encoding: 7bit\r\n" + sealed),
        ("two senders", HOSTILE, b"From: a@b.example\r\n" + sealed),
        ("CMS that is not of base64 alone", MALFORMED, sealed.replace(body, body[:4] + b"$" + body[4:])),
        ("a report of nested parts", HOSTILE, _nested()),
    ):
        yield Entry(sort="MIME tricks", name=name, reader="mail", code=code, make=lambda raw=raw: raw)


def _parts(subtype: str, *parts: bytes) -> bytes:
    head = f'Message-ID: <1@mail.example>\r\nContent-Type: multipart/{subtype}; boundary="b"\r\n'.encode()
    return head + b"".join(b"\r\n--b\r\n" + part for part in parts) + b"\r\n--b--\r\n"


def _nested() -> bytes:
    return b"".join(
        b"Content-Type: multipart/report; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(500)
    )


def signatures() -> Iterator[Entry]:
    """Yield what is not signed, or signs something else than what is read."""
    signed = "CMS, encrypted for us"
    for sort, name, reader, code, make in (
        ("stripped signatures", "CMS without its signature", signed, "signature-missing", _stripped),
        ("stripped signatures", "CMS of plain data", signed, "signature-missing", _plain),
        ("stripped signatures", "CMS without its content", signed, "signature-missing", _detached),
        ("stripped signatures", "a document in clear", "CMS", "decryption-failed", lambda: b"{}"),
        ("stripped signatures", "a receipt", "receipt", "signature-missing", _unsigned),
        ("signature wrapping", "CMS that is signed in CMS", signed, "signature-invalid", _wrapped),
        ("signature wrapping", "other content beside the signed", signed, "signature-invalid", _replaced),
        (
            "signature wrapping",
            "XML with its own signature",
            "CMS",
            "decryption-failed",
            _signed_xml,
        ),
        ("signature wrapping", "a list in a list", "courier bundle, signed", "document-invalid", _in_itself),
    ):
        yield Entry(sort=sort, name=name, reader=reader, code=code, make=make)


def _structure() -> Any:
    return asn1.ContentInfo.load(honest("CMS, encrypted for us"))


def _stripped() -> bytes:
    structure = _structure()
    structure["content"]["signer_infos"] = asn1.SignerInfos([])
    return bytes(structure.dump(force=True))


def _plain() -> bytes:
    content = core.OctetString(_structure()["content"]["encap_content_info"]["content"].native)
    return bytes(asn1.ContentInfo({"content_type": "data", "content": content}).dump())


def _detached() -> bytes:
    structure = _structure()
    structure["content"]["encap_content_info"] = {"content_type": "data"}
    return bytes(structure.dump(force=True))


def _wrapped() -> bytes:
    """Sign what is signed, and say so: only what the outer structure says of its content is changed."""
    row = smime.SAID["accept"][0]
    us, them = smime._party(row["us"]), smime._party(row["them"])
    inner, at = honest("CMS, encrypted for us"), datetime.fromisoformat(smime.SAID["at"])
    outer = sign(inner, key=them.key, certificate=them.certificate, recipients=[us.certificate], at=at)
    return outer.replace(_DATA, _DATA[:-1] + b"\x02", 1)


def _replaced() -> bytes:
    structure = _structure()
    structure["content"]["encap_content_info"] = {"content_type": "data", "content": b"another document"}
    return bytes(structure.dump(force=True))


def signed_xml(reader: str) -> bytes:
    """Return an honest document with a signature of its own in it."""
    document = honest(reader)
    place = document.rindex(b"</")
    return document[:place] + SIGNATURE + document[place:]


def _signed_xml() -> bytes:
    return signed_xml("dialect cis_atc")


def _unsigned() -> bytes:
    receipt = json.loads(honest("receipt"))
    return json.dumps({**receipt, "signatures": []}).encode()


def _in_itself() -> bytes:
    listed = json.loads(honest("courier bundle, signed"))
    return canonical({**listed, "bundle": listed})
