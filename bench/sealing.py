"""A document's whole way at one end, in CPU: translated and sealed, opened and read.

The floor is the bare parser on the same bytes, and the bare cryptography of the same algorithms: one
signature (RSA 2048, PSS) and one encryption (OAEP, AES-256-GCM). Beside it stands pyas2lib, which signs and
encrypts the same bytes with the same sizes of keys and translates nothing (`bench/as2_bare.py`).
"""

from __future__ import annotations

import json
import secrets
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from adapters.contract import Adapter
from adapters.seals.smime import SmimeSeal
from adapters.seals.smime.pins import Pins
from hub.records.record import load_record
from hub.records.template import template

_BARE: Final = Path(__file__).with_name("as2_bare.py")
_MAX_BYTES: Final = 16 * 1024 * 1024
_OAEP: Final = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)
_PSS: Final = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)
Steps = Mapping[str, Callable[[], object]]


class Ends:
    """Two ends with an RSA key each, and the seals between them; made once, as that takes a while."""

    def __init__(self) -> None:
        self.key, self._other = (rsa.generate_private_key(65537, 2048) for _ in range(2))
        here, there = _certificate(self.key, "kz-knb"), _certificate(self._other, "cis-atc")
        self.ours = _seal(self.key, here, there)
        self.theirs = _seal(self._other, there, here)

    def sealed(self, content: bytes) -> tuple[bytes, bytes, bytes]:
        """Sign and encrypt with the primitives alone."""
        signature = self.key.sign(content, _PSS, hashes.SHA256())
        key = AESGCM.generate_key(256)
        wrapped = self._other.public_key().encrypt(key, _OAEP)
        return wrapped, AESGCM(key).encrypt(bytes(12), content, None), signature

    def opened(self, wrapped: bytes, encrypted: bytes, signature: bytes) -> bytes:
        """Decrypt and verify with the primitives alone."""
        content = AESGCM(self._other.decrypt(wrapped, _OAEP)).decrypt(bytes(12), encrypted, None)
        self.key.public_key().verify(signature, content, _PSS, hashes.SHA256())
        return content


def _certificate(key: rsa.RSAPrivateKey, name: str) -> x509.Certificate:
    now, subject = datetime.now(UTC), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    usage = x509.KeyUsage(True, False, True, False, False, False, False, False, False)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(int.from_bytes(secrets.token_bytes(8)) | 1)
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _seal(key: rsa.RSAPrivateKey, ours: x509.Certificate, theirs: x509.Certificate) -> SmimeSeal:
    pins = Pins(ends=[theirs])
    return SmimeSeal(key=key, certificate=ours, recipients=[theirs], pins=pins, max_bytes=_MAX_BYTES)


def document_of(adapter: Adapter) -> tuple[Mapping[str, Any], bytes]:
    """Return a record of the adapter's first kind, and its document."""
    kind = min(adapter.dialect.kinds, key=lambda one: one.value)
    record = dict(load_record(template(kind)).document)
    return record, adapter.dialect.translate(record).document


def steps_of(ends: Ends, adapter: Adapter, floor: Steps) -> Steps:
    """Return both ways as steps to be timed; `floor` writes and reads the same document bare."""
    record, document = document_of(adapter)
    sealed, bare = ends.ours.seal(document), ends.sealed(document)
    dialect = adapter.dialect
    return {
        "out": lambda: ends.ours.seal(dialect.translate(record).document),
        "in": lambda: dialect.interpret(ends.theirs.open(sealed).document),
        "out_floor": lambda: (floor["write_floor"](), ends.sealed(document)),
        "in_floor": lambda: (floor["read_floor"](), ends.opened(*bare)),
    }


def rates_of_peer(
    python: Path, documents: Sequence[bytes], *, seconds: float
) -> Sequence[Mapping[str, float]]:
    """Return what pyas2lib builds and parses a second of CPU, for each document."""
    with tempfile.TemporaryDirectory(prefix="bench-sealing-") as folder:
        paths = [Path(folder) / str(place) for place in range(len(documents))]
        for path, document in zip(paths, documents, strict=True):
            path.write_bytes(document)
        command = [str(python), str(_BARE), str(seconds), *map(str, paths)]
        told = subprocess.run(command, capture_output=True, text=True, check=False)
    if told.returncode != 0:
        raise SystemExit(f"pyas2lib failed: {told.stderr.strip()[-2000:]}")
    found: list[dict[str, float]] = json.loads(told.stdout)
    return found
