"""Onward passing after the originator changed its keys: those in force then count, those given up never."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.audit.events import Act
from hub.entries import RecordRow
from hub.envelope.keys import SigningKeys
from hub.envelope.passing import as_jws, as_object
from hub.envelope.sealing import read_signed, sign
from hub.exchange.cards.telling import tell_all
from hub.exchange.keys.changing import compromise, retire, rotate
from hub.exchange.passing.signers import keys_before
from hub.records.lifecycle import RecordState
from tests.exchange.hubs import CUSTODIAN, Hubs, LooseKeyring
from tests.exchange.keyed import Keyed, keyed
from tests.exchange.passages import A, B, C, consented, named, newest, offered, passed_on, sent, signed

pytestmark = pytest.mark.slow

_DAY_S = timedelta(days=1).total_seconds()


@dataclass(frozen=True, kw_only=True)
class Granted:
    """A record that the second hub may pass on to the third, signed before its originator's keys changed."""

    hubs: Hubs
    keyed: Keyed
    row: RecordRow
    details: Mapping[str, Any]
    keys: SigningKeys


@pytest.fixture
def granted(tmp_path: Path) -> Granted:
    hubs = Hubs(folder=tmp_path)
    a = keyed(hubs, A)
    for agency in (B, C):
        hubs.add(agency)
    hubs.pair_all()
    hubs.agree()
    row = sent(hubs)
    consent = consented(hubs, row)
    b = hubs.network.broker(B)
    details = {"record": named(row), "signed": signed(b, row), "consent": signed(b, consent)}
    return Granted(hubs=hubs, keyed=a, row=row, details=details, keys=a.broker.keyring.signing())


def rotated(granted: Granted, *purposes: str) -> list[str]:
    """Put fresh keys in use, which all partners learn of; return the ids of those of before."""
    a = granted.keyed
    before = [rotate(a.broker, a.custody, CUSTODIAN, purpose, now=True).before for purpose in purposes]
    tell(granted)
    return [key.key_id for key in before]


def tell(granted: Granted) -> None:
    granted.hubs.clock.pass_(1)
    assert tell_all(granted.keyed.broker) == ()


def retired(granted: Granted, *purposes: str) -> None:
    """Take signing keys back: they stand on no card any more."""
    gone = rotated(granted, *purposes)
    granted.hubs.clock.pass_(8 * _DAY_S)
    for key_id in gone:
        retire(granted.keyed.broker, granted.keyed.custody, CUSTODIAN, key_id)
    tell(granted)


def came(granted: Granted) -> RecordRow | None:
    return newest(granted.hubs.network.broker(C), granted.row)


@pytest.mark.parametrize("purposes", [("sign-es256",), ("sign-es256", "sign-ml-dsa-65")])
def test_what_was_signed_by_keys_that_were_rotated_since_is_passed_on(
    granted: Granted, purposes: tuple[str, ...]
) -> None:
    c = granted.hubs.network.broker(C)
    retired(granted, *purposes)
    passed_on(granted.hubs, granted.row)
    found = came(granted)
    assert found is not None
    assert (found.state, found.via, found.digest) == (RecordState.RECEIVED, B, granted.row.digest)
    with c.store.read() as view:
        events = [event for _, event in view.events_about([granted.row.record_id], limit=100)]
        before = keys_before(view, c.standings.of(view).partner(A))
    (entered,) = [event for event in events if event.act is Act.ADMITTED]
    assert before is not None
    assert granted.keys.es256_kid not in c.standing().partner(A).public.es256
    assert entered.details["card"] == before.cards[granted.keys.es256_kid]


@pytest.mark.parametrize("purpose", ["sign-es256", "sign-ml-dsa-65"])
def test_a_key_that_was_rotated_and_given_up_later_signed_nothing(granted: Granted, purpose: str) -> None:
    (key_id,) = rotated(granted, purpose)
    a = granted.keyed
    compromise(a.broker, a.custody, CUSTODIAN, key_id, why="found in an old backup")
    tell(granted)
    assert len(granted.keyed.broker.keyring.given_up()) == 1
    assert offered(granted.hubs, granted.details) == "key-given-up"
    assert came(granted) is None


def test_a_key_that_was_retired_and_given_up_years_later_signed_nothing(granted: Granted) -> None:
    (key_id,) = rotated(granted, "sign-es256")
    a = granted.keyed
    granted.hubs.clock.pass_(8 * _DAY_S)
    retire(a.broker, a.custody, CUSTODIAN, key_id)
    tell(granted)
    compromise(a.broker, a.custody, CUSTODIAN, key_id, why="a copy turned up")
    tell(granted)
    assert offered(granted.hubs, granted.details) == "key-given-up"


def test_a_current_key_that_was_given_up_signed_nothing_once_people_have_pinned_the_next_card(
    granted: Granted,
) -> None:
    a, c = granted.keyed, granted.hubs.network.broker(C)
    gone = compromise(a.broker, a.custody, CUSTODIAN, "sign-es256", why="a disk was stolen")
    granted.hubs.clock.pass_(1)
    granted.hubs.pair(c, a.broker)
    assert gone.kid in c.standing().partner(A).card.given_up
    assert offered(granted.hubs, granted.details) == "key-given-up"
    assert came(granted) is None


def test_what_is_dated_later_than_its_key_was_taken_back_is_refused(granted: Granted) -> None:
    retired(granted, "sign-es256", "sign-ml-dsa-65")
    granted.hubs.clock.pass_(_DAY_S)
    manifest, content = read_signed(as_jws(granted.details["signed"]))
    now = granted.hubs.clock.now()
    later = replace(manifest, created_at=now, expires_at=now + timedelta(days=1))
    forged = as_object(sign(later, content, granted.keys).raw)
    assert offered(granted.hubs, {**granted.details, "signed": forged}) == "key-not-in-force"
    assert offered(granted.hubs, granted.details) is None


def test_a_pin_that_people_renewed_with_other_keys_ends_what_was_before(granted: Granted) -> None:
    a = granted.keyed.broker
    granted.hubs.clock.pass_(_DAY_S)
    rebuilt = replace(a, keyring=LooseKeyring(A, 200))
    c = granted.hubs.network.broker(C)
    granted.hubs.pair(c, rebuilt)
    with c.store.read() as view:
        assert keys_before(view, c.standings.of(view).partner(A)) is None
    assert offered(granted.hubs, granted.details) == "key-unknown"
