"""What a test hands to a carrier or a seal in a hub's place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from hub.errors import Refused


@dataclass(frozen=True, kw_only=True)
class Given:
    """Materials in memory; a name that is not there is refused, as a hub refuses it."""

    us: str
    them: str
    state: Path
    keys: Mapping[str, PrivateKeyTypes] = field(default_factory=dict, repr=False)
    chains: Mapping[str, Sequence[x509.Certificate]] = field(default_factory=dict)
    secrets: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    def private_key(self, name: str) -> PrivateKeyTypes:
        return _of(self.keys, name)

    def certificates(self, name: str) -> Sequence[x509.Certificate]:
        return _of(self.chains, name)

    def secret(self, name: str) -> bytes:
        return _of(self.secrets, name)

    def folder(self) -> Path:
        self.state.mkdir(parents=True, exist_ok=True)
        return self.state


def _of(held: Mapping[str, Any], name: str) -> Any:
    if name not in held:
        raise Refused("adapter-invalid", f"Nothing is held under the name {name}.")
    return held[name]
