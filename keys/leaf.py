"""The hub's leaf with its key in one file, as TLS libraries want it: PKCS #8, encrypted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from keys.authority import Authority, issue_hub_leaf
from keys.sealing import Sealer, write_private

_LEAF_FILE: Final = "tls.pem"


@dataclass(frozen=True, kw_only=True)
class TlsFiles:
    """The file that holds the hub's leaf and its encrypted key, and what opens the key."""

    certificate: Path
    password: bytes = field(repr=False)
    authority_pem: str = field(repr=False)


def read_tls_files(directory: Path, sealer: Sealer, authority_pem: str) -> TlsFiles:
    """Return where the leaf is, and the authority that signs our members' certificates."""
    return TlsFiles(
        certificate=directory / _LEAF_FILE,
        password=_password(sealer),
        authority_pem=authority_pem,
    )


def write_leaf(
    directory: Path,
    sealer: Sealer,
    authority: Authority,
    *,
    agency: str,
    host_names: Sequence[str],
    at: datetime,
    revocation_url: str = "",
) -> None:
    """Issue a leaf for a fresh key, in the place of the one that is there."""
    key = ec.generate_private_key(ec.SECP256R1())
    leaf = issue_hub_leaf(
        authority,
        agency=agency,
        host_names=host_names,
        public_key=key.public_key(),
        at=at,
        revocation_url=revocation_url,
    )
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(_password(sealer)))
    write_private(directory / _LEAF_FILE, leaf.public_bytes(Encoding.PEM) + locked)


def _password(sealer: Sealer) -> bytes:
    with sealer.subkey("tls-leaf") as key:
        return key.hex().encode()
