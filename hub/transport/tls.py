"""TLS contexts: version 1.3 alone, and trust that is pinned, never the system's."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol


class TlsIdentity(Protocol):
    """The hub's leaf with its encrypted key in one file, what opens the key, and the authority above it."""

    @property
    def certificate(self) -> Path: ...
    @property
    def password(self) -> bytes: ...
    @property
    def authority_pem(self) -> str: ...


class HasTls(Protocol):
    """A keyring that can say with which leaf the hub answers and calls."""

    def tls_files(self) -> TlsIdentity: ...


def server_context(identity: TlsIdentity, authorities: Iterable[str]) -> ssl.SSLContext:
    """Return a context for those who call: a certificate may be absent, but never one that is not pinned.

    No certificate is the officers' case, and the application's to refuse. Sessions are not resumed: a
    resumed one would skip the check of a certificate that may have been withdrawn meanwhile.
    """
    context = _context(ssl.PROTOCOL_TLS_SERVER, identity, authorities)
    context.verify_mode = ssl.CERT_OPTIONAL
    context.num_tickets = 0
    return context


def client_context(identity: TlsIdentity, authorities: Iterable[str]) -> ssl.SSLContext:
    """Return a context to call the one agency whose authorities are given.

    Host names are not compared: the caller checks whose leaf it is, by what is pinned for that agency.
    """
    context = _context(ssl.PROTOCOL_TLS_CLIENT, identity, authorities)
    context.check_hostname = False
    return context


def _context(protocol: int, identity: TlsIdentity, authorities: Iterable[str]) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    context.load_cert_chain(identity.certificate, password=identity.password)
    context.load_verify_locations(cadata="\n".join(authorities))
    return context
