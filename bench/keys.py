"""What signing and decrypting cost through the key store, in files and in a token, above the raw libraries.

The floor of a file is `cryptography` on a key in memory. The floor of a token is python-pkcs11 on the same
token, without the hub's turn-taking, looks and conversions. All take turns in one run, in CPU time. SoftHSM
is a token in software: a real one costs what its maker says, and the hub's own share stays what it is here.
What the unlock secret costs to derive, and each guess of it, is measured beside.
"""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any, Final

import pkcs11
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDH,
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pkcs11 import KDF, Attribute, KeyType, Mechanism, ObjectClass

from keys.file_store import create_store
from keys.inventory import Where
from keys.keyring import FileKeyring
from keys.policy import KeyPolicy
from keys.purposes import Purpose
from keys.sealing import PASSPHRASE_COST, RANDOM_COST, Cost, Derivation
from keys.secret import Secret
from keys.token.session import Token, TokenAddress
from keys.token.store import TokenKeys, token_id
from tests.servers.softhsm import SoftHsm, soft_hsm

Step = Callable[[], object]
ES256: Final = ECDSA(SHA256())
_LABEL: Final = "bench"
_AGENCY: Final = "kz-knb"
_IN_TOKEN: Final = KeyPolicy(places={Purpose.SIGN_ES256: Where.TOKEN, Purpose.DECRYPT_P256: Where.TOKEN})


@dataclass(frozen=True, kw_only=True)
class Opened:
    """One key store in files alone, and one whose record keys are in a token."""

    file: FileKeyring
    token: FileKeyring
    hsm: SoftHsm


@contextmanager
def opened() -> Iterator[Opened]:
    """Make both stores, and a token for one of them."""
    with TemporaryDirectory(prefix="hub-bench-") as name, soft_hsm(Path(name) / "hsm") as hsm:
        hsm.add_token(_LABEL)
        token = Token(TokenAddress(module=hsm.module, label=_LABEL), lambda: Secret(hsm.pin.encode()))
        yield Opened(
            file=_keyring(Path(name) / "file", None, KeyPolicy()),
            token=_keyring(Path(name) / "token", token, _IN_TOKEN),
            hsm=hsm,
        )


def _keyring(directory: Path, token: Token | None, policy: KeyPolicy) -> FileKeyring:
    unlock, at = os.urandom(32), datetime.now(UTC)
    store = None if token is None else partial(TokenKeys, token)
    create_store(
        directory, agency=_AGENCY, host_names=["localhost"], unlock=unlock, at=at, token=store, policy=policy
    )
    return FileKeyring.open(directory, agency=_AGENCY, unlock=unlock, token=store, policy=policy)


def best_us(steps: dict[str, Step], rounds: int, calls: int) -> dict[str, float]:
    """Return each step's best mean CPU time in microseconds; rounds take turns, as load comes and goes."""
    best = dict.fromkeys(steps, float("inf"))
    for _ in range(rounds):
        for name, step in steps.items():
            began = process_time()
            for _ in range(calls):
                step()
            best[name] = min(best[name], (process_time() - began) / calls * 1e6)
    return best


def hub_steps(stores: Opened, data: bytes, peer: EllipticCurvePublicKey) -> dict[str, Step]:
    """Return signing and agreeing as the hub does both: the key is asked of the keyring each time."""

    def opens(keyring: FileKeyring) -> EllipticCurvePrivateKey:
        return keyring.decryption().p256[keyring.public().encrypt_p256]

    return {
        "sign file": lambda: stores.file.signing().es256.sign(data, ES256),
        "sign token": lambda: stores.token.signing().es256.sign(data, ES256),
        "decrypt file": lambda: opens(stores.file).exchange(ECDH(), peer),
        "decrypt token": lambda: opens(stores.token).exchange(ECDH(), peer),
    }


