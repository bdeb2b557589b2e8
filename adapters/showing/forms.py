"""What partners without a hub sent and answered, read again as evidence: `hub.evidence.partners.Forms`.

Nothing here has a key of ours: what was encrypted for us is opened by the one key that the evidence shows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any, Final, TypeVar

from cryptography import x509

from adapters import registry
from adapters.carriers.as4.names import message_id
from adapters.carriers.as4.sealing import compress
from adapters.carriers.as4.signals import Failure, read_kept
from adapters.carriers.verdicts import read_verdict
from adapters.completing import completed
from adapters.contract import Adapter, PartnerReceipt
from adapters.profiles import flag, parse_profile, text
from adapters.reading import bounded
from adapters.seals.smime.encrypting import decrypt_with_key
from adapters.seals.smime.pins import Pins, fingerprint, is_end
from adapters.seals.smime.verifying import content_of, verify
from adapters.showing.names import names_in_carrier, names_in_seal, table_of
from hub.errors import HubError, IntegrityFailure
from hub.evidence.partners import Asked, Signer, Uncovered, Word

_BOUNCE: Final = re.compile(rb"[245]\.\d{1,3}\.\d{1,3}")
_ACCEPTED: Final = "accepted"
_REFUSED: Final = "refused"
_Result = TypeVar("_Result")


class PartnerForms:
    """Implements `hub.evidence.partners.Forms` for the seals, carriers and dialects that are here."""

    def seal_names(self, agency: str, source: str) -> frozenset[str]:
        """Return the names of the certificates that may sign what the partner sends."""
        return names_in_seal(agency, parse_profile(source))

    def receipt_names(self, agency: str, source: str) -> frozenset[str]:
        """Return the names of the certificates that may sign its receipts."""
        return names_in_carrier(agency, parse_profile(source))

    def word(self, asked: Asked, raw: bytes) -> Word | None:
        """Return what a receipt says of a parcel, and who signed it; None for a carrier not known here."""
        table = table_of(parse_profile(asked.source), "carrier")
        read = _CARRIERS.get(str(table.get("name")))
        return None if read is None else _theirs(lambda: read(asked, table, raw), "receipt-invalid")

    def uncover(self, asked: Asked, key: bytes | None, *, signed: bool) -> Uncovered | None:
        """Return the document in a parcel, where `signed` with who signed it; None for a seal not known."""
        if asked.content is None:
            return None
        table = table_of(parse_profile(asked.source), "seal")
        if not table:
            return Uncovered(document=asked.content, sealed=False)
        name = table.get("name")
        if name not in ("smime", "smime-gost") or key is None:
            return None
        content = asked.content
        return _theirs(
            lambda: _uncovered(asked, table, content, key, signed=signed, gost=name == "smime-gost"),
            "decryption-failed",
        )

    def translate(self, source: str, record: Mapping[str, Any]) -> bytes | None:
        """Return the document that a record makes in the profile's format here."""
        try:
            return _theirs(lambda: _adapter(source).dialect.translate(record).document, "document-invalid")
        except HubError:
            return None  # the adapter is not here, or is another one by now: it proves nothing then

    def interpret(
        self, agency: str, source: str, document: bytes, *, record_id: str, at: str, version: int
    ) -> Mapping[str, object] | None:
        """Return the record that a document says, with what the profile decides."""

        def read() -> Mapping[str, object]:
            decides = parse_profile(source).get("decides", {})
            adapter = _adapter(source)
            said = adapter.dialect.interpret(bounded(document, adapter.max_document_bytes))
            return completed(said, decides, agency, record_id=record_id, at=at, version=version)[0]

        try:
            return _theirs(read, "document-invalid")
        except HubError:
            return None  # as above


def _adapter(source: str) -> Adapter:
    options = {
        name: value
        for name, value in parse_profile(source).items()
        if name not in ("adapter", "seal", "carrier", "receipts")
    }
    return registry.make(text(parse_profile(source), "adapter", default=""), options)


def _theirs(read: Callable[[], _Result], code: str) -> _Result:
    """Read what may be hostile: whatever a reader makes of it, it does not hold."""
    try:
        return read()
    except HubError:
        raise
    except Exception as error:
        raise IntegrityFailure(code, f"It cannot be read ({type(error).__name__}).") from error


