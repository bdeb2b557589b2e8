"""Every reader of the log: what it takes it gives back byte for byte, and all else it refuses."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.audit.checkpoints import Checkpoint, read_checkpoint
from hub.audit.leaves import leaf_entry, read_leaf
from hub.audit.merkle import SIZE_MAX
from hub.audit.notes import Note, NoteAlgorithm, NoteKey, NoteSignature, read_note, read_signatures
from hub.audit.proofs import read_proof, write_proof
from hub.audit.tiles import EntryTile, Tile, pack_entries, unpack_entries
from hub.errors import IntegrityFailure
from tests.amounts import examples
from tests.audit import naive
from tests.audit.signing import cosigned, log_signers
from tests.audit.test_leaves import EVENT

NOTE = cosigned("kz-mvd/witness")
LINES = "".join(line.line for line in NOTE.signatures)


def checkpoint_again(raw: bytes) -> bytes:
    """Read a checkpoint out of a note, and write both."""
    note = read_note(raw)
    return Note(text=read_checkpoint(note).text, signatures=note.signatures).as_bytes()


def proof_again(raw: bytes) -> bytes:
    read = read_proof(raw)
    return write_proof(read.index, read.hashes, read.checkpoint, read.extra)


# How each is read and written again, and one that is sound.
READERS: dict[str, tuple[Callable[[bytes], bytes], bytes]] = {
    "note": (lambda raw: read_note(raw).as_bytes(), NOTE.as_bytes()),
    "signatures": (
        lambda raw: "".join(line.line for line in read_signatures(raw)).encode(),
        LINES.encode(),
    ),
    "checkpoint": (checkpoint_again, NOTE.as_bytes()),
    "proof": (proof_again, write_proof(2, naive.path(2, naive.entries(5)), NOTE.as_bytes(), b"extra")),
    "leaf": (lambda raw: read_leaf(raw).as_bytes(), leaf_entry(EVENT)),
    "bundle": (lambda raw: pack_entries(unpack_entries(raw)), pack_entries([b"a", b"", b"bcd"])),
    "tile path": (lambda raw: Tile.parse(raw.decode()).path.encode(), b"tile/0/x001/067.p/8"),
    "bundle path": (lambda raw: EntryTile.parse(raw.decode()).path.encode(), b"tile/entries/x001/067"),
    "verifier key": (
        lambda raw: NoteKey.parse(raw.decode()).vkey.encode(),
        log_signers()[0].key.vkey.encode(),
    ),
}


@st.composite
def edits(draw: st.DrawFn, sound: bytes) -> bytes:
    """Return bytes with some replaced, put in, left out, doubled or exchanged."""
    raw = bytearray(sound)
    for _ in range(draw(st.integers(1, 3))):
        first, end = sorted(draw(st.tuples(*[st.integers(0, len(raw))] * 2)))
        end = min(end, first + draw(st.sampled_from([0, 1, 4, 100])))
        raw[first:end] = draw(
            st.sampled_from(
                [b"", b"0", b"\n", b"\n\n", b" ", b"=", b"+", b"/", b"A", b"\x00", b"\xff", "—".encode()]
            )
            | st.just(bytes(raw[first:end]) * 2)
            | st.binary(max_size=4)
        )
    return bytes(raw)


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=examples(40))
@given(data=st.data())
def test_what_is_taken_is_the_only_spelling_and_all_else_is_refused(name: str, data: st.DataObject) -> None:
    again, sound = READERS[name]
    assert again(sound) == sound
    raw = data.draw(edits(sound) | st.binary(max_size=200))
    # Readers of what comes from outside refuse with a code; those of short texts raise ValueError.
    failure = ValueError if "path" in name or "key" in name else IntegrityFailure
    try:
        written = again(raw)
    except failure:
        return
    assert written == raw


names = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Z"], exclude_characters="+"), min_size=1, max_size=60
)
signatures = st.builds(
    NoteSignature,
    name=names,
    key_id=st.binary(min_size=4, max_size=4),
    raw=st.binary(min_size=1, max_size=99),
)
lines = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60)


@given(
    st.builds(
        Checkpoint,
        origin=lines,
        size=st.integers(0, SIZE_MAX),
        root=st.binary(min_size=32, max_size=32),
        extensions=st.lists(lines, max_size=2).map(tuple),
    ),
    st.lists(signatures, min_size=1, max_size=5).map(tuple),
)
def test_every_checkpoint_survives_its_note(
    checkpoint: Checkpoint, signed: tuple[NoteSignature, ...]
) -> None:
    note = Note(text=checkpoint.text, signatures=signed)
    assert read_note(note.as_bytes()) == note
    assert read_checkpoint(note) == checkpoint


@given(names, st.binary(min_size=32, max_size=32))
def test_every_key_survives_its_text(name: str, public: bytes) -> None:
    key = NoteKey(name=name, algorithm=NoteAlgorithm.ED25519, public=public)
    assert NoteKey.parse(key.vkey) == key
