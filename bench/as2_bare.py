# mypy: ignore-errors
"""What pyas2lib alone does with documents, run inside the peer's environment by bench.sealing.

`as2_bare.py SECONDS FILE...` builds each file as an AS2 message (signed, then encrypted: RSA 2048, SHA-256,
AES-256-CBC) and parses it at the other end, both without HTTP, disk and receipts, and prints messages a
second of CPU as JSON, a pair for each file.
"""

import datetime
import json
import sys
import time
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyas2lib import Message, Organization, Partner


def made(name):
    """Return a key with its certificate, and the certificate, in PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(days=2))
        .sign(key, hashes.SHA256())
        .public_bytes(Encoding.PEM)
    )
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + certificate, certificate


def ends(ours, theirs):
    """Return one end's organisation and its partner."""
    (name, (key, _)), (other, (_, certificate)) = ours, theirs
    organization = Organization(
        as2_name=name, sign_key=key, sign_key_pass="", decrypt_key=key, decrypt_key_pass=""
    )
    partner = Partner(
        as2_name=other,
        verify_cert=certificate,
        encrypt_cert=certificate,
        sign=True,
        digest_alg="sha256",
        encrypt=True,
        enc_alg="aes_256_cbc",
        validate_certs=False,
    )
    return organization, partner


def rate(step, seconds):
    """Return how often a step is done in a second of CPU."""
    began, calls = time.process_time(), 0
    while time.process_time() - began < seconds:
        step()
        calls += 1
    return calls / (time.process_time() - began)


def measure(payload, seconds):
    """Return the rates of building and of parsing one payload."""
    us, them = ("kz-knb", made("kz-knb")), ("cis-atc", made("cis-atc"))
    here, there = ends(us, them), ends(them, us)

    def build():
        message = Message(*here)
        message.build(payload, filename="record", content_type="application/octet-stream")
        return message.headers_str + b"\r\n" + message.content

    def parse():
        status, (error, _), _ = Message().parse(built, lambda _: there[0], lambda _: there[1])
        if status != "processed":
            raise SystemExit(f"pyas2lib did not take its own message: {status} {error}")

    built = build()
    parse()
    return {"build": rate(build, seconds), "parse": rate(parse, seconds)}


if __name__ == "__main__":
    print(json.dumps([measure(Path(name).read_bytes(), float(sys.argv[1])) for name in sys.argv[2:]]))
