"""Attachments: encrypted in chunks that cannot be cut, moved, swapped or added to unseen.

The STREAM construction over AES-256-GCM: one key for each attachment; the nonce is seven zero bytes, the
chunk's number (4 bytes, big-endian) and a last byte that is 1 for the last chunk only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.envelope.manifest import CHUNK_TAG_BYTES
from hub.errors import IntegrityFailure

# The key is never used twice, so the prefix of the construction's nonce can be constant.
_PREFIX: Final = bytes(7)


def encrypt_chunks(parts: Iterable[bytes], *, key: bytes, chunk_bytes: int) -> Iterator[bytes]:
    """Encrypt a stream; yield chunks of `chunk_bytes` + 16 bytes, the last one shorter.

    The key must be fresh: a second stream under it would repeat nonces.
    """
    cipher = AESGCM(key)
    for number, (chunk, last) in enumerate(cut(parts, chunk_bytes)):
        yield cipher.encrypt(_nonce(number, last=last), chunk, None)


def encrypt_chunk(chunk: bytes | memoryview, *, key: bytes, number: int, last: bool) -> bytes:
    """Encrypt one chunk of a stream that comes in several goes, as `encrypt_chunks` would.

    Other content under a number that was encrypted before must never leave the hub.
    """
    return AESGCM(key).encrypt(_nonce(number, last=last), chunk, None)


def decrypt_chunks(parts: Iterable[bytes], *, key: bytes, chunk_bytes: int) -> Iterator[bytes]:
    """Decrypt a stream, however it was cut on the way; yield plaintext chunks.

    What was yielded is authentic; the whole is complete only when the iterator ends without IntegrityFailure
    `chunk-invalid`.
    """
    cipher = AESGCM(key)
    for number, (chunk, last) in enumerate(cut(parts, chunk_bytes + CHUNK_TAG_BYTES)):
        try:
            yield cipher.decrypt(_nonce(number, last=last), chunk, None)
        except InvalidTag:
            raise IntegrityFailure(
                "chunk-invalid", f"Chunk {number} of the attachment was altered, moved, swapped or cut."
            ) from None


def _nonce(number: int, *, last: bool) -> bytes:
    return _PREFIX + number.to_bytes(4, "big") + bytes([last])


def cut(parts: Iterable[bytes], size: int) -> Iterator[tuple[memoryview, bool]]:
    """Cut a stream into chunks of one size and tell which is the last; each holds only until the next."""
    chunk, filled = memoryview(bytearray(size)), 0
    for part in parts:
        rest = memoryview(part)
        while rest:
            # A full chunk is let go only when more has come: it may be the last.
            if filled == size:
                yield chunk, False
                filled = 0
            piece = rest[: size - filled]
            chunk[filled : filled + len(piece)] = piece
            filled, rest = filled + len(piece), rest[len(piece) :]
    yield chunk[:filled], True
