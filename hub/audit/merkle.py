"""The Merkle tree (RFC 6962 §2.1): hashes, the compact form in which it grows, and checks of proofs."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from hashlib import sha256
from typing import Final

from hub.errors import IntegrityFailure

HASH_BYTES: Final = 32
#: The root of a tree without leaves: the hash of the empty string.
EMPTY_ROOT: Final = sha256(b"").digest()
#: The largest tree: sizes fit a signed number of 64 bits, as other implementations hold them.
SIZE_MAX: Final = 2**63 - 1


def hash_leaf(entry: bytes) -> bytes:
    """Return the hash of a leaf."""
    return sha256(b"\x00" + entry).digest()


def hash_node(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node over its two children."""
    return sha256(b"\x01" + left + right).digest()


def fold(hashes: Sequence[bytes]) -> bytes:
    """Return the root over complete subtrees, the largest first and each of another size."""
    return reduce(lambda right, left: hash_node(left, right), reversed(hashes)) if hashes else EMPTY_ROOT


@dataclass(frozen=True, kw_only=True)
class Frontier:
    """What a tree needs to grow: the roots of its complete subtrees, the largest first.

    There is one for each bit that is set in `size`, so it stays small however large the tree is.
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.size <= SIZE_MAX or len(self.hashes) != self.size.bit_count():
            raise ValueError("a frontier has one hash for each bit that is set in its size")

    def extended(self, leaf_hashes: Iterable[bytes]) -> Frontier:
        """Return the frontier of the tree with more leaves."""
        size, hashes = self.size, list(self.hashes)
        for node in leaf_hashes:
            complete = size
            while complete & 1:
                node = hash_node(hashes.pop(), node)
                complete >>= 1
            hashes.append(node)
            size += 1
        return Frontier(size=size, hashes=tuple(hashes))

    def root(self) -> bytes:
        """Return the root of the tree."""
        return fold(self.hashes)


def check_inclusion(*, leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Refuse an inclusion proof (RFC 6962 §2.1.1, checked as RFC 9162 §2.1.3.2 says)."""
    if not 0 <= index < size <= SIZE_MAX:
        raise _not_included(f"there is no entry {index} in a tree of {size}")
    _check_lengths(proof, leaf_hash, root)
    # Below `inner` the path may turn either way; above it the entry is in the last, incomplete part.
    inner = (index ^ (size - 1)).bit_length()
    border = (index >> inner).bit_count()
    if len(proof) != inner + border:
        raise _not_included(f"the proof has {len(proof)} hashes; expected {inner + border}")
    node = leaf_hash
    for height, sibling in enumerate(proof[:inner]):
        node = hash_node(sibling, node) if index >> height & 1 else hash_node(node, sibling)
    for sibling in proof[inner:]:
        node = hash_node(sibling, node)
    if not hmac.compare_digest(node, root):
        raise _not_included("the proof leads to another root")


def check_consistency(
    *, old_size: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]
) -> None:
    """Refuse a consistency proof (RFC 6962 §2.1.2, checked as RFC 9162 §2.1.4.2 says).

    A tree of equal size and an empty old tree are proven by no hashes at all; the root of an empty tree is
    EMPTY_ROOT.
    """
    if not 0 <= old_size <= size <= SIZE_MAX:
        raise _inconsistent(f"a log of {old_size} entries cannot become one of {size}")
    _check_lengths(proof, old_root, root)
    for one_size, one_root in ((old_size, old_root), (size, root)):
        if one_size == 0 and one_root != EMPTY_ROOT:
            raise _inconsistent("a log without entries has the empty tree's root")
    if old_size in (0, size):
        if proof:
            raise _inconsistent(f"the proof has {len(proof)} hashes; expected none")
        if old_size == size and old_root != root:
            raise _inconsistent(f"there are two roots for the same {size} entries")
        return
    # The largest complete subtree that ends at `old_size`: when it is the whole old tree, the proof
    # leaves it out, for its root is known.
    height = (old_size & -old_size).bit_length() - 1
    hashes = list(proof) if old_size != 1 << height else [old_root, *proof]
    last = (old_size - 1) >> height
    inner = (last ^ ((size - 1) >> height)).bit_length()
    if len(hashes) != 1 + inner + (last >> inner).bit_count():
        raise _inconsistent(f"the proof has {len(proof)} hashes, which is not how many it needs")
    old = new = hashes[0]
    for step, sibling in enumerate(hashes[1:]):
        if step >= inner or last >> step & 1:
            old, new = hash_node(sibling, old), hash_node(sibling, new)
        else:
            new = hash_node(new, sibling)
    if not hmac.compare_digest(old, old_root):
        raise _inconsistent("the proof does not lead to the earlier root")
    if not hmac.compare_digest(new, root):
        raise _inconsistent("the proof does not lead to the later root")


def _check_lengths(proof: Sequence[bytes], *others: bytes) -> None:
    if any(len(one) != HASH_BYTES for one in (*proof, *others)):
        raise ValueError(f"a hash has {HASH_BYTES} bytes")


def _not_included(reason: str) -> IntegrityFailure:
    return IntegrityFailure("log-inclusion-failed", f"The entry is not proven to be in the log: {reason}.")


def _inconsistent(reason: str) -> IntegrityFailure:
    return IntegrityFailure("log-inconsistent", f"The log is not proven to have only grown: {reason}.")
