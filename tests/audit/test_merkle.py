"""The tree against Certificate Transparency's own vectors, against RFC 6962 read literally, and altered."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.audit.merkle import (
    EMPTY_ROOT,
    Frontier,
    check_consistency,
    check_inclusion,
    hash_leaf,
    hash_node,
)
from hub.errors import IntegrityFailure
from tests.audit import naive

# The reference tree of Certificate Transparency's implementations (merkletree/merkle_tree_test.cc).
CT_ENTRIES = [
    bytes.fromhex(entry)
    for entry in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
CT_ROOTS = [
    bytes.fromhex(root)
    for root in (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    )
]
CT_INCLUSION = [
    (0, 1, []),
    (
        0,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        1,
        5,
        [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]
CT_CONSISTENCY = [
    (1, 1, []),
    (
        1,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        6,
        8,
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        2,
        5,
        [
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]
MOST = 33
ENTRIES = naive.entries(MOST)
ROOTS = [naive.root(ENTRIES[:size]) for size in range(MOST + 1)]


def test_frontier_gives_the_reference_roots() -> None:
    for size, root in enumerate(CT_ROOTS):
        assert Frontier().extended(map(hash_leaf, CT_ENTRIES[:size])).root() == root


@pytest.mark.parametrize(("index", "size", "proof"), CT_INCLUSION)
def test_reference_inclusion_proofs_hold(index: int, size: int, proof: list[str]) -> None:
    check_inclusion(
        leaf_hash=hash_leaf(CT_ENTRIES[index]),
        index=index,
        size=size,
        proof=[*map(bytes.fromhex, proof)],
        root=CT_ROOTS[size],
    )


@pytest.mark.parametrize(("old_size", "size", "proof"), CT_CONSISTENCY)
def test_reference_consistency_proofs_hold(old_size: int, size: int, proof: list[str]) -> None:
    check_consistency(
        old_size=old_size,
        old_root=CT_ROOTS[old_size],
        size=size,
        root=CT_ROOTS[size],
        proof=[*map(bytes.fromhex, proof)],
    )


@given(st.lists(st.integers(0, 90), max_size=5))
def test_frontier_equals_full_recomputation_however_it_grew(steps: list[int]) -> None:
    frontier, leaves = Frontier(), naive.entries(sum(steps))
    for step in steps:
        end = frontier.size + step
        frontier = frontier.extended(map(hash_leaf, leaves[frontier.size : end]))
    assert frontier.size == len(leaves)
    assert frontier.root() == naive.root(leaves)
    assert Frontier(size=frontier.size, hashes=frontier.hashes) == frontier


def test_frontier_needs_a_hash_for_each_complete_subtree() -> None:
    for size, hashes in ((-1, ()), (0, (EMPTY_ROOT,)), (3, (EMPTY_ROOT,)), (2**63, (EMPTY_ROOT,))):
        with pytest.raises(ValueError):
            Frontier(size=size, hashes=hashes)


def test_every_entry_of_every_small_tree_is_proven_and_no_other_place_of_it() -> None:
    for size in range(1, MOST + 1):
        for index in range(size):
            proof = naive.path(index, ENTRIES[:size])
            leaf = hash_leaf(ENTRIES[index])
            check_inclusion(leaf_hash=leaf, index=index, size=size, proof=proof, root=ROOTS[size])
            for other in range(size):
                if other != index:
                    refuse_inclusion(leaf, other, size, proof, ROOTS[size])


def test_every_pair_of_small_trees_is_proven_and_no_other_pair() -> None:
    for size in range(MOST + 1):
        for old in range(size + 1):
            proof = naive.consistency(old, ENTRIES[:size])
            check_consistency(old_size=old, old_root=ROOTS[old], size=size, root=ROOTS[size], proof=proof)
            for other in range(size):
                if other != old:
                    refuse_consistency(other, ROOTS[old], size, ROOTS[size], proof)
                    refuse_consistency(old, ROOTS[other], size, ROOTS[size], proof)


@given(st.data())
def test_altered_inclusion_proof_is_refused(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, MOST))
    index = data.draw(st.integers(0, size - 1))
    proof = naive.path(index, ENTRIES[:size])
    leaf, root = hash_leaf(ENTRIES[index]), ROOTS[size]
    refuse_inclusion(flipped(leaf, data), index, size, proof, root)
    refuse_inclusion(leaf, index, size, proof, flipped(root, data))
    refuse_inclusion(leaf, index, size, [*proof, leaf], root)
    refuse_inclusion(leaf, index, size, [leaf, *proof], root)
    for altered in alterations(proof, data):
        refuse_inclusion(leaf, index, size, altered, root)


@given(st.data())
def test_altered_consistency_proof_is_refused(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, MOST))
    old = data.draw(st.integers(1, size - 1))
    proof = naive.consistency(old, ENTRIES[:size])
    old_root, root = ROOTS[old], ROOTS[size]
    refuse_consistency(old, flipped(old_root, data), size, root, proof)
    refuse_consistency(old, old_root, size, flipped(root, data), proof)
    refuse_consistency(old, old_root, size, root, [*proof, root])
    refuse_consistency(old, old_root, size, root, [old_root, *proof])
    for altered in alterations(proof, data):
        refuse_consistency(old, old_root, size, root, altered)


@pytest.mark.parametrize(
    ("old_size", "old_root", "size", "root", "proof"),
    [
        (0, ROOTS[0], 4, ROOTS[4], [ROOTS[4]]),
        (0, ROOTS[1], 4, ROOTS[4], []),
        (0, ROOTS[0], 0, ROOTS[1], []),
        (4, ROOTS[4], 4, ROOTS[5], []),
        (4, ROOTS[4], 4, ROOTS[4], [ROOTS[4]]),
        (4, ROOTS[4], 5, ROOTS[5], []),
    ],
)
def test_trees_that_do_not_follow_one_another_are_refused(
    old_size: int, old_root: bytes, size: int, root: bytes, proof: list[bytes]
) -> None:
    refuse_consistency(old_size, old_root, size, root, proof)


@pytest.mark.parametrize(("old_size", "size"), [(5, 4), (-1, 4), (4, 2**63), (2**63, 2**63)])
def test_log_cannot_shrink_or_outgrow_the_largest_tree(old_size: int, size: int) -> None:
    with pytest.raises(IntegrityFailure, match="cannot become"):
        check_consistency(old_size=old_size, old_root=ROOTS[4], size=size, root=ROOTS[4], proof=[])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (1, 1), (-1, 1), (2**63 - 1, 2**63)])
def test_entry_outside_the_tree_is_refused(index: int, size: int) -> None:
    with pytest.raises(IntegrityFailure, match="there is no entry"):
        check_inclusion(leaf_hash=ROOTS[1], index=index, size=size, proof=[], root=ROOTS[1])


def test_largest_tree_is_proven_like_any_other() -> None:
    size, leaf = 2**63 - 1, hash_leaf(b"last")
    # One complete subtree of each height stands to the left of the last entry.
    left = [hash_leaf(b"%d" % height) for height in range(1, 63)]
    root = reduce(lambda node, sibling: hash_node(sibling, node), left, leaf)
    check_inclusion(leaf_hash=leaf, index=size - 1, size=size, proof=left, root=root)
    assert Frontier(size=size, hashes=(*reversed(left), leaf)).root() == root
    grown = Frontier(size=size - 1, hashes=tuple(reversed(left)))
    assert grown.extended([leaf]).root() == root
    check_consistency(
        old_size=size - 1,
        old_root=grown.root(),
        size=size,
        root=root,
        proof=[left[0], leaf, *left[1:]],
    )


def test_hash_of_another_length_is_not_taken() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        check_inclusion(leaf_hash=ROOTS[1], index=0, size=2, proof=[b"short"], root=ROOTS[2])
    with pytest.raises(ValueError, match="32 bytes"):
        check_consistency(old_size=1, old_root=b"", size=2, root=ROOTS[2], proof=[ROOTS[1]])


def flipped(data: bytes, draw: st.DataObject) -> bytes:
    bit = draw.draw(st.integers(0, len(data) * 8 - 1))
    return (int.from_bytes(data) ^ 1 << bit).to_bytes(len(data))


def alterations(proof: list[bytes], data: st.DataObject) -> list[list[bytes]]:
    """Return the proof with a bit flipped, without one hash, and with two hashes changed about."""
    made = []
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        made.append([*proof[:at], flipped(proof[at], data), *proof[at + 1 :]])
        made.append([*proof[:at], *proof[at + 1 :]])
    if len(proof) > 1:
        made.append([*proof[1:], proof[0]])
    return made


def refuse_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    with pytest.raises(IntegrityFailure) as refused:
        check_inclusion(leaf_hash=leaf, index=index, size=size, proof=proof, root=root)
    assert refused.value.code == "log-inclusion-failed"


def refuse_consistency(
    old_size: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]
) -> None:
    with pytest.raises(IntegrityFailure) as refused:
        check_consistency(old_size=old_size, old_root=old_root, size=size, root=root, proof=proof)
    assert refused.value.code == "log-inconsistent"
