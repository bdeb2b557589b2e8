"""Write tests/vectors/smime/vectors.json: documents that open, and others with the code that refuses them.

Run as `python -m tests.adapters.seals.write_vectors`. Keys are drawn anew, so every byte changes: only when
the seal is meant to change.
"""

from __future__ import annotations

import json
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from asn1crypto import cms
from cryptography.hazmat.primitives import serialization

from adapters.seals.smime.encrypting import encrypt
from adapters.seals.smime.signing import sign
from tests.adapters.seals.parties import NOW, Party, ec_key, key_pem, party, rsa_key

VECTORS: Final = Path(__file__).parents[2] / "vectors" / "smime" / "vectors.json"
_DOCUMENT: Final = "Сведения о террористической организации".encode()
_OAEP: Final = ("-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256")
_ECDH: Final = ("-keyopt", "ecdh_kdf_md:sha256")


def _parties() -> dict[str, Party]:
    old = {"since": datetime(2020, 1, 1, tzinfo=UTC), "until": datetime(2021, 1, 1, tzinfo=UTC)}
    return {
        "ec-us": party("ec-us", ec_key()),
        "rsa-us": party("rsa-us", rsa_key()),
        "ec-them": party("ec-them", ec_key()),
        "rsa-them": party("rsa-them", rsa_key()),
        "expired": party("expired", ec_key(), **old),
        "stranger": party("stranger", ec_key()),
    }


def _openssl(folder: Path, *told: str) -> None:
    subprocess.run(["openssl", "cms", *told], cwd=folder, check=True, capture_output=True)


def _by_openssl(signer: Party, us: Party, *wrapping: str, cipher: str = "-aes-256-gcm") -> bytes:
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "in").write_bytes(_DOCUMENT)
        signer.write(folder)
        us.write(folder)
        sealing = ("-signer", f"{signer.name}.crt", "-inkey", f"{signer.name}.key", "-md", "sha256")
        _openssl(
            folder, "-sign", "-binary", "-nodetach", *sealing, "-in", "in", "-outform", "DER", "-out", "s"
        )
        to = ("-recip", f"{us.name}.crt", *wrapping)
        _openssl(folder, "-encrypt", "-binary", cipher, "-in", "s", "-outform", "DER", "-out", "e", *to)
        return (folder / "e").read_bytes()


def _signed(signer: Party, us: Party) -> bytes:
    return sign(
        _DOCUMENT, key=signer.key, certificate=signer.certificate, recipients=[us.certificate], at=NOW
    )


def _accepted(by: dict[str, Party]) -> Iterator[dict[str, object]]:
    for us in ("ec-us", "rsa-us"):
        for them in ("ec-them", "rsa-them"):
            made = encrypt(_signed(by[them], by[us]), recipients=[by[us].certificate])
            yield _row(f"{them} to {us}", us, them, made)
    yield _row(
        "openssl, ECDH", "ec-us", "ec-them", _by_openssl(by["ec-them"], by["ec-us"], *_ECDH), bound=False
    )
    made = _by_openssl(by["rsa-them"], by["rsa-us"], *_OAEP)
    yield _row("openssl, RSA-OAEP", "rsa-us", "rsa-them", made, bound=False)


def _rejected(by: dict[str, Party]) -> Iterator[dict[str, object]]:
    us, them = by["ec-us"], by["ec-them"]
    inner = _signed(them, us)
    sealed = encrypt(inner, recipients=[us.certificate])

    def row(
        name: str, made: bytes, code: str, *, signer: str = "ec-them", bound: bool = True
    ) -> dict[str, object]:
        return _row(name, "ec-us", signer, made, bound=bound) | {"code": code}

    for place in (len(sealed) - 1, len(sealed) - 30, len(sealed) // 4):
        flipped = bytes((*sealed[:place], sealed[place] ^ 1, *sealed[place + 1 :]))
        yield row(f"byte {place} flipped", flipped, "decryption-failed")
    yield row("cut off", sealed[:-1], "decryption-failed")
    yield row("one byte more", sealed + b"\0", "decryption-failed")
    other = encrypt(inner, recipients=[by["stranger"].certificate])
    yield row("another recipient", other, "decryption-failed")
    yield row("CBC", _by_openssl(them, us, *_ECDH, cipher="-aes-256-cbc"), "decryption-failed", bound=False)
    yield row("a KDF over SHA-1", _by_openssl(them, us), "decryption-failed", bound=False)
    stripped = cms.ContentInfo.load(inner)
    stripped["content"]["signer_infos"] = cms.SignerInfos([])
    made = encrypt(stripped.dump(force=True), recipients=[us.certificate])
    yield row("a stripped signature", made, "signature-missing")
    yield row("not signed", encrypt(_DOCUMENT, recipients=[us.certificate]), "signature-missing")
    yield row("encrypted twice", encrypt(sealed, recipients=[us.certificate]), "signature-missing")
    made = encrypt(inner.replace(_DOCUMENT, _DOCUMENT[::-1]), recipients=[us.certificate])
    yield row("other content", made, "signature-invalid")
    made = encrypt(_signed(by["stranger"], us), recipients=[us.certificate])
    yield row("another signer", made, "signature-invalid")
    made = encrypt(_signed(them, by["stranger"]), recipients=[us.certificate])
    yield row("signed for another", made, "recipient-mismatch")
    made = encrypt(_signed(by["expired"], us), recipients=[us.certificate])
    yield row("an expired certificate", made, "certificate-expired", signer="expired")


def _row(name: str, us: str, them: str, sealed: bytes, *, bound: bool = True) -> dict[str, object]:
    return {"name": name, "us": us, "them": them, "bound": bound, "sealed": b64encode(sealed).decode()}


def main() -> None:
    """Write the file."""
    by = _parties()
    said = {
        "about": "CMS seals; keys are for tests alone. `at` is the time that certificates are checked for.",
        "at": NOW.isoformat(),
        "document": _DOCUMENT.decode(),
        "parties": {
            name: {
                "certificate": one.certificate.public_bytes(serialization.Encoding.PEM).decode(),
                "key": key_pem(one.key).decode(),
            }
            for name, one in by.items()
        },
        "accept": list(_accepted(by)),
        "reject": list(_rejected(by)),
    }
    VECTORS.parent.mkdir(exist_ok=True)
    VECTORS.write_text(json.dumps(said, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