def raw_steps(stores: Opened, data: bytes, peer: EllipticCurvePublicKey) -> dict[str, Step]:
    """Return the same work by the libraries alone."""
    memory = generate_private_key(SECP256R1())
    module = pkcs11.lib(str(stores.hsm.module.resolve()))
    session = module.get_token(token_label=_LABEL).open()
    inventory = stores.token.inventory()
    signs: Any
    agrees: Any
    signs, agrees = (
        session.get_key(object_class=ObjectClass.PRIVATE_KEY, id=token_id(inventory.current(purpose).key_id))
        for purpose in (Purpose.SIGN_ES256, Purpose.DECRYPT_P256)
    )
    return {
        "sign library": lambda: memory.sign(data, ES256),
        "decrypt library": lambda: memory.exchange(ECDH(), peer),
        "sign module": lambda: signs.sign(_digest(data), mechanism=Mechanism.ECDSA),
        "decrypt module": lambda: _derived(agrees, peer),
    }


def _digest(data: bytes) -> bytes:
    made = Hash(SHA256())
    made.update(data)
    return made.finalize()


def _derived(handle: Any, peer: EllipticCurvePublicKey) -> bytes:
    shared = handle.derive_key(
        KeyType.GENERIC_SECRET,
        256,
        mechanism=Mechanism.ECDH1_DERIVE,
        mechanism_param=(KDF.NULL, None, peer.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)),
        store=False,
        template={Attribute.SENSITIVE: False, Attribute.EXTRACTABLE: True},
    )
    try:
        return bytes(shared[Attribute.VALUE])
    finally:
        shared.destroy()


def measure(*, size_bytes: int, rounds: int, calls: int) -> list[dict[str, Any]]:
    """Return a row for each step and place. `of_library` and `of_module` are ratios of rates."""
    data, peer = os.urandom(size_bytes), generate_private_key(SECP256R1()).public_key()
    with opened() as stores:
        hub = hub_steps(stores, data, peer)
        for use in hub.values():
            use()  # the token is opened once, and proves its keys
        best = best_us(hub | raw_steps(stores, data, peer), rounds, calls)
    rows = []
    for step in ("sign", "decrypt"):
        library, module = best[f"{step} library"], best[f"{step} module"]
        for place in ("file", "token"):
            ours = best[f"{step} {place}"]
            row = {"step": step, "place": place, "hub_us": round(ours, 1), "library_us": round(library, 1)}
            row["of_library"] = round(library / ours, 2)
            if place == "token":
                row |= {"module_us": round(module, 1), "of_module": round(module / ours, 2)}
            rows.append(row)
    return rows


def unlocking(rounds: int) -> dict[str, float]:
    """Return what one derivation of the unlock secret costs, in milliseconds of CPU time."""

    def cost_ms(cost: Cost) -> float:
        derivation = Derivation.fresh(cost)
        return best_us({"derive": lambda: derivation.derive(b"x" * 32)}, rounds, 1)["derive"] / 1000

    return {"random_ms": round(cost_ms(RANDOM_COST), 1), "passphrase_ms": round(cost_ms(PASSPHRASE_COST), 1)}


def main() -> None:
    """Measure and print a table, or JSON."""
    parser = ArgumentParser(description=__doc__, epilog="example: python -m bench.keys --json")
    parser.add_argument("--size", type=int, default=4096, help="bytes that are signed (default 4096)")
    parser.add_argument("--rounds", type=int, default=50, help="rounds, of which the best counts")
    parser.add_argument("--calls", type=int, default=50, help="calls in a round")
    parser.add_argument("--json", action="store_true", help="print JSON")
    told = parser.parse_args()
    rows = measure(size_bytes=told.size, rounds=told.rounds, calls=told.calls)
    unlock = unlocking(max(1, min(3, told.rounds)))
    if told.json:
        json.dump({"rows": rows, "unlock": unlock}, sys.stdout, indent=2)
        print()
        return
    columns = ("step", "place", "hub_us", "library_us", "of_library", "module_us", "of_module")
    print("".join(f"{column:>12}" for column in columns))
    for row in rows:
        print("".join(f"{row.get(column, '-')!s:>12}" for column in columns))
    print(
        f"unlock: {unlock['random_ms']} ms for a random secret, {unlock['passphrase_ms']} ms for a passphrase"
    )


if __name__ == "__main__":
    main()
