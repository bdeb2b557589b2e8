"""A hub's leaf from a foreign certificate authority: asked for with a request, installed with its chain.

tls-foreign-next.pem  the keys of the requests that are out, the newest last (PKCS #8, encrypted)
tls-foreign.pem       the authorities above the present leaf, its issuer before the others
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from hub.errors import Refused
from hub.federation.authorities import TlsCard, key_pin
from hub.federation.names import agency_uri
from keys.authority import general_name
from keys.leaf import TlsFiles
from keys.sealing import write_private

_CHAIN: Final = "tls-foreign.pem"
_NEXT: Final = "tls-foreign-next.pem"
_KEY: Final = re.compile(rb"-----BEGIN [A-Z ]+-----.*?-----END [A-Z ]+-----\n", re.DOTALL)

#: As many requests are out at most: a card has room for as many pins beside the present leaf's.
REQUESTS_MAX: Final = 3


def request_leaf(
    directory: Path, tls: TlsFiles, *, agency: str, host_names: Sequence[str], again: bool = False
) -> bytes:
    """Make the key of the next leaf and return the request for it (PKCS #10 in PEM).

    Raises Refused `conflict` while one is out, but with `again`: its key is kept beside the new one, for
    the authority may answer either. Only the last REQUESTS_MAX are kept.
    """
    waiting = _waiting(directory)
    if waiting and not again:
        raise Refused(
            "conflict",
            "A request is out already, and our card pins its key: install what the authority issued for it, "
            "or make another request beside it with --again.",
        )
    key = ec.generate_private_key(ec.SECP256R1())
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(tls.password))
    names = [general_name(host) for host in host_names]
    request = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, agency)]))
        .add_extension(
            x509.SubjectAlternativeName([*names, x509.UniformResourceIdentifier(agency_uri(agency))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    write_private(directory / _NEXT, b"".join([*waiting, locked][-REQUESTS_MAX:]))
    return request.public_bytes(Encoding.PEM)


def install_leaf(directory: Path, tls: TlsFiles, leaf_pem: bytes, chain_pem: bytes, *, at: datetime) -> None:
    """Let the hub answer and call with a leaf that was asked for; `chain_pem` begins with its issuer.

    The last of the chain signs itself. Keys of other requests that are out go with it. Raises Refused
    `not-found` where no request is out, and `request-invalid` for a leaf of another key, or one that the
    chain does not lead to, or out of date.
    """
    if not (waiting := _waiting(directory)):
        raise Refused("not-found", "No request is out; `hub ca foreign-request` makes one.")
    try:
        leaf = x509.load_pem_x509_certificate(leaf_pem)
        chain = x509.load_pem_x509_certificates(chain_pem)
        for below, above in zip([leaf, *chain], [*chain, chain[-1]], strict=True):
            below.verify_directly_issued_by(above)
    except (ValueError, TypeError, IndexError, InvalidSignature):
        raise Refused(
            "request-invalid",
            "The chain does not lead from the certificate to one that signs itself.",
        ) from None
    key = next((one for one in _opened(waiting, tls) if one.public_key() == leaf.public_key()), None)
    if key is None:
        raise Refused("request-invalid", "The certificate is not for the key of a request that is out.")
    if not leaf.not_valid_before_utc <= at <= leaf.not_valid_after_utc:
        raise Refused("request-invalid", "The certificate is not valid now.")
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(tls.password))
    between = b"".join(one.public_bytes(Encoding.PEM) for one in chain[:-1])
    whole = b"".join(one.public_bytes(Encoding.PEM) for one in chain)
    # The chain first: after a crash between, the card names the new authority and the leaf is the old one,
    # until this is repeated; the key stays until the leaf is there.
    write_private(directory / _CHAIN, whole)
    write_private(tls.certificate, leaf.public_bytes(Encoding.PEM) + between + locked)
    (directory / _NEXT).unlink()


def foreign_chain(directory: Path) -> tuple[str, ...]:
    """Return the authorities above a foreign leaf (PEM), its issuer first; none for a leaf of our own."""
    path = directory / _CHAIN
    if not path.exists():
        return ()
    return tuple(
        one.public_bytes(Encoding.PEM).decode() for one in x509.load_pem_x509_certificates(path.read_bytes())
    )


def foreign_card(directory: Path, tls: TlsFiles) -> TlsCard:
    """Return what a card says of a foreign leaf: its chain, pins, names, and where its revocation is told.

    The keys of requests that are out are pinned too, so that partners know them before one is used.
    """
    leaf = x509.load_pem_x509_certificate(tls.certificate.read_bytes())
    pins = [key_pin(leaf.public_key())]
    pins += [key_pin(key.public_key()) for key in _opened(_waiting(directory), tls)]
    found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    names = [f"uri:{uri}" for uri in found.get_values_for_type(x509.UniformResourceIdentifier)]
    names += [f"dns:{host.lower()}" for host in found.get_values_for_type(x509.DNSName)]
    return TlsCard(
        authorities=foreign_chain(directory)[1:],
        pins=tuple(dict.fromkeys(pins)),
        names=tuple(names[:4]),
        crl=_lists(leaf)[:4],
        ocsp=_responders(leaf)[:4],
    )


def _lists(leaf: x509.Certificate) -> tuple[str, ...]:
    try:
        points = leaf.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except x509.ExtensionNotFound:
        return ()
    names = [name.value for point in points for name in point.full_name or ()]
    return tuple(name for name in names if name.startswith(("http://", "https://")))


def _responders(leaf: x509.Certificate) -> tuple[str, ...]:
    try:
        access = leaf.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return ()
    found = [one for one in access if one.access_method == AuthorityInformationAccessOID.OCSP]
    names = [one.access_location.value for one in found]
    return tuple(name for name in names if name.startswith(("http://", "https://")))


def _waiting(directory: Path) -> Sequence[bytes]:
    """Return the keys of the requests that are out, each encrypted."""
    path = directory / _NEXT
    return _KEY.findall(path.read_bytes()) if path.exists() else []


def _opened(waiting: Sequence[bytes], tls: TlsFiles) -> Sequence[ec.EllipticCurvePrivateKey]:
    keys = [load_pem_private_key(locked, tls.password) for locked in waiting]
    return [key for key in keys if isinstance(key, ec.EllipticCurvePrivateKey)]
