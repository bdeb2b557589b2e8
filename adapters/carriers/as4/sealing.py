"""XML encryption of a message's parts: AES-128-GCM, its key by RSA-OAEP with SHA-256 (eDelivery AS4 1.15)."""

from __future__ import annotations

import base64
import os
import zlib
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import uuid4

from cryptography import x509
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from lxml.etree import _Element

from adapters.carriers.as4.names import (
    AES128_GCM,
    ATTACHMENT_CONTENT,
    DS,
    ENCRYPTED_KEY,
    GZIP,
    MGF1_SHA256,
    RSA_OAEP,
    SEALED_ATTACHMENT,
    SHA256,
    WSSE11,
    X509,
    XENC,
    XENC11,
)
from adapters.carriers.as4.signing import add_token, refer
from adapters.carriers.as4.soap import add, attribute, every, maybe, octets_of, one, tag
from adapters.reading import hostile, malformed
from hub.errors import IntegrityFailure, PeerFault

_KEY_BYTES: Final = 16
_NONCE_BYTES: Final = 12
_WINDOW_GZIP: Final = 31
_OAEP: Final = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)


def encrypt(
    security: _Element, parts: Mapping[str, bytes], recipient: x509.Certificate
) -> Mapping[str, bytes]:
    """Say in a header how parts are encrypted for a certificate, and return them so."""
    public = recipient.public_key()
    if not isinstance(public, rsa.RSAPublicKey):
        raise ValueError("AS4 encrypts for RSA keys")
    key = os.urandom(_KEY_BYTES)
    token = add_token(security, recipient)
    key_id, names = f"EK-{uuid4()}", {uri: f"ED-{uuid4()}" for uri in parts}
    wrapped = add(security, XENC, "EncryptedKey", Id=key_id)
    method = add(wrapped, XENC, "EncryptionMethod", Algorithm=RSA_OAEP)
    add(method, DS, "DigestMethod", Algorithm=SHA256)
    add(method, XENC11, "MGF", Algorithm=MGF1_SHA256)
    refer(add(wrapped, DS, "KeyInfo"), token, X509)
    value = base64.b64encode(public.encrypt(key, _OAEP)).decode()
    add(add(wrapped, XENC, "CipherData"), XENC, "CipherValue", value)
    listed = add(wrapped, XENC, "ReferenceList")
    sealed: dict[str, bytes] = {}
    for uri, content in parts.items():
        add(listed, XENC, "DataReference", URI=f"#{names[uri]}")
        _describe(security, uri, names[uri], key_id)
        nonce = os.urandom(_NONCE_BYTES)
        sealed[uri] = nonce + AESGCM(key).encrypt(nonce, content, None)
    return sealed


def _describe(security: _Element, uri: str, name: str, key_id: str) -> None:
    data = add(security, XENC, "EncryptedData", Id=name, MimeType=GZIP, Type=ATTACHMENT_CONTENT)
    add(data, XENC, "EncryptionMethod", Algorithm=AES128_GCM)
    reference = refer(add(data, DS, "KeyInfo"), f"#{key_id}", None)
    reference.set(f"{{{WSSE11}}}TokenType", ENCRYPTED_KEY)
    cipher = add(add(data, XENC, "CipherData"), XENC, "CipherReference", URI=uri)
    add(add(cipher, XENC, "Transforms"), DS, "Transform", Algorithm=SEALED_ATTACHMENT)


def decrypt(security: _Element, parts: Mapping[str, bytes], key: rsa.RSAPrivateKey) -> Mapping[str, bytes]:
    """Return parts as they were before; each must be encrypted, once. Raises `decryption-failed`."""
    wrapped = maybe(security, XENC, "EncryptedKey")
    if wrapped is None:
        raise _failed()
    _need_oaep(one(wrapped, XENC, "EncryptionMethod"))
    data = every(security, XENC, "EncryptedData")
    listed = [attribute(each, "URI") for each in _list(wrapped)]
    uris = [_uri(each) for each in data]
    if sorted(listed) != sorted(f"#{attribute(each, 'Id')}" for each in data):
        raise malformed("its encrypted key is for other parts than are said to be encrypted")
    if sorted(uris) != sorted(parts):
        raise IntegrityFailure("decryption-failed", "Expected every part to be encrypted, once.")
    try:
        secret = key.decrypt(octets_of(one(one(wrapped, XENC, "CipherData"), XENC, "CipherValue")), _OAEP)
        if len(secret) != _KEY_BYTES:
            raise _failed()
        cipher, sealed = AESGCM(secret), {uri: memoryview(parts[uri]) for uri in uris}
        return {
            uri: cipher.decrypt(each[:_NONCE_BYTES], each[_NONCE_BYTES:], None)
            for uri, each in sealed.items()
        }
    except (ValueError, InvalidTag):
        raise _failed() from None


def compress(content: bytes) -> bytes:
    """Return content as gzip; the same content always makes the same bytes."""
    packer = zlib.compressobj(6, zlib.DEFLATED, _WINDOW_GZIP)
    return packer.compress(content) + packer.flush()


def decompress(packed: bytes, max_bytes: int) -> bytes:
    """Return what one whole gzip member holds. Raises PeerFault `partner-document-too-large` before it is."""
    opener = zlib.decompressobj(_WINDOW_GZIP)
    try:
        content = opener.decompress(packed, max_bytes + 1)
    except zlib.error:
        raise malformed("its payload is not gzip") from None
    if len(content) > max_bytes:
        raise PeerFault(
            "partner-document-too-large", f"The payload has more than {max_bytes:,} bytes when it is opened."
        )
    if not opener.eof:
        raise malformed("its payload is gzip that was cut off")
    if opener.unused_data:
        raise hostile("something follows its compressed payload")
    return content


def _need_oaep(method: _Element) -> None:
    digest, mgf = maybe(method, DS, "DigestMethod"), maybe(method, XENC11, "MGF")
    named = [attribute(method, "Algorithm")] + [
        "" if each is None else attribute(each, "Algorithm") for each in (digest, mgf)
    ]
    if named != [RSA_OAEP, SHA256, MGF1_SHA256] or maybe(method, XENC, "OAEPparams") is not None:
        raise _failed()


def _list(wrapped: _Element) -> Sequence[_Element]:
    return every(one(wrapped, XENC, "ReferenceList"), XENC, "DataReference")


def _uri(data: _Element) -> str:
    """Return which part is encrypted; only as its content, and only in one way."""
    reference = one(one(data, XENC, "CipherData"), XENC, "CipherReference")
    transforms = one(reference, XENC, "Transforms")
    named = [attribute(each, "Algorithm") for each in transforms if each.tag == tag(DS, "Transform")]
    if attribute(one(data, XENC, "EncryptionMethod"), "Algorithm") != AES128_GCM:
        raise _failed()
    if attribute(data, "Type") != ATTACHMENT_CONTENT or named != [SEALED_ATTACHMENT]:
        raise malformed("a part of it is encrypted in another way than by its content")
    return attribute(reference, "URI")


def _failed() -> IntegrityFailure:
    return IntegrityFailure("decryption-failed", "The message does not open with our key and AES-128-GCM.")
