"""What a card says of an agency's TLS: its authorities, and for a foreign one how its very leaf is known.

An authority of our making can only issue for its own agency, so its name is pin enough. A foreign one (a
government's, shared by several agencies) issues for others too: its agencies are told apart by the keys
of their leaves and by one name in them, both pinned with the card.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from hub.envelope.encoding import members, texts_of
from hub.federation.names import AUTHORITY_COMMON_NAME, authority_name

#: Old and new while one is exchanged for the other, or a foreign issuer with what stands above it.
_MORE_MAX: Final = 4
_PINS_MAX: Final = 4
_URLS_MAX: Final = 4
_URL_MAX: Final = 500
_PIN: Final = re.compile(r"[0-9a-f]{64}")
_NAME: Final = re.compile(r"(dns|uri):[\x21-\x7e]{1,250}")
_LISTS: Final = frozenset({"authorities", "crl", "names", "ocsp", "pins"})
_RSA_BITS_MIN: Final = 2048


@dataclass(frozen=True, kw_only=True)
class TlsCard:
    """What a card may add to its one TLS authority.

    `authorities` are further ones (PEM): the next or the last of our making, or those above a foreign
    issuer. `pins` are SHA-256 digests (lowercase hex) of the SubjectPublicKeyInfo of its leaves, `names` what
    a leaf must be made out to, `dns:HOST` or `uri:URI`: both there for a foreign authority, and only then.
    `crl` and `ocsp` are where its authorities say what they revoked.
    """

    authorities: tuple[str, ...] = ()
    pins: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    crl: tuple[str, ...] = ()
    ocsp: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for what, found, most in (
            ("authorities", self.authorities, _MORE_MAX),
            ("pins", self.pins, _PINS_MAX),
            ("names", self.names, _PINS_MAX),
            ("crl", self.crl, _URLS_MAX),
            ("ocsp", self.ocsp, _URLS_MAX),
        ):
            if len(found) > most or len(set(found)) != len(found):
                raise ValueError(f"its tls {what} are not at most {most} different ones")
        if any(not _PIN.fullmatch(pin) for pin in self.pins):
            raise ValueError("a tls pin on it is not a SHA-256 in lowercase hex")
        if any(not _NAME.fullmatch(name) for name in self.names):
            raise ValueError("a tls name on it is not dns:HOST or uri:URI")
        for url in (*self.crl, *self.ocsp):
            check_revocation_url(url)

    @property
    def publishes(self) -> bool:
        """Tell whether its authorities say anywhere what they revoked."""
        return bool(self.crl or self.ocsp)

    def as_document(self) -> dict[str, object]:
        """Return what stands on the card, without what is empty."""
        return {name: list(held) for name in sorted(_LISTS) if (held := getattr(self, name))}

    @classmethod
    def from_document(cls, said: object) -> TlsCard:
        """Return what stands on a card; raise ValueError for anything else."""
        if not isinstance(said, Mapping) or not said:
            raise ValueError("its tls member is not an object with something in it")
        told = members(said, frozenset(), _LISTS)
        return cls(**{name: tuple(texts_of(told, name)) for name in told})


def check_revocation_url(url: str) -> None:
    """Raise ValueError unless revocation may be asked for at a url: http or https, and no credentials."""
    parts = urlsplit(url)
    if (
        len(url) > _URL_MAX
        or not url.isascii()
        or not url.isprintable()
        or " " in url
        or parts.scheme not in {"http", "https"}
        or not parts.hostname
        or parts.username is not None
        or parts.fragment
        or (parts.port is not None and parts.port < 1)
    ):
        raise ValueError("a url for revocation is not http:// or https:// with a host")


@lru_cache(maxsize=1024)
def load_authority(pem: str) -> x509.Certificate:
    """Return one PEM certificate that may issue others; raise ValueError for anything else or more."""
    authority = x509.load_pem_x509_certificate(pem.encode())
    if authority.public_bytes(Encoding.PEM).decode() != pem:
        # What follows the first certificate would be trusted with it.
        raise ValueError("its TLS authority is not one PEM certificate and nothing else")
    try:
        constraints = authority.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        raise ValueError("its TLS authority is not a certificate authority") from None
    if not constraints.ca:
        raise ValueError("its TLS authority is not a certificate authority")
    return authority


def is_foreign(pem: str) -> bool:
    """Tell whether an authority was made by others than a hub for its own agency."""
    return not _is_ours(load_authority(pem).subject)


def check_authorities(agency: str, first: str, tls: TlsCard) -> None:
    """Raise ValueError unless a card's authorities can speak for its agency and for no other.

    A shared subject could shadow another partner's authority, so those of our making carry the agency in it.
    """
    pems = (first, *tls.authorities)
    if len(set(pems)) != len(pems):
        raise ValueError("a TLS authority stands on it twice")
    foreign = is_foreign(first)
    if foreign and not (tls.pins and tls.names):
        raise ValueError(
            "its TLS authority is a foreign certificate authority, and no leaf is pinned under it"
        )
    if not foreign and (tls.pins or tls.names):
        raise ValueError("it pins leaves, although its TLS authority is its agency's own")
    for pem in pems:
        authority = load_authority(pem)
        if _is_ours(authority.subject):
            constraints = authority.extensions.get_extension_for_class(x509.BasicConstraints).value
            if foreign or authority.subject != authority_name(agency) or constraints.path_length != 0:
                raise ValueError("its TLS authority is not a certificate authority of that agency alone")
        elif not foreign:
            raise ValueError("a TLS authority on it is foreign, and its first is not")
        if foreign and not _is_strong(authority.public_key()):
            raise ValueError("the key of a TLS authority on it is too weak")


@lru_cache(maxsize=1024)
def authority_id(pem: str) -> str:
    """Return what an authority's answers are filed under: the SHA-256 of its key (lowercase hex)."""
    return key_pin(load_authority(pem).public_key())


def key_pin(key: CertificatePublicKeyTypes) -> str:
    """Return the SHA-256 of a key's SubjectPublicKeyInfo in lowercase hex (as RFC 7469 §2.4 pins keys)."""
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def clash(pinned: tuple[str, ...], fresh: tuple[str, ...]) -> bool:
    """Tell whether a fresh card's authorities could make handshakes of a pinned partner fail.

    OpenSSL looks an issuer up by its name: a look-alike, with another key or with this one and constraints
    of its own, could be found first. Another certificate for the same name and key is therefore one that the
    key itself signed, or an authority that is pinned too.
    """
    held = [load_authority(pem) for pem in pinned]
    for one in map(load_authority, fresh):
        alike = [known for known in held if known.subject == one.subject and known != one]
        if any(known.public_key() != one.public_key() for known in alike):
            return True
        if alike and not any(_issued(one, above) for above in (one, *held)):
            return True
    return False


def _issued(one: x509.Certificate, above: x509.Certificate) -> bool:
    try:
        one.verify_directly_issued_by(above)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _is_ours(name: x509.Name) -> bool:
    common = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return len(common) == 1 and common[0].value == AUTHORITY_COMMON_NAME


def _is_strong(key: object) -> bool:
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size >= _RSA_BITS_MIN
    return isinstance(key, ec.EllipticCurvePublicKey) and key.key_size >= 256
