"""Write tests/vectors/as4/vectors.json: messages that open, receipts that count, and others with their code.

Run as `python -m tests.adapters.carriers.as4.write_vectors`. Keys are drawn anew, so every byte changes: only
when the carrier is meant to change.
"""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.serialization import Encoding

from adapters.carriers.as4.messages import pack, unpack
from adapters.carriers.as4.mime import read_parts
from adapters.carriers.as4.signals import write_receipt
from adapters.carriers.as4.signing import references_of
from adapters.carriers.as4.soap import read_envelope
from adapters.contract import Parcel
from tests.adapters.carriers.as4.ends import agreed
from tests.adapters.carriers.as4.forging import PARCEL, Forger, Message, receipts
from tests.adapters.seals.parties import NOW, Party, key_pem, party, rsa_key

VECTORS: Final = Path(__file__).parents[3] / "vectors" / "as4" / "vectors.json"
#: Vectors stay small; what a bomb comes to is made when it is tried.
_LARGEST: Final = 24_000


def _parties() -> dict[str, Party]:
    old = {"since": datetime(2020, 1, 1, tzinfo=UTC), "until": datetime(2021, 1, 1, tzinfo=UTC)}
    return {
        "kz-knb": party("kz-knb", rsa_key()),
        "de-bka": party("de-bka", rsa_key()),
        "stranger": party("stranger", rsa_key()),
        "expired": party("expired", rsa_key(), **old),
    }


def main() -> None:
    """Draw keys, and write all vectors."""
    by = _parties()
    us, them = by["kz-knb"], by["de-bka"]
    ours, theirs = agreed(us, them), agreed(them, us)
    stranger = agreed(by["stranger"], us, us=theirs.us)
    forger = Forger(ours=ours, theirs=theirs, stranger=stranger, at=NOW)
    sent = pack(PARCEL, ours, NOW)
    said = {
        "at": NOW.isoformat(),
        "parties": {
            name: {
                "key": key_pem(one.key).decode(),
                "certificate": one.certificate.public_bytes(Encoding.PEM).decode(),
            }
            for name, one in by.items()
        },
        "content": PARCEL.content.decode(),
        "accept": [_row("a message of the hub", forger.honest())],
        "reject": [
            _row(f"{one.sort}: {one.name}", message, code=one.code)
            for one in forger.messages()
            if len((message := one.make())[1]) < _LARGEST
        ],
        "sent": _row("a message of ours", sent),
        "receipt": b64encode(_receipt(sent, theirs)).decode(),
        "receipts": [
            {"name": one.name, "code": one.code, "raw": b64encode(one.raw).decode()}
            for one in receipts(forger, sent)
        ],
    }
    VECTORS.parent.mkdir(exist_ok=True)
    VECTORS.write_text(json.dumps(said, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _receipt(sent: Message, theirs: Any) -> bytes:
    message = unpack(*sent, theirs, NOW)
    assert message.references == references_of(read_envelope(read_parts(*sent).envelope))
    assert message.parcel == Parcel(parcel_id=PARCEL.parcel_id, content=PARCEL.content)
    return write_receipt(message.message_id, message.references, theirs, NOW)


def _row(name: str, message: Message, **more: str) -> dict[str, str]:
    return {"name": name, "type": message[0], "body": b64encode(message[1]).decode(), **more}


if __name__ == "__main__":
    main()
