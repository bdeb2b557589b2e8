"""What was trusted stays as it was, on both databases."""

from __future__ import annotations

import hashlib

import pytest
import sqlalchemy

from hub.entries import TrustItem, TrustKind
from hub.errors import OurFault
from hub.ports import Store
from tests.storage import rows

CARD = b"{card}"
DIGEST = hashlib.sha256(CARD).hexdigest()


def test_an_item_is_found_under_the_digest_of_its_bytes(store: Store) -> None:
    with store.work() as work:
        digest = work.trust.keep(TrustKind.CARD, CARD)
        other = work.trust.keep(TrustKind.CRL, b"crl")
        assert work.trust.get(digest) == TrustItem(digest=DIGEST, kind=TrustKind.CARD, raw=CARD)
        work.commit()
    with store.read() as view:
        assert view.trust.get(DIGEST) == TrustItem(digest=DIGEST, kind=TrustKind.CARD, raw=CARD)
        assert view.trust.get("0" * 64) is None
        assert set(view.trust.items([DIGEST, other, "0" * 64])) == {DIGEST, other}
        assert view.trust.items([]) == {}


def test_an_item_is_kept_once_however_often_it_is_given(store: Store) -> None:
    for kind in (TrustKind.CARD, TrustKind.CARD, TrustKind.STATEMENT):
        with store.work() as work:
            assert work.trust.keep(kind, CARD) == DIGEST
            work.commit()
    with store.read() as view:
        item = view.trust.get(DIGEST)
    assert item is not None
    assert item.kind is TrustKind.CARD


def test_an_item_of_a_unit_that_was_rolled_back_is_not_there(store: Store) -> None:
    with store.work() as work:
        work.trust.keep(TrustKind.PIN, CARD)
    with store.read() as view:
        assert view.trust.get(DIGEST) is None


def test_a_view_keeps_nothing(store: Store) -> None:
    with store.read() as view, pytest.raises(OurFault):
        view.trust.keep(TrustKind.PIN, CARD)


def test_keeping_an_item_does_not_stand_for_an_audit_event(store: Store) -> None:
    with store.work() as work:
        work.trust.keep(TrustKind.PIN, CARD)
        work.directory.put_partner(rows.partner())
        with pytest.raises(OurFault) as failed:
            work.commit()
    assert failed.value.code == "audit-missing"


@pytest.mark.parametrize("change", ["UPDATE trust_items SET kind = 'pin'", "DELETE FROM trust_items"])
def test_the_database_itself_refuses_to_change_what_was_trusted(
    store: Store, database_url: str, change: str
) -> None:
    with store.work() as work:
        work.trust.keep(TrustKind.CARD, CARD)
        work.commit()
    engine = sqlalchemy.create_engine(database_url)
    with pytest.raises(sqlalchemy.exc.DBAPIError), engine.begin() as connection:
        connection.execute(sqlalchemy.text(change))
    engine.dispose()
    with store.read() as view:
        assert view.trust.get(DIGEST) is not None


@pytest.mark.parametrize("change", ["UPDATE cards SET agency = 'x'", "DELETE FROM cards"])
def test_the_database_itself_keeps_each_card_that_was_pinned(
    store: Store, database_url: str, change: str
) -> None:
    pinned = rows.partner()
    with rows.audited(store) as work:
        work.directory.put_partner(pinned)
    engine = sqlalchemy.create_engine(database_url)
    with pytest.raises(sqlalchemy.exc.DBAPIError), engine.begin() as connection:
        connection.execute(sqlalchemy.text(change))
    engine.dispose()
    with store.read() as view:
        assert view.directory.cards(pinned.agency) == [pinned.card]
