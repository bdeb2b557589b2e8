"""The unlock secret of the key files, held by a token: it can be had while the token is there, and not else.

A key for agreement stays in the token. When the hub is made, a key pair is made beside it, its private half
used once and thrown away; what both agree on is the unlock secret. Its public half is kept, and the token
finds the same secret from it again (an ECDH key encapsulation, NIST SP 800-56A, section 6.2.2).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hub.envelope.encoding import b64u, unb64u
from hub.envelope.keys import point
from hub.errors import OurFault
from hub.records.ids import new_id
from keys.sealing import write_private
from keys.secret import Secret
from keys.token.making import Use, make_key, public_key
from keys.token.private_key import TokenKey
from keys.token.session import Token
from keys.token.store import token_id

_FORMAT: Final = "hub-unlock-token/1"
_NAME: Final = "unlock"
_UNCOMPRESSED: Final = b"\x04"


def make_unlock(token: Token, path: Path, *, agency: str) -> Secret:
    """Make a key in the token for the unlock secret, keep in a file what finds it again, and return it."""
    key_id = new_id()
    public = make_key(token, key_id=token_id(key_id), name=f"{_NAME}-{key_id}", use=Use.AGREE)
    once = ec.generate_private_key(ec.SECP256R1())
    document = {
        "format": _FORMAT,
        "agency": agency,
        "key": key_id,
        "public": b64u(point(public)),
        "sender": b64u(point(once.public_key())),
    }
    write_private(path, json.dumps(document, indent=2).encode() + b"\n")
    return _derived(once.exchange(ec.ECDH(), public), agency)


def find_unlock(token: Token, path: Path, *, agency: str) -> Secret:
    """Return the unlock secret that the token finds from what a file keeps.

    Raises OurFault `key-store-invalid` for the file, and TokenTrouble.
    """
    try:
        told = json.loads(path.read_bytes())
        if told["format"] != _FORMAT or told["agency"] != agency:
            raise ValueError(f"it is not of format {_FORMAT} for {agency}")
        key_id = told["key"]
        key = TokenKey(
            token,
            key_id=token_id(key_id),
            name=f"{_NAME}-{key_id}",
            public=public_key(_UNCOMPRESSED + unb64u(told["public"])),
        )
        sender = public_key(_UNCOMPRESSED + unb64u(told["sender"]))
    except OSError as error:
        raise OurFault("key-store-invalid", f"{path} cannot be read: {error.strerror}.") from None
    except (KeyError, TypeError, ValueError) as error:
        raise OurFault("key-store-invalid", f"{path} cannot be used: {error}.") from None
    return _derived(key.exchange(ec.ECDH(), sender), agency)


def _derived(shared: bytes, agency: str) -> Secret:
    info = f"{_FORMAT} {agency}".encode()
    found = HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(shared)
    # As text, like the secret of a home without a token: it may be kept in a file after a restore.
    return Secret(found.hex().encode())
