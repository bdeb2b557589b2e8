"""OpenSSL's GOST engine, and keys and certificates that it makes."""

from __future__ import annotations

import subprocess
from pathlib import Path

from cryptography import x509

from tests.servers.packages import install


def gost_engine() -> bool:
    """Tell whether the engine works; install Debian's package where that is possible."""
    if not _works():
        install("libengine-gost-openssl")
    return _works()


def _works() -> bool:
    done = subprocess.run(["openssl", "engine", "-t", "gost"], capture_output=True, check=False)
    return b"[ available ]" in done.stdout


def gost_pair(folder: Path, name: str, *, days: int = 30) -> tuple[bytes, x509.Certificate]:
    """Make a key (PEM) and a self-signed certificate."""
    key, certificate = folder / f"{name}.key", folder / f"{name}.crt"
    subprocess.run(
        [
            *("openssl", "req", "-engine", "gost", "-x509", "-newkey", "gost2012_256"),
            *("-pkeyopt", "paramset:A", "-nodes", "-subj", f"/CN={name}", "-days", str(days)),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    return key.read_bytes(), x509.load_pem_x509_certificate(certificate.read_bytes())
