"""What AS4 costs above its bare parser and bare cryptography, and beside the PyPI package `as4`.

One payload is written as a message (compressed, signed, encrypted) and read (verified, opened, answered by a
signed receipt). The floor does the same primitives on bytes of the same sizes, and lxml's own parsing and
writing of the envelope: nothing is composed, checked or named. The peer does both in its own environment, on
the same payload and keys. All figures are per second of CPU.
"""

from __future__ import annotations

import json
import os
import tempfile
from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree

from adapters.carriers.as4.messages import pack, unpack
from adapters.carriers.as4.mime import read_parts
from adapters.carriers.as4.names import UNREGISTERED
from adapters.carriers.as4.parties import Agreed, Party
from adapters.carriers.as4.sealing import compress, decompress
from adapters.carriers.as4.signals import write_receipt
from adapters.contract import Parcel
from bench.adapters import rates
from bench.peer_as4 import PACKAGES, environment, gateway, kept

_OAEP: Final = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)
_SIGNED: Final = (padding.PKCS1v15(), hashes.SHA256())
_SERVICE, _ACTION = "urn:hub:records", "submit"


def side(name: str) -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    """Return an RSA key of 2048 bits with its certificate."""
    key, now = rsa.generate_private_key(65537, 2048), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject)
    builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=2))
    return key, builder.sign(key, hashes.SHA256())


def agreed(us: str, them: str, keys: Mapping[str, tuple[rsa.RSAPrivateKey, x509.Certificate]]) -> Agreed:
    """Return what one side agreed with the other."""
    return Agreed(
        us=Party(agency=us, party_id=us),
        them=Party(agency=them, party_id=them),
        party_type=UNREGISTERED,
        service=_SERVICE,
        service_type=None,
        action=_ACTION,
        agreement=None,
        key=keys[us][0],
        certificate=keys[us][1],
        theirs=[keys[them][1]],
        max_parcel_bytes=1 << 28,
    )


def steps(parcel: Parcel, ours: Agreed, theirs: Agreed) -> Mapping[str, Callable[[], object]]:
    """Return what is measured here, by name."""
    at = datetime.now(UTC)
    message = pack(parcel, ours, at)

    def read() -> object:
        came = unpack(*message, theirs, at)
        return write_receipt(came.message_id, came.references, theirs, at)

    return {
        "write": lambda: pack(parcel, ours, at),
        "read": read,
        **_floor(parcel.content, read_parts(*message).envelope, ours, theirs),
    }


def _floor(
    content: bytes, envelope: bytes, ours: Agreed, theirs: Agreed
) -> Mapping[str, Callable[[], object]]:
    """Return the primitives that each way cannot do without, on the same bytes."""
    packed, secret, nonce = compress(content), os.urandom(16), os.urandom(12)
    theirs_public, ours_public = theirs.key.public_key(), ours.key.public_key()
    wrapped, sealed = theirs_public.encrypt(secret, _OAEP), AESGCM(secret).encrypt(nonce, packed, None)
    root, value = etree.fromstring(envelope), ours.key.sign(envelope, *_SIGNED)

    def write() -> object:
        made = compress(content)
        sha256(made).digest()
        AESGCM(secret).encrypt(nonce, made, None)
        theirs_public.encrypt(secret, _OAEP)
        ours.key.sign(envelope, *_SIGNED)
        return etree.tostring(root)

    def read() -> object:
        etree.fromstring(envelope)
        ours_public.verify(value, envelope, *_SIGNED)
        opened = AESGCM(theirs.key.decrypt(wrapped, _OAEP)).decrypt(nonce, sealed, None)
        sha256(opened).digest()
        theirs.key.sign(envelope, *_SIGNED)
        return decompress(opened, len(content))

    return {"write_floor": write, "read_floor": read}


def peer_rates(parcel: Parcel, ours: Agreed, theirs: Agreed, *, times: int, rounds: int) -> dict[str, float]:
    """Return what the package does a second of CPU with the same payload, in the partner's place."""
    words = (theirs.us.party_id, ours.us.party_id, UNREGISTERED, _SERVICE, _ACTION)
    with tempfile.TemporaryDirectory(prefix="bench-as4-") as name:
        home = Path(name)
        clear = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (home / "ours.key").write_bytes(theirs.key.private_bytes(*clear))
        (home / "ours.crt").write_bytes(theirs.certificate.public_bytes(Encoding.PEM))
        (home / "theirs.crt").write_bytes(ours.certificate.public_bytes(Encoding.PEM))
        with gateway(environment(kept()), home, words) as peer:
            message = pack(parcel, ours, datetime.now(UTC))
            return {
                "write": times / min(peer.pack(parcel.content, times) for _ in range(rounds)),
                "read": times / min(peer.unpack(message, times) for _ in range(rounds)),
            }


def measure(size: int, *, rounds: int, seconds: float, times: int) -> dict[str, Any]:
    """Return the rates for a payload of one size, half of which does not shrink."""
    keys = {name: side(name) for name in ("kz-knb", "de-bka")}
    ours, theirs = agreed("kz-knb", "de-bka", keys), agreed("de-bka", "kz-knb", keys)
    parcel = Parcel(
        parcel_id="bench", content=os.urandom(size // 4).hex().encode() + b"x" * (size - size // 2)
    )
    found = rates(steps(parcel, ours, theirs), rounds=rounds, seconds=seconds)
    peer = peer_rates(parcel, ours, theirs, times=times, rounds=rounds)
    return {
        way: {
            "rate": round(found[way]),
            "floor_rate": round(found[f"{way}_floor"]),
            "of_floor": round(found[way] / found[f"{way}_floor"], 2),
            "peer_rate": round(peer[way]),
            "of_peer": round(found[way] / peer[way], 1),
        }
        for way in ("write", "read")
    }


def main() -> None:
    """Measure one size and print a line for each way, or JSON."""
    told = ArgumentParser(prog="python -m bench.as4", description=__doc__)
    told.add_argument("--json", action="store_true", help="print JSON")
    told.add_argument("--size", type=int, default=4096, help="bytes of a payload (default 4096)")
    told.add_argument("--rounds", type=int, default=5)
    told.add_argument("--seconds", type=float, default=0.5, help="CPU seconds a step and round")
    told.add_argument("--messages", type=int, default=50, help="messages of the peer a round (default 50)")
    options = told.parse_args()
    rows = measure(options.size, rounds=options.rounds, seconds=options.seconds, times=options.messages)
    if options.json:
        print(json.dumps({"peer": PACKAGES[0], "payload_bytes": options.size, **rows}, indent=2))
        return
    print(f"{'':8}{'messages/s':>12}{'floor':>8}{'of floor':>10}{PACKAGES[0]:>12}{'times it':>10}")
    for way, row in rows.items():
        print(
            f"{way:8}{row['rate']:>12,}{row['floor_rate']:>8,}{row['of_floor']:>10}"
            f"{row['peer_rate']:>12,}{row['of_peer']:>10}"
        )


if __name__ == "__main__":
    main()
