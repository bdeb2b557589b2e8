"""Sealed documents that were written once open the same, and what was refused once is refused the same."""

from __future__ import annotations

import json
from base64 import b64decode
from datetime import datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from adapters.seals.smime import SmimeSeal
from hub.errors import HubError
from tests.adapters.seals.parties import Party
from tests.adapters.seals.write_vectors import VECTORS

SAID: dict[str, Any] = json.loads(VECTORS.read_text(encoding="utf-8"))


def seal(row: dict[str, Any]) -> SmimeSeal:
    us, them = (_party(row[side]) for side in ("us", "them"))
    return us.to(them, bound=row["bound"], at=datetime.fromisoformat(SAID["at"]))


def _party(name: str) -> Party:
    said = SAID["parties"][name]
    key = load_pem_private_key(said["key"].encode(), None)
    certificate = x509.load_pem_x509_certificate(said["certificate"].encode())
    return Party(name=name, key=key, certificate=certificate)  # type: ignore[arg-type]


@pytest.mark.parametrize("row", SAID["accept"], ids=lambda row: row["name"])
def test_it_opens(row: dict[str, Any]) -> None:
    opened = seal(row).open(b64decode(row["sealed"]))
    assert opened.document.decode() == SAID["document"]
    assert opened.signer.startswith(f"CN={row['them']} ")


@pytest.mark.parametrize("row", SAID["reject"], ids=lambda row: row["name"])
def test_it_is_refused(row: dict[str, Any]) -> None:
    with pytest.raises(HubError) as failure:
        seal(row).open(b64decode(row["sealed"]))
    assert failure.value.code == row["code"]
