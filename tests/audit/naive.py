"""RFC 6962 §2.1 written down as it reads, to compare with: recursive, over all leaves, without tricks."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256


def entries(count: int) -> list[bytes]:
    """Return that many different entries."""
    return [b"entry %d" % number for number in range(count)]


def split(count: int) -> int:
    """Return the largest power of two smaller than the count."""
    return 1 << ((count - 1).bit_length() - 1)


def root(leaves: Sequence[bytes]) -> bytes:
    """Return MTH(D[n])."""
    if not leaves:
        return sha256().digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    at = split(len(leaves))
    return sha256(b"\x01" + root(leaves[:at]) + root(leaves[at:])).digest()


def path(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """Return PATH(m, D[n])."""
    if len(leaves) == 1:
        return []
    at = split(len(leaves))
    if index < at:
        return [*path(index, leaves[:at]), root(leaves[at:])]
    return [*path(index - at, leaves[at:]), root(leaves[:at])]


def consistency(old: int, leaves: Sequence[bytes]) -> list[bytes]:
    """Return PROOF(m, D[n]); nothing for an empty old tree."""
    return subproof(old, leaves, True) if old else []


def subproof(old: int, leaves: Sequence[bytes], whole: bool) -> list[bytes]:
    """Return SUBPROOF(m, D[n], b)."""
    if old == len(leaves):
        return [] if whole else [root(leaves)]
    at = split(len(leaves))
    if old <= at:
        return [*subproof(old, leaves[:at], whole), root(leaves[at:])]
    return [*subproof(old - at, leaves[at:], False), root(leaves[:at])]
