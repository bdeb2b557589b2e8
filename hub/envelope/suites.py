"""The named sets of algorithms. A suite is fixed for ever: another choice is another name."""

from __future__ import annotations

from enum import Enum
from typing import Final

#: The content encryption of every suite (RFC 7518 section 5.3).
CONTENT_ENCRYPTION: Final = "A256GCM"


class Suite(Enum):
    """What signs and what seals; partners are pinned to the suites they may use."""

    CLASSIC_1 = "classic-1"
    HYBRID_1 = "hybrid-1"

    @property
    def signature_algorithms(self) -> tuple[str, ...]:
        """Return the JWS algorithms, all of which must sign, in the order in which they stand."""
        return _SIGNATURES[self]

    @property
    def key_algorithm(self) -> str:
        """Return the JWE algorithm by which the content key reaches each recipient."""
        return _KEYS[self]


_SIGNATURES: Final = {Suite.CLASSIC_1: ("ES256",), Suite.HYBRID_1: ("ES256", "ML-DSA-65")}
_KEYS: Final = {Suite.CLASSIC_1: "ECDH-ES+A256KW", Suite.HYBRID_1: "HPKE-9-KE"}
