"""What a leaf and our card say of the authority above it."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from hub.config import Config
from hub.federation.authorities import TlsCard
from keys.authorities import HeldAuthority
from keys.authority import crl_url
from keys.foreign import foreign_card, foreign_chain
from keys.keyring import FileKeyring


def leaf_authority(keyring: FileKeyring) -> str:
    """Return the authority above our leaf (PEM): a foreign one, or our own."""
    chain = foreign_chain(keyring.directory)
    return chain[0] if chain else keyring.tls_files().authority_pem


def tls_card(keyring: FileKeyring, config: Config) -> TlsCard:
    """Return what our card adds to its authority: those exchanged with it, pins, and where CRLs are."""
    if foreign_chain(keyring.directory):
        return foreign_card(keyring.directory, keyring.tls_files())
    held = keyring.authorities()
    base = config.revocation_base
    return TlsCard(
        authorities=tuple(one.pem for one in held[1:]),
        crl=tuple(crl_url(base, one.certificate) for one in held) if base else (),
    )


def pem_of(der: bytes) -> bytes:
    """Return a certificate as PEM."""
    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)


def host_names_of(leaf: x509.Certificate) -> list[str]:
    """Return the names and addresses that a leaf is made out to."""
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = map(str, names.get_values_for_type(x509.IPAddress))
    return [*names.get_values_for_type(x509.DNSName), *addresses]


def is_issued_by(leaf: x509.Certificate, held: HeldAuthority) -> bool:
    """Tell whether a leaf names an authority's key as its issuer's."""
    wanted = held.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    try:
        named = leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    except x509.ExtensionNotFound:
        return False
    return named == wanted
