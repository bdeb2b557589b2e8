from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.envelope.attachments import decrypt_chunks, encrypt_chunk, encrypt_chunks
from hub.envelope.manifest import AttachmentSecret, encrypted_size
from hub.errors import IntegrityFailure
from tests.amounts import examples

few = settings(max_examples=examples(60), deadline=None)

KEY = bytes(range(32))
CHUNK = 16
SEALED_CHUNK = CHUNK + 16


def cut(data: bytes, sizes: list[int]) -> Iterator[bytes]:
    for size in sizes:
        yield data[:size]
        data = data[size:]
    yield data


def encrypted(data: bytes) -> bytes:
    return b"".join(encrypt_chunks([data], key=KEY, chunk_bytes=CHUNK))


def decrypted(data: bytes, key: bytes = KEY) -> bytes:
    return b"".join(decrypt_chunks([data], key=key, chunk_bytes=CHUNK))


SIZES = st.lists(st.integers(0, 40), max_size=8)


@few
@given(st.binary(max_size=200), SIZES, SIZES)
def test_a_stream_comes_back_however_it_is_cut(data: bytes, out: list[int], back: list[int]) -> None:
    sealed = b"".join(encrypt_chunks(cut(data, out), key=KEY, chunk_bytes=CHUNK))
    assert sealed == encrypted(data)
    assert len(sealed) == encrypted_size(len(data), CHUNK)
    assert b"".join(decrypt_chunks(cut(sealed, back), key=KEY, chunk_bytes=CHUNK)) == data


@few
@given(st.binary(max_size=100))
def test_chunks_made_one_by_one_are_those_of_the_stream(data: bytes) -> None:
    pieces = [data[start : start + CHUNK] for start in range(0, len(data), CHUNK)] or [b""]
    one_by_one = b"".join(
        encrypt_chunk(piece, key=KEY, number=number, last=number == len(pieces) - 1)
        for number, piece in enumerate(pieces)
    )
    assert one_by_one == encrypted(data)


FULL = bytes(range(5 * CHUNK))
SEALED = encrypted(FULL)
CHUNKS = [SEALED[start : start + SEALED_CHUNK] for start in range(0, len(SEALED), SEALED_CHUNK)]
OTHER = b"".join(encrypt_chunks([FULL], key=bytes(32), chunk_bytes=CHUNK))


@pytest.mark.parametrize(
    "data",
    [
        b"".join(CHUNKS[:-1]),
        b"".join(CHUNKS[:1]),
        b"",
        SEALED[:-1],
        SEALED[: 2 * SEALED_CHUNK + 5],
        b"".join([CHUNKS[1], CHUNKS[0], *CHUNKS[2:]]),
        b"".join([*CHUNKS[:3], CHUNKS[4]]),
        b"".join([*CHUNKS, CHUNKS[-1]]),
        SEALED + b"more",
        b"".join([CHUNKS[-1], *CHUNKS[1:]]),
        SEALED[:SEALED_CHUNK] + OTHER[SEALED_CHUNK : 2 * SEALED_CHUNK] + SEALED[2 * SEALED_CHUNK :],
        SEALED[:7] + bytes([SEALED[7] ^ 1]) + SEALED[8:],
    ],
    ids=[
        "the last chunk cut off",
        "all but the first cut off",
        "everything cut off",
        "the last byte cut off",
        "cut inside a chunk",
        "two chunks exchanged",
        "a chunk left out",
        "the last chunk twice",
        "bytes added",
        "the last chunk first",
        "a chunk of another attachment",
        "a changed byte",
    ],
)
def test_a_changed_stream_is_refused(data: bytes) -> None:
    with pytest.raises(IntegrityFailure) as refused:
        decrypted(data)
    assert refused.value.code == "chunk-invalid"


@few
@given(st.integers(0, len(SEALED) - 1), st.integers(1, 255))
def test_no_flipped_byte_decrypts(index: int, bits: int) -> None:
    with pytest.raises(IntegrityFailure):
        decrypted(SEALED[:index] + bytes([SEALED[index] ^ bits]) + SEALED[index + 1 :])


@few
@given(st.integers(0, len(SEALED) - 1))
def test_no_prefix_of_a_stream_is_a_stream(length: int) -> None:
    with pytest.raises(IntegrityFailure):
        decrypted(SEALED[:length])


def test_another_key_opens_nothing() -> None:
    with pytest.raises(IntegrityFailure):
        decrypted(SEALED, key=bytes(32))


def test_memory_does_not_grow_with_the_attachment() -> None:
    chunk_bytes, chunks = 64 * 1024, 128

    def stream() -> Iterator[bytes]:
        for _ in range(chunks):
            yield bytes(chunk_bytes)

    tracemalloc.start()
    try:
        sealed = encrypt_chunks(stream(), key=KEY, chunk_bytes=chunk_bytes)
        size = sum(map(len, decrypt_chunks(sealed, key=KEY, chunk_bytes=chunk_bytes)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size == chunks * chunk_bytes
    assert peak < 16 * chunk_bytes


def test_the_key_of_an_attachment_is_not_shown() -> None:
    secret = AttachmentSecret(
        digest="a" * 64, size_bytes=16, plain_digest="b" * 64, plain_bytes=0, chunk_bytes=1024, key=KEY
    )
    assert "key" not in repr(secret)
    assert AttachmentSecret.load(secret.as_document()) == secret
