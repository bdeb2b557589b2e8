"""The seal that a profile names: whose certificates, whose keys.

```toml
[seal]
name = "smime"
our_certificate = "smime"          # ours, by the name under which the hub holds it, and its key
their_certificates = "de-bka"      # theirs: what is encrypted for, and what may sign
```
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from adapters.contract import Materials, Opened
from adapters.profiles import flag, invalid, only, text, whole
from adapters.reading import bounded
from adapters.seals.smime.encrypting import decrypt, encrypt_showably, key_of
from adapters.seals.smime.pins import Pins, fingerprint, fit, is_end
from adapters.seals.smime.signing import sign
from adapters.seals.smime.verifying import Signed, verify


def _now() -> datetime:
    return datetime.now(UTC)


class SmimeSeal:
    """Sign with our key, then encrypt for the partner; open, then verify that the partner signed for us.

    `recipient_bound` asks that the signature names us; a partner whose software cannot say so is opened
    without, and then what it once signed for another can be encrypted for us by that other.
    """

    def __init__(
        self,
        *,
        key: PrivateKeyTypes,
        certificate: x509.Certificate,
        recipients: Sequence[x509.Certificate],
        pins: Pins,
        max_bytes: int,
        recipient_bound: bool = True,
        now: Callable[[], datetime] = _now,
    ) -> None:
        self._key = key
        self._certificate = certificate
        self._recipients = recipients
        self._pins = pins
        self._max_bytes = max_bytes
        self._recipient_bound = recipient_bound
        self._now = now

    def seal(self, document: bytes) -> bytes:
        """Return AuthEnvelopedData around SignedData around the document, as DER.

        Raises PeerFault `certificate-expired`, `-unfit` or `-weak` for a certificate of the partner.
        """
        return self.seal_showably(document)[0]

    def seal_showably(self, document: bytes) -> tuple[bytes, bytes]:
        """Return the same, and what opens these bytes and no others."""
        at = self._now()
        for one in self._recipients:
            fit(one, at, use=_encryption_use(one))
        signed = sign(
            document, key=self._key, certificate=self._certificate, recipients=self._recipients, at=at
        )
        return encrypt_showably(signed, recipients=self._recipients)

    def key_to(self, sealed: bytes) -> bytes:
        """Return what opens these bytes that came for us, and no others; raise `decryption-failed`."""
        return key_of(bounded(sealed, self._max_bytes), keys_of=[(self._certificate, self._key)])

    def open(self, sealed: bytes) -> Opened:
        """Open and verify. Raises IntegrityFailure `decryption-failed`, `signature-invalid` or `-missing`.

        Besides: `recipient-mismatch`, and PeerFault `certificate-expired` for a signer's certificate.
        """
        signed = self.open_signed(sealed)
        return Opened(document=signed.content, signer=named(signed.signer))

    def open_signed(self, sealed: bytes) -> Signed:
        """Open and verify, and return the signed structure as well, which proves the signer to others."""
        return self.verify_signed(
            decrypt(bounded(sealed, self._max_bytes), keys_of=[(self._certificate, self._key)])
        )

    def verify_signed(self, raw: bytes) -> Signed:
        """Verify a signed structure that was kept, as it stands now."""
        us = self._certificate if self._recipient_bound else None
        return verify(raw, pins=self._pins, us=us, at=self._now())


def named(certificate: x509.Certificate) -> str:
    """Return how a signer is told of: its subject, and its certificate's SHA-256."""
    return f"{certificate.subject.rfc4514_string()} (sha256:{fingerprint(certificate).hex()})"


def make(options: Mapping[str, Any], materials: Materials) -> SmimeSeal:
    """Make the seal between us and a partner."""
    only(
        options,
        *("our_certificate", "their_certificates", "their_authorities", "their_subject"),
        *("recipient_bound", "max_sealed_bytes"),
    )
    ours = text(options, "our_certificate", default="smime")
    certificate = materials.certificates(ours)[0]
    key = materials.private_key(ours)
    if key.public_key() != certificate.public_key():
        raise invalid(f"our_certificate: the key under {ours} is not that of its certificate")
    theirs = materials.certificates(text(options, "their_certificates", default=materials.them))
    authorities: Sequence[x509.Certificate] = ()
    subject = None
    if "their_authorities" in options:
        authorities = materials.certificates(text(options, "their_authorities", default=""))
        subject = text(options, "their_subject", default="")
    return SmimeSeal(
        key=key,
        certificate=certificate,
        recipients=theirs[:1],
        # Authorities may follow the leaf: they do not sign documents.
        pins=Pins(ends=[theirs[0], *filter(is_end, theirs[1:])], authorities=authorities, subject=subject),
        max_bytes=whole(options, "max_sealed_bytes", lowest=4096, highest=1 << 30, default=32 * 1024 * 1024),
        recipient_bound=flag(options, "recipient_bound", default=True),
    )


def _encryption_use(certificate: x509.Certificate) -> str:
    """Return the use that a recipient's certificate must be made for (RFC 8550 §4.4.2)."""
    return "key_encipherment" if isinstance(certificate.public_key(), rsa.RSAPublicKey) else "key_agreement"