def _uncovered(
    asked: Asked, table: Mapping[str, Any], content: bytes, key: bytes, *, signed: bool, gost: bool
) -> Uncovered:
    opened = decrypt_with_key(content, key)
    if not signed:
        inner = content_of(opened)
        return Uncovered(document=content_of(inner) if gost else inner, sealed=True)
    found = verify(opened, pins=_pins(asked, table), us=None, at=asked.at)
    bound = flag(table, "recipient_bound", default=True)
    return Uncovered(
        document=content_of(found.content) if gost else found.content,
        sealed=True,
        signer=_signer(found.signer, "CMS"),
        meant_for=found.meant_for if bound else None,
        unchecked="GOST" if gost else "",
    )


def _pins(asked: Asked, table: Mapping[str, Any]) -> Pins:
    theirs = asked.certificates.get(text(table, "their_certificates", default=asked.them), ())
    authorities: Sequence[x509.Certificate] = ()
    if "their_authorities" in table:
        authorities = asked.certificates.get(text(table, "their_authorities", default=""), ())
    return Pins(
        ends=[*theirs[:1], *filter(is_end, theirs[1:])],
        authorities=authorities,
        subject=text(table, "their_subject", default="") if "their_subject" in table else None,
    )


def _signer(certificate: x509.Certificate, form: str) -> Signer:
    return Signer(
        subject=certificate.subject.rfc4514_string(),
        fingerprint=fingerprint(certificate).hex(),
        form=form,
    )


def _laid(asked: Asked, _table: Mapping[str, Any], raw: bytes) -> Word:
    """Read a receipt of canonical JSON, which nobody signed."""
    return _said(asked, read_verdict(asked.parcel_id, raw), None)


def _mailed(asked: Asked, table: Mapping[str, Any], raw: bytes) -> Word:
    """Read a signed receipt, or a mail server's status."""
    if _BOUNCE.fullmatch(raw):
        return Word(status=_REFUSED, code="delivery-failed")
    found = verify(raw, pins=_pins(asked, table), us=None, at=asked.at)
    receipt = read_verdict(asked.parcel_id, found.content)
    return _said(asked, receipt, _signer(found.signer, "CMS (S/MIME)"))


def _said(asked: Asked, receipt: PartnerReceipt | None, signer: Signer | None) -> Word:
    if receipt is None:
        raise IntegrityFailure("receipt-invalid", "It is no receipt for this parcel.")
    return Word(
        status=_ACCEPTED if receipt.verdict.taken else _REFUSED,
        code=receipt.verdict.code,
        signer=signer,
        digest=None if receipt.digest is None else receipt.digest.hex(),
    )


def _signalled(asked: Asked, _table: Mapping[str, Any], raw: bytes) -> Word:
    """Read an AS4 signal: a receipt repeats the digest of the parcel as it was compressed."""
    name = message_id(asked.parcel_id, asked.us)
    theirs = [one for each in asked.certificates.values() for one in each]
    read, repeated = read_kept(raw, about=name, theirs=theirs, at=asked.at)
    if isinstance(read, Failure):
        return Word(
            status=_REFUSED,
            code=read.code,
            signer=None if read.signer is None else _signer(read.signer, "AS4 (XML signature)"),
        )
    told = {one.uri: one.digest for one in repeated}.get(f"cid:payload-{name}")
    same = asked.content is not None and told == sha256(compress(asked.content)).digest()
    return Word(
        status=_ACCEPTED,
        signer=_signer(read.signer, "AS4 (XML signature)"),
        digest=sha256(asked.content).hexdigest() if same and asked.content is not None else None,
    )


def _told(_asked: Asked, _table: Mapping[str, Any], _raw: bytes) -> Word:
    """Take what a server said of a post, or what we noted of a collection: it says nothing by itself."""
    return Word(status="")


_CARRIERS: Final[Mapping[str, Callable[[Asked, Mapping[str, Any], bytes], Word]]] = {
    "as4": _signalled,
    "folder": _laid,
    "mail": _mailed,
    "sftp": _laid,
    "taxii": _told,
    "taxii-server": _told,
}
