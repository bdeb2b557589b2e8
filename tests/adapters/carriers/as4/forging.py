"""Messages and receipts that must not be taken, each with why: by strangers, and by a dishonest partner.

Each starts from an honest one. What needs the partner's key is signed with it, so that what is behind the
signature is reached.
"""

from __future__ import annotations

import base64
import os
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from lxml import etree
from lxml.etree import _Element

from adapters.carriers.as4.messages import pack
from adapters.carriers.as4.mime import Parts, read_parts, write_parts
from adapters.carriers.as4.names import DS, EB, EBBP, EXC_C14N, RSA_SHA256, SHA256, WSSE, WSU_ID, XENC
from adapters.carriers.as4.parties import Agreed, Party
from adapters.carriers.as4.sealing import compress, encrypt
from adapters.carriers.as4.signals import write_receipt
from adapters.carriers.as4.signing import Reference, canonical_form, references_of, sign
from adapters.carriers.as4.soap import Envelope, add, new_envelope, read_envelope, tag, written
from adapters.contract import Parcel

Message = tuple[str, bytes]
PARCEL: Final = Parcel(parcel_id="p", content="Сведения ".encode() * 50)
_BOMB_BYTES: Final = 64 * 1024 * 1024
MALFORMED: Final = "partner-document-malformed"
HOSTILE: Final = "partner-document-hostile"
SEVERAL: Final = "partner-document-several"
INVALID: Final = "signature-invalid"


