"""What is held for one partner, as its seal and carrier are handed it: opened at the moment of use."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from adapters.carriers.taxii_server import Counter
from hub.entries import MaterialRow
from hub.envelope.vault import unlock
from hub.errors import OurFault, Refused
from hub.ports import Keyring, Store

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes


@dataclass(frozen=True, kw_only=True)
class HeldMaterials:
    """Implements `adapters.contract.Materials`. `asked` gathers what was asked for, for who confirms it."""

    us: str
    them: str
    state: Path
    store: Store
    keyring: Keyring
    held: Mapping[tuple[str, str], MaterialRow]
    asked: set[tuple[str, str]] = field(default_factory=set)
    counters: Callable[[str], Counter]

    def private_key(self, name: str) -> PrivateKeyTypes:
        """Return a key of ours that was made or taken in for this partner."""
        return load_pem_private_key(self._open(name, "key"), password=None)

    def certificates(self, name: str) -> Sequence[x509.Certificate]:
        """Return certificates that a custodian took in: the leaf first, or authorities."""
        return x509.load_pem_x509_certificates(self._open(name, "certificates"))

    def secret(self, name: str) -> bytes:
        """Return a password or token that the partner gave us."""
        return self._open(name, "secret")

    def folder(self) -> Path:
        """Return a folder of its own for state that must last."""
        self.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self.state

    def counter(self) -> Counter:
        """Return where parcels are laid out for this partner, and its posts are taken."""
        return self.counters(self.them)

    def _open(self, name: str, sort: str) -> bytes:
        row = self.held.get((name, sort))
        if row is None:
            plural = "certificates" if sort == "certificates" else f"a {sort}"
            raise Refused(
                "adapter-invalid",
                f"{plural[:1].upper()}{plural[1:]} named {name} must be held for {self.them}: "
                f"`hub material put {self.them} {name} --{sort} FILE`.",
            )
        self.asked.add((name, sort))
        with self.store.read() as view:
            body = view.bodies.get_many([row.body_id]).get(row.body_id)
        if body is None:
            raise OurFault("internal", f"What is held under {name} for {self.them} was replaced just now.")
        return unlock(body, master_key=self.keyring.master_key())
