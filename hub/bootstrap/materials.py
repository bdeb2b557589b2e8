"""What is held for one partner, as its seal and carrier are handed it: opened at the moment of use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

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
    held: Mapping[str, MaterialRow]
    asked: set[str] = field(default_factory=set)

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

    def _open(self, name: str, sort: str) -> bytes:
        row = self.held.get(name)
        if row is None or row.sort != sort:
            found = "nothing" if row is None else f"a {row.sort}"
            raise Refused(
                "adapter-invalid",
                f"Under {name}, {found} is held for {self.them}; a {sort} is needed: "
                f"`hub partner material put {self.them} {name}`.",
            )
        self.asked.add(name)
        with self.store.read() as view:
            body = view.bodies.get_many([row.body_id]).get(row.body_id)
        if body is None:
            raise OurFault("internal", f"What is held under {name} for {self.them} was replaced just now.")
        return unlock(body, master_key=self.keyring.master_key())