@dataclass(frozen=True, kw_only=True)
class Forged:
    """One message, of which sort it is, and the code that it must be refused with."""

    sort: str
    name: str
    code: str
    make: Callable[[], Message] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Forger:
    """Who sends: `theirs` is what the partner agreed with us, `stranger` has keys that are not pinned."""

    ours: Agreed
    theirs: Agreed
    stranger: Agreed
    at: datetime

    def honest(self) -> Message:
        """Return a message of the partner."""
        return pack(PARCEL, self.theirs, self.at)

    def messages(self) -> Iterator[Forged]:
        """Yield every message that is not taken."""
        yield from self._wrapped()
        yield from self._parts()
        yield from self._signatures()
        yield from self._said()
        yield from self._xml()
        yield from self._mime()

    def _wrapped(self) -> Iterator[Forged]:
        sort = "signature wrapping"

        def beside(envelope: Envelope) -> None:
            """Put another header where the signed one was, and the signed one where nobody reads it."""
            other = _another(envelope, id_of=f"id-{'0' * 8}")
            envelope.messaging.getparent().replace(envelope.messaging, other)  # type: ignore[union-attr]
            add(_security(envelope), WSSE, "Kept").append(envelope.messaging)

        def twice(envelope: Envelope) -> None:
            other = _another(envelope, id_of=str(envelope.messaging.get(WSU_ID)))
            envelope.messaging.getparent().replace(envelope.messaging, other)  # type: ignore[union-attr]
            add(_security(envelope), WSSE, "Kept").append(envelope.messaging)

        def two(envelope: Envelope) -> None:
            envelope.messaging.addprevious(_another(envelope, id_of="id-1"))

        def body(envelope: Envelope) -> None:
            add(_security(envelope), WSSE, "Kept").append(deepcopy(envelope.body))
            envelope.body.set(WSU_ID, "id-1")

        def object_of(envelope: Envelope) -> None:
            other = _another(envelope, id_of="id-1")
            envelope.messaging.getparent().replace(envelope.messaging, other)  # type: ignore[union-attr]
            add(_signature(envelope), DS, "Object").append(envelope.messaging)

        yield self._changed(sort, "the signed header elsewhere, another in its place", INVALID, beside)
        yield self._changed(sort, "two headers with the same id", HOSTILE, twice)
        yield self._changed(sort, "two headers", HOSTILE, two)
        yield self._changed(sort, "the signed body's id twice", HOSTILE, body, keep_id=True)
        yield self._changed(sort, "the signed header in the signature", MALFORMED, object_of)

    def _parts(self) -> Iterator[Forged]:
        yield Forged(
            sort="changed parts",
            name="a byte of the part changed",
            code="decryption-failed",
            make=lambda: self._rewritten(lambda parts: _flipped(parts)),
        )
        yield Forged(
            sort="changed parts",
            name="other content under the signed header",
            code=INVALID,
            make=self._replaced,
        )
        yield Forged(
            sort="changed parts",
            name="a part under another cid",
            code=MALFORMED,
            make=lambda: self._rewritten(
                lambda parts: Parts(
                    envelope=parts.envelope, attached={"cid:other@hub": next(iter(parts.attached.values()))}
                )
            ),
        )
        yield Forged(
            sort="changed parts",
            name="a header that names another cid",
            code=INVALID,
            make=lambda: self._rewritten(
                lambda parts: Parts(
                    envelope=parts.envelope.replace(b'href="cid:payload-p@', b'href="cid:payload-q@', 1),
                    attached=parts.attached,
                )
            ),
        )
        yield Forged(
            sort="changed parts",
            name="too many parts",
            code=MALFORMED,
            make=lambda: self._rewritten(
                lambda parts: Parts(
                    envelope=parts.envelope, attached={**parts.attached, "cid:more@hub": b"more"}
                )
            ),
        )
        yield Forged(
            sort="changed parts",
            name="no part",
            code=MALFORMED,
            make=lambda: self._rewritten(lambda parts: Parts(envelope=parts.envelope, attached={})),
        )
        yield Forged(
            sort="several parts",
            name="two that are signed and encrypted",
            code=SEVERAL,
            make=self._two_parts,
        )
        for name, code, times in (("no part", MALFORMED, 0), ("a part twice", SEVERAL, 2)):
            yield Forged(
                sort="changed parts",
                name=f"a header that names {name}",
                code=code,
                make=lambda times=times: self._named(times),  # type: ignore[misc]
            )
        yield self._made("changed parts", "a part that nobody signed", INVALID, signs_part=False)
        yield self._made("changed parts", "a part that is not encrypted", "decryption-failed", seals=False)
        for name, code, packed in (
            ("gzip that was cut off", MALFORMED, compress(PARCEL.content)[:-9]),
            ("something behind gzip", HOSTILE, compress(PARCEL.content) + b"more"),
            ("no gzip", MALFORMED, PARCEL.content),
        ):
            yield self._made("zip bombs", name, code, packed=packed)
        yield Forged(
            sort="zip bombs",
            name="a gzip bomb",
            code="partner-document-too-large",
            make=lambda: self._build(packed=_bomb()),
        )

    def _signatures(self) -> Iterator[Forged]:
        sort = "stripped signatures"
        yield self._changed(sort, "no signature", "signature-missing", lambda e: _drop(_signature(e)))
        yield self._changed(sort, "no security at all", "signature-missing", lambda e: _drop(_security(e)))
        yield Forged(
            sort=sort,
            name="a stranger's signature",
            code=INVALID,
            make=lambda: pack(PARCEL, self.stranger, self.at),
        )
        yield Forged(
            sort=sort,
            name="a stranger's signature under the partner's certificate",
            code=INVALID,
            make=lambda: pack(PARCEL, replace(self.stranger, certificate=self.theirs.certificate), self.at),
        )
        for name, method in (
            ("HMAC", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"),
            ("SHA-1", "http://www.w3.org/2000/09/xmldsig#rsa-sha1"),
            ("none", ""),
        ):
            change = _swap(RSA_SHA256, method)
            yield self._bytes("weak algorithms", f"a signature by {name}", INVALID, change)
        digest = _swap(f'DigestMethod Algorithm="{SHA256}"', f'DigestMethod Algorithm="{DS}sha1"')
        yield self._bytes("weak algorithms", "digests by SHA-1", INVALID, digest, signs=True)
        inclusive = _swap("2001/10/xml-exc-c14n#", "TR/2001/REC-xml-c14n-20010315")
        yield self._bytes("weak algorithms", "inclusive canonical XML", INVALID, inclusive)
        oaep = _swap("2009/xmlenc11#rsa-oaep", "2001/04/xmlenc#rsa-1_5")
        yield self._bytes("weak algorithms", "RSA PKCS#1 v1.5", "decryption-failed", oaep)
        cbc = _swap("2009/xmlenc11#aes128-gcm", "2001/04/xmlenc#aes128-cbc")
        yield self._bytes("weak algorithms", "AES-CBC", "decryption-failed", cbc)

        for sort, name, transform in (
            ("XSLT", "a stylesheet", "http://www.w3.org/TR/1999/REC-xslt-19991116"),
            ("signature wrapping", "a path", "http://www.w3.org/TR/1999/REC-xpath-19991116"),
        ):
            more = _swap(
                "</ds:Transforms><ds:Dig", f'<ds:Transform Algorithm="{transform}"/></ds:Transforms><ds:Dig'
            )
            yield self._bytes(sort, f"{name} among transforms", INVALID, more, signs=True)
            instead = _swap(f'Transform Algorithm="{EXC_C14N}"', f'Transform Algorithm="{transform}"')
            yield self._bytes(sort, f"{name} instead of the canonical form", INVALID, instead, signs=True)
        twice = _swap("</ds:SignedInfo>", '<ds:Reference URI="cid:payload-p@de-bka"/></ds:SignedInfo>')
        yield self._bytes("signature wrapping", "a reference that says nothing", MALFORMED, twice, signs=True)

    def _said(self) -> Iterator[Forged]:
        sort = "others' messages"
        other = Party(agency="xx-other", party_id="xx-other")
        yield self._agreed(
            sort, "signed by the partner for another", "recipient-mismatch", us=None, them=other
        )
        yield self._agreed(sort, "signed by the partner, from another", "originator-mismatch", us=other)
        yield self._agreed(sort, "another service", MALFORMED, service="urn:other")
        yield self._agreed(sort, "another action", MALFORMED, action="other")
        header = _swap("<eb:Action>submit", "<eb:Action>delete")
        yield self._bytes(sort, "a header that was changed on the way", INVALID, header)

    def _xml(self) -> Iterator[Forged]:
        laughs = "".join(
            f'<!ENTITY {two} "{f"&{one};" * 10}">' for one, two in zip("abcdefgh", "bcdefghi", strict=True)
        )
        for sort, name, prolog in (
            ("entities", "an entity", '<!DOCTYPE x [<!ENTITY a "b">]>'),
            ("external references", "a file", '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'),
            ("billion laughs", "a billion laughs", f'<!DOCTYPE x [<!ENTITY a "ha">{laughs}]>'),
        ):
            yield self._bytes(sort, name, HOSTILE, _swap("<env:Envelope", f"{prolog}<env:Envelope"))
        instruction = _swap("<env:Body", "<?run it?><env:Body")
        yield self._bytes("entities", "a processing instruction", HOSTILE, instruction)
        deep = _swap("<eb:Action>", "<a>" * 100 + "</a>" * 100 + "<eb:Action>")
        yield self._bytes("deep nesting", "elements in elements", HOSTILE, deep)
        large = _swap("<eb:Action>", f"<eb:Action><!--{'x' * 300_000}-->")
        yield self._bytes("endless documents", "a header without end", "partner-document-too-large", large)

    def _mime(self) -> Iterator[Forged]:
        for name, code, old, new in (
            ("something before the first part", HOSTILE, b"--part-", b"hello\r\n--part-"),
            ("a header twice", HOSTILE, b"Content-ID: <p", b"Content-ID: <q@x>\r\nContent-ID: <p"),
            ("a part in base64", MALFORMED, b"Encoding: binary", b"Encoding: base64"),
            ("no Content-ID", MALFORMED, b"Content-ID: <payload", b"X-Content-ID: <payload"),
            ("no closing delimiter", MALFORMED, b"--\r\n", b"\r\n"),
        ):

            def make(old: bytes = old, new: bytes = new) -> Message:
                media, body = self.honest()
                before, found, after = body.rpartition(old) if old == b"--\r\n" else body.partition(old)
                assert found
                return media, before + new + after

            yield Forged(sort="MIME tricks", name=name, code=code, make=make)
        yield Forged(
            sort="MIME tricks", name="no parts", code=MALFORMED, make=lambda: (self.honest()[0], b"hello")
        )
        yield Forged(
            sort="MIME tricks",
            name="another type",
            code=MALFORMED,
            make=lambda: (self.honest()[0].replace("related", "mixed"), self.honest()[1]),
        )

    def _changed(
        self, sort: str, name: str, code: str, change: Callable[[Envelope], None], *, keep_id: bool = False
    ) -> Forged:
        def make() -> Message:
            media, body = self.honest()
            parts = read_parts(media, body)
            envelope = read_envelope(parts.envelope)
            change(envelope)
            if keep_id:
                envelope.body.set(WSU_ID, str(envelope.messaging.get(WSU_ID)))
            return write_parts(etree.tostring(envelope.root), parts.attached)

        return Forged(sort=sort, name=name, code=code, make=make)

    def _bytes(
        self, sort: str, name: str, code: str, change: Callable[[bytes], bytes], *, signs: bool = False
    ) -> Forged:
        def make() -> Message:
            parts = read_parts(*self.honest())
            changed = change(parts.envelope)
            return write_parts(self._signed_anew(changed) if signs else changed, parts.attached)

        return Forged(sort=sort, name=name, code=code, make=make)

    def _agreed(self, sort: str, name: str, code: str, **others: object) -> Forged:
        told = {name: value for name, value in others.items() if value is not None}

        def make() -> Message:
            if isinstance(party := told.get("us"), Party):
                told["us"] = replace(party, agency=self.theirs.us.agency)
            return pack(PARCEL, replace(self.theirs, **told), self.at)  # type: ignore[arg-type]

        return Forged(sort=sort, name=name, code=code, make=make)

    def _made(
        self,
        sort: str,
        name: str,
        code: str,
        *,
        packed: bytes | None = None,
        signs_part: bool = True,
        seals: bool = True,
    ) -> Forged:
        return Forged(
            sort=sort,
            name=name,
            code=code,
            make=lambda: self._build(packed=packed, signs_part=signs_part, seals=seals),
        )

    def _signed_anew(self, raw: bytes) -> bytes:
        """Let the partner sign what SignedInfo says now, whatever that is."""
        envelope = read_envelope(raw)
        info, value, _ = _signature(envelope)
        made = self.theirs.key.sign(canonical_form(info), padding.PKCS1v15(), hashes.SHA256())
        value.text = base64.b64encode(made).decode()
        return etree.tostring(envelope.root)

    def inclusive(self, prefixes: Sequence[str]) -> Message:
        """Return an honest message whose canonical forms count prefixes in, as WSS4J writes them."""
        parts = read_parts(*self.honest())
        envelope = read_envelope(parts.envelope)
        info, value, _ = _signature(envelope)
        named = {"PrefixList": " ".join(prefixes)}
        add(info[0], EXC_C14N, "InclusiveNamespaces", **named)
        for element, reference in zip((envelope.messaging, envelope.body), info[2:4], strict=True):
            add(reference[0][0], EXC_C14N, "InclusiveNamespaces", **named)
            reference[2].text = base64.b64encode(sha256(canonical_form(element, prefixes)).digest()).decode()
        over = canonical_form(info, prefixes)
        value.text = base64.b64encode(
            self.theirs.key.sign(over, padding.PKCS1v15(), hashes.SHA256())
        ).decode()
        return write_parts(etree.tostring(envelope.root), parts.attached)

    def _rewritten(self, change: Callable[[Parts], Parts]) -> Message:
        changed = change(read_parts(*self.honest()))
        return write_parts(changed.envelope, changed.attached)

    def _replaced(self) -> Message:
        """Encrypt other content with a key of one's own, which anybody can, and leave the signature."""
        parts = read_parts(*self.honest())
        envelope = read_envelope(parts.envelope)
        security = _security(envelope)
        for name in ("EncryptedKey", "EncryptedData"):
            for one in list(security.iterchildren(tag(XENC, name))):
                security.remove(one)
        sealed = encrypt(
            security, {uri: compress(b"other content") for uri in parts.attached}, self.ours.certificate
        )
        return write_parts(etree.tostring(envelope.root), sealed)

    def _named(self, times: int) -> Message:
        """Return a message whose header names its part some times, signed by the partner."""
        messaging = read_envelope(read_parts(*self.honest()).envelope).messaging
        part = next(messaging.iter(tag(EB, "PartInfo")))
        payload = part.getparent()
        assert payload is not None
        payload[:] = [deepcopy(part) for _ in range(times)]
        return self.signed(messaging, {f"cid:payload-{PARCEL.parcel_id}@de-bka": compress(PARCEL.content)})

    def _two_parts(self) -> Message:
        """Return what an honest gateway sends for a document and its annex."""
        messaging = read_envelope(read_parts(*self.honest()).envelope).messaging
        part = next(messaging.iter(tag(EB, "PartInfo")))
        annex = deepcopy(part)
        annex.set("href", "cid:annex-p@de-bka")
        part.addnext(annex)
        packed = compress(PARCEL.content)
        return self.signed(messaging, {str(part.get("href")): packed, "cid:annex-p@de-bka": packed})

    def packed(self, raw: bytes) -> Message:
        """Return a message with bytes of any sort as its compressed part, signed by the partner."""
        return self._build(packed=raw)

    def _build(self, *, packed: bytes | None = None, signs_part: bool = True, seals: bool = True) -> Message:
        """Return a message that the partner signed, of parts as they are given."""
        parts = read_parts(*self.honest())
        (uri,) = parts.attached
        made = {uri: compress(PARCEL.content) if packed is None else packed}
        messaging = read_envelope(parts.envelope).messaging
        return self.signed(messaging, made, signs_part=signs_part, seals=seals)

    def signed(
        self,
        messaging: _Element,
        made: Mapping[str, bytes],
        *,
        signs_part: bool = True,
        seals: bool = True,
    ) -> Message:
        """Return a message with a header and parts that the partner signed."""
        root, header, body = new_envelope()
        security = add(header, WSSE, "Security")
        header.append(messaging)
        sealed = encrypt(security, made, self.ours.certificate) if seals else made
        envelope = Envelope(root=root, messaging=messaging, security=security, body=body)
        sign(
            envelope,
            made if signs_part else {},
            key=self.theirs.key,
            certificate=self.theirs.certificate,
        )
        return write_parts(written(root), sealed)


@dataclass(frozen=True, kw_only=True)
class ForgedReceipt:
    """An answer to a message of ours that proves nothing, and why."""

    name: str
    code: str
    raw: bytes = field(repr=False)


def receipts(forger: Forger, sent: Message) -> Iterator[ForgedReceipt]:
    """Yield what may come back for a message of ours and is no receipt for it."""
    ours, theirs, at = forger.ours, forger.theirs, forger.at
    about = f"p@{ours.us.agency}"
    references = references_of(read_envelope(read_parts(*sent).envelope))
    first, *others = references
    changed = Reference(uri=first.uri, digest=os.urandom(32))
    renamed = Reference(uri="cid:other@hub", digest=references[-1].digest)

    def made(name: str, *repeated: Reference, to: str = about, by: Agreed = theirs) -> ForgedReceipt:
        return ForgedReceipt(name=name, code="receipt-invalid", raw=write_receipt(to, repeated, by, at))

    yield made("a digest that differs", changed, *others)
    yield made("a digest that is missing", *others)
    yield made("a digest too many", *references, Reference(uri="#more", digest=first.digest))
    yield made("a digest twice", *references, first)
    yield made("a digest of another part", *references[:-1], renamed)
    yield made("no digests")
    yield made("a receipt for another message", *references, to="q@kz-knb")
    yield replace(made("a stranger's receipt", *references, by=forger.stranger), code=INVALID)
    yield replace(made("a receipt of our own", *references, by=ours), code=INVALID)
    honest = write_receipt(about, references, theirs, at)
    envelope = read_envelope(honest)
    _drop(_signature(envelope))
    yield ForgedReceipt(
        name="a receipt without its signature", code="signature-missing", raw=etree.tostring(envelope.root)
    )
    digest, other = (base64.b64encode(one) for one in (first.digest, changed.digest))
    yield ForgedReceipt(
        name="a receipt that was changed on the way", code=INVALID, raw=honest.replace(digest, other, 1)
    )
    envelope = read_envelope(honest)
    information = next(envelope.messaging.iter(tag(EBBP, "NonRepudiationInformation")))
    information.getparent().remove(information)  # type: ignore[union-attr]
    envelope = _resigned(envelope, theirs)
    yield ForgedReceipt(
        name="a receipt that repeats nothing", code="receipt-invalid", raw=written(envelope.root)
    )
    yield ForgedReceipt(
        name="an entity", code=HOSTILE, raw=b'<!DOCTYPE x [<!ENTITY a "b">]>' + etree.tostring(envelope.root)
    )


def _resigned(envelope: Envelope, by: Agreed) -> Envelope:
    for one in list(_security(envelope)):
        _security(envelope).remove(one)
    sign(envelope, {}, key=by.key, certificate=by.certificate)
    return envelope


def _another(envelope: Envelope, *, id_of: str) -> _Element:
    other = deepcopy(envelope.messaging)
    other.set(WSU_ID, id_of)
    for one in other.iter(tag(EB, "Action")):
        one.text = "delete"
    return other


def _security(envelope: Envelope) -> _Element:
    assert envelope.security is not None
    return envelope.security


def _signature(envelope: Envelope) -> _Element:
    return next(_security(envelope).iterchildren(tag(DS, "Signature")))


def _drop(element: _Element) -> None:
    parent = element.getparent()
    assert parent is not None
    parent.remove(element)


def _swap(old: str, new: str) -> Callable[[bytes], bytes]:
    def change(raw: bytes) -> bytes:
        assert old.encode() in raw, old
        return raw.replace(old.encode(), new.encode())

    return change


def _flipped(parts: Parts) -> Parts:
    changed = {uri: bytes((*raw[:40], raw[40] ^ 1, *raw[41:])) for uri, raw in parts.attached.items()}
    return Parts(envelope=parts.envelope, attached=changed)


def _bomb() -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    made = [packer.compress(bytes(1 << 20)) for _ in range(_BOMB_BYTES >> 20)]
    return b"".join([*made, packer.flush()])
