"""Key material stays in memory: not in core dumps, `repr`, `str`, logs or errors."""

from __future__ import annotations

import base64
import gc
import io
import json
import logging
import os
import subprocess
import sys
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from hub.bootstrap.making import init_hub
from hub.bootstrap.opening import Hub, open_hub
from hub.bootstrap.secrets import Secrets, Source
from hub.config import TokenConfig
from hub.envelope.documents import sign_document
from hub.envelope.suites import Suite
from hub.errors import HubError
from keys.sealing import Derivation
from tests.cli.conftest import derived
from tests.enrolling import allow_alone
from tests.servers.softhsm import SoftHsm, soft_hsm

LABEL = "hub"
_OURS = ("hub", "keys", "adapters")


@pytest.fixture
def hsm(tmp_path: Path) -> Iterator[SoftHsm]:
    with soft_hsm(tmp_path / "hsm") as made:
        made.add_token(LABEL)
        yield made


@pytest.fixture
def home(tmp_path: Path, hsm: SoftHsm, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(Derivation, "derive", derived)
    token = TokenConfig(module=str(hsm.module), label=LABEL, purposes=("token-es256", "decrypt-p256"))
    init_hub(tmp_path / "home", agency="kz-knb", port=1, token=token, pin=Source(ask=lambda: hsm.pin))
    return allow_alone(tmp_path / "home")


def opened_with(home: Path, hsm: SoftHsm) -> Any:
    return open_hub(home, unlock=Secrets(pin=Source(ask=lambda: hsm.pin)))


def secrets_of(hub: Hub, home: Path, hsm: SoftHsm) -> Sequence[bytes]:
    """Return every secret that the opened hub holds."""
    keyring = hub.keyring
    held: list[bytes] = [(home / "unlock").read_bytes().strip(), hsm.pin.encode(), bytes(keyring.sealer.key)]
    with keyring.sealer.subkey("tls-leaf") as key:
        held += [bytes(key), keyring.tls_files().password]
    for private in keyring._loaded.privates.values():
        if isinstance(private, bytes):
            held.append(private)
        elif type(private).__name__ != "TokenKey":
            held.append(private.private_numbers().private_value.to_bytes(32, "big"))
    assert len(held) > 10
    return held


def spellings(secret: bytes) -> Iterator[str]:
    """Yield how a secret could be written."""
    yield secret.hex()
    yield repr(secret)[2:-1]
    yield str(int.from_bytes(secret, "big"))
    yield base64.b64encode(secret).decode().rstrip("=")
    yield base64.urlsafe_b64encode(secret).decode().rstrip("=")


def shows(text: str, secrets: Sequence[bytes]) -> bool:
    return any(one in text for secret in secrets for one in spellings(secret))


def reached(start: object) -> Iterator[object]:
    """Yield everything that can be reached from an object, modules and types left out."""
    seen: set[int] = set()
    waiting: list[object] = [start]
    while waiting:
        found = waiting.pop()
        if id(found) in seen or isinstance(found, (type, type(sys))):
            continue
        seen.add(id(found))
        yield found
        waiting.extend(gc.get_referents(found))


def test_no_object_of_an_opened_hub_shows_a_secret(home: Path, hsm: SoftHsm) -> None:
    with opened_with(home, hsm) as hub:
        sign_document({"a": 1}, typ="test", keys=hub.keyring.signing(), suite=Suite.HYBRID_1)
        hub.enrol("kz-mvd")
        assert hub.keyring.custody_failure() is None
        secrets = secrets_of(hub, home, hsm)
        ours = [
            found
            for found in reached(hub)
            if type(found).__module__.split(".")[0] in (*_OURS, "cryptography", "joserfc", "pkcs11")
        ]
        assert {"Hub", "FileKeyring", "Loaded", "TokenKey", "Token", "Secret"} <= {
            type(o).__name__ for o in ours
        }
        showing = {type(one).__name__ for one in ours if shows(f"{one!r} {one}", secrets)}
    assert not showing


def test_no_secret_is_logged_or_told_in_an_error(
    home: Path, hsm: SoftHsm, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    root = logging.getLogger()
    monkeypatch.setattr(root, "level", logging.DEBUG)
    root.addHandler(handler)
    told: list[str] = []
    try:
        with opened_with(home, hsm) as hub:
            secrets = secrets_of(hub, home, hsm)
            key = next(iter(hub.keyring.decryption().p256.values()))
            hsm.take_away()
            ours = ec.generate_private_key(ec.SECP256R1()).public_key()
            told.append(failure_of(lambda: key.exchange(ec.ECDH(), ours)))
            hsm.put_back()
        sealed = next((home / "keys").glob("master-*.sealed"))
        sealed.write_bytes(sealed.read_bytes()[:-1])
        told.append(failure_of(lambda: opened_with(home, hsm).__enter__()))
        wrong = Secrets(unlock=Source(ask=lambda: "x" * 40, file=None), pin=Source())
        (home / "unlock").rename(home / "elsewhere")
        told.append(failure_of(lambda: open_hub(home, unlock=wrong).__enter__()))
    finally:
        root.removeHandler(handler)
    assert len(told) == 3
    assert not shows(written.getvalue() + "".join(told), [*secrets, b"x" * 40])


def failure_of(work: Any) -> str:
    """Return all that a failure tells, with its places."""
    with pytest.raises(HubError) as raised:
        work()
    error = raised.value
    return "".join([repr(error), str(error), repr(error.details), *traceback.format_exception(error)])


def test_a_process_that_opens_keys_leaves_no_core() -> None:
    script = (
        "import ctypes, json, resource\n"
        "from hub.bootstrap.hardening import forbid_core_dumps\n"
        "forbid_core_dumps()\n"
        "limit = resource.getrlimit(resource.RLIMIT_CORE)\n"
        "print(json.dumps([limit, ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)]))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [[0, 0], 0]


@pytest.mark.slow
def test_every_command_forbids_core_dumps_first(tmp_path: Path) -> None:
    # Opening a FIFO waits for the other side, so that the command can be looked at while it runs.
    fifo = tmp_path / "unlock"
    (tmp_path / "hub.toml").write_text('agency = "kz-knb"\n')
    os.mkfifo(fifo, 0o600)
    command = [sys.executable, "-m", "hub.cli", "key", "doctor", "--home", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        with fifo.open("wb"):
            limits = Path(f"/proc/{process.pid}/limits").read_text()
        process.wait(60)
    (line,) = (line for line in limits.splitlines() if line.startswith("Max core file size"))
    assert line.split()[4:6] == ["0", "0"]
