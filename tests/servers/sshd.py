"""A real OpenSSH server that offers SFTP alone, over a folder of one test."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from demo.ports import free_ports
from tests.servers.packages import install


class SshdMissing(AssertionError):
    """Says what to install."""


@dataclass(frozen=True, kw_only=True)
class Sshd:
    """Where it listens, the key that it shows, and the key that it takes."""

    port: int
    host_key: str
    user: str
    key: ed25519.Ed25519PrivateKey
    drop: Path


def program() -> str:
    """Return where sshd is; install Debian's package where that is possible."""
    found = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/usr/bin")
    if found is None:
        install("openssh-server")
        found = shutil.which("sshd", path="/usr/sbin")
    if found is None:
        raise SshdMissing("These tests need OpenSSH's server: install Debian's package `openssh-server`.")
    return found


def public_line(key: ed25519.Ed25519PrivateKey) -> str:
    """Return a public key as SSH writes it."""
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
        .decode()
    )


@contextmanager
def sshd(folder: Path) -> Iterator[Sshd]:
    """Run sshd for one account, with `folder/drop` as where sessions begin."""
    found = program()
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where it drops its privileges; never made here
    host, ours = ed25519.Ed25519PrivateKey.generate(), ed25519.Ed25519PrivateKey.generate()
    drop = folder / "drop"
    drop.mkdir(parents=True)
    (folder / "host_key").write_bytes(
        host.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
        )
    )
    (folder / "host_key").chmod(0o600)
    (folder / "authorized").write_text(public_line(ours) + "\n")
    (port,) = free_ports(1)
    (folder / "sshd_config").write_text(
        f"ListenAddress 127.0.0.1\nPort {port}\nHostKey {folder}/host_key\nPidFile none\n"
        f"AuthorizedKeysFile {folder}/authorized\nStrictModes no\nUsePAM no\nPasswordAuthentication no\n"
        "KbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\nUseDNS no\nLogLevel ERROR\n"
        f"Subsystem sftp internal-sftp\nForceCommand internal-sftp -d {drop}\n"
    )
    errors = folder / "sshd.log"
    process = subprocess.Popen(
        [found, "-D", "-e", "-f", str(folder / "sshd_config")],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=errors.open("wb"),
    )
    try:
        _wait(process, port, errors)
        yield Sshd(port=port, host_key=public_line(host), user=getpass.getuser(), key=ours, drop=drop)
    finally:
        process.terminate()
        process.wait(20)


def _wait(process: subprocess.Popen[bytes], port: int, errors: Path) -> None:
    until = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > until:
                raise SshdMissing(f"sshd did not start: {errors.read_text()[-1000:]}") from None
            time.sleep(0.02)
