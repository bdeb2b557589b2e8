"""A real nginx with the configuration of deploy/nginx/, in a folder of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from demo.ports import free_ports
from tests.servers.packages import install

_CONFIGURATION = Path(__file__).parents[2] / "deploy" / "nginx" / "hub.conf"


class NginxMissing(AssertionError):
    """Says what to install."""


@dataclass(frozen=True)
class Nginx:
    """Where it listens: with TLS, and without."""

    port: int
    plain_port: int
    log: Path


def program() -> str:
    """Return where nginx is; install Debian's package where that is possible."""
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if found is None:
        install("nginx-light")
        found = shutil.which("nginx", path="/usr/sbin:/usr/bin")
    if found is None:
        raise NginxMissing("These tests need nginx: install Debian's package `nginx-light`.")
    return found


@contextmanager
def nginx(folder: Path, *, socket: Path, tls: Path, lists: Path) -> Iterator[Nginx]:
    """Run nginx in front of a hub's socket, with the certificate and key in a folder."""
    port, plain_port = free_ports(2)
    text = _CONFIGURATION.read_text(encoding="utf-8")
    for said, here in (
        ("unix:/run/hub/proxy.sock", f"unix:{socket}"),
        ("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
        ("listen 80;", f"listen 127.0.0.1:{plain_port};"),
        ("/etc/hub/tls/", f"{tls}/"),
        ("/var/lib/hub/ca/", f"{lists}/"),
    ):
        assert said in text, f"{_CONFIGURATION} says {said} no more"
        text = text.replace(said, here)
    (folder / "hub.conf").write_text(text)
    user = "user root;\n" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(
        f"{user}daemon off;\npid {folder}/nginx.pid;\nerror_log {folder}/error.log info;\n"
        "worker_processes 1;\nevents { worker_connections 256; }\n"
        f"http {{\naccess_log off;\nclient_body_temp_path {folder}/body;\nproxy_temp_path {folder}/proxy;\n"
        f"fastcgi_temp_path {folder}/f;\nuwsgi_temp_path {folder}/u;\nscgi_temp_path {folder}/s;\n"
        f"include {folder}/hub.conf;\n}}\n"
    )
    log = folder / "error.log"
    process = subprocess.Popen(
        [program(), "-p", str(folder), "-c", str(folder / "nginx.conf")],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=(folder / "stderr").open("wb"),
    )
    try:
        until = time.monotonic() + 20
        while not (folder / "nginx.pid").exists():
            if process.poll() is not None or time.monotonic() > until:
                raise NginxMissing(f"nginx did not start: {(folder / 'stderr').read_text()[-1000:]}")
            time.sleep(0.02)
        yield Nginx(port=port, plain_port=plain_port, log=log)
    finally:
        process.terminate()
        process.wait(20)
