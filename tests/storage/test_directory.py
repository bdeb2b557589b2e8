from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from hub.entries import LoginFailures, PartnerStatus, ProposalRow
from hub.errors import HubError
from hub.ports import Store
from hub.records.actor import Role
from tests.storage import rows


def test_partners_members_and_officers_come_back_as_they_were_stored(store: Store) -> None:
    partners = [
        rows.partner(agency=name, via="cis-atc", relay_for=("by-kgb",)) for name in ("de-bka", "kg-gknb")
    ]
    members = [rows.member(agency=name) for name in ("kz-border", "kz-mvd")]
    officers = [rows.officer(name=name, locked_until=rows.at(9)) for name in ("aigul", "dauren")]
    with rows.audited(store) as work:
        for partner in reversed(partners):
            work.directory.put_partner(partner)
        for member in reversed(members):
            work.directory.put_member(member)
        for officer in reversed(officers):
            work.directory.put_officer(officer)
    with store.read() as view:
        directory = view.directory
        assert directory.partners() == partners
        assert directory.partner("kg-gknb") == partners[1]
        assert directory.partner("xx-yyy") is None
        assert directory.members() == members
        assert directory.member("kz-mvd") == members[1]
        assert directory.member("xx-yyy") is None
        assert directory.officers() == officers
        assert directory.officer("dauren") == officers[1]
        assert directory.officer("nobody") is None


def test_putting_again_replaces(store: Store) -> None:
    changed = rows.partner(status=PartnerStatus.SUSPENDED, url=None, suites=("classic-1",))
    with rows.audited(store) as work:
        work.directory.put_partner(rows.partner())
        work.directory.put_partner(changed)
        work.directory.put_member(rows.member())
        work.directory.put_member(rows.member(scopes=()))
    with store.read() as view:
        assert view.directory.partners() == [changed]
        assert view.directory.cards(changed.agency) == [changed.card]
        assert view.directory.members() == [rows.member(scopes=())]


def test_a_card_that_another_replaced_is_kept(store: Store) -> None:
    first, second = (
        rows.partner(card=name, fingerprint=name.decode() * 32, pinned_at=rows.at(n))
        for n, name in enumerate((b"b1", b"a2"))
    )
    for row in (first, second, first):
        with rows.audited(store) as work:
            work.directory.put_partner(row)
    with store.read() as view:
        assert view.directory.partner(first.agency) == first
        assert view.directory.cards(first.agency) == [first.card, second.card]
        assert view.directory.cards("nobody-here") == []


def test_the_agreement_adopted_last_is_in_force(store: Store) -> None:
    versions = [rows.agreement(version=n, adopted_at=rows.at(n)) for n in (1, 2, 3)]
    again = rows.agreement(version=4, adopted_at=rows.at(2.5))
    other = rows.agreement(agreement_id="sco-2001")
    with rows.audited(store) as work:
        for row in (*versions, again, other):
            work.directory.put_agreement(row)
    with store.read() as view:
        assert view.directory.agreements() == [versions[2], other]


def test_a_version_of_an_agreement_is_adopted_once(store: Store) -> None:
    with rows.audited(store) as work:
        work.directory.put_agreement(rows.agreement())
    with store.work() as work, pytest.raises(HubError) as refused:
        work.directory.put_agreement(rows.agreement(source="[other]"))
    assert refused.value.code == "conflict"


def test_old_versions_of_an_agreement_are_kept_in_order(store: Store) -> None:
    first, second = rows.agreement(), rows.agreement(version=2, adopted_at=rows.at(5))
    with rows.audited(store) as work:
        for row in (second, first):
            work.directory.put_agreement(row)
    with store.read() as view:
        assert view.directory.agreement_versions(first.agreement_id) == [first, second]
        assert view.directory.agreements() == [second]
        assert view.directory.agreement_versions("other") == []


def test_a_proposal_is_replaced_and_changes_nobodys_standing(store: Store) -> None:
    row = ProposalRow(
        agreement_id="cis-1999",
        version=2,
        source="[flows]",
        digest=bytes(32),
        proposed_by="officer:dana",
        proposed_at=rows.at(1),
    )
    approved = replace(row, approved_by="officer:erlan", approved_at=rows.at(2))
    with rows.audited(store) as work:
        before = work.directory.generation()
        work.directory.put_proposal(row)
        work.directory.put_proposal(approved)
        assert work.directory.generation() == before
    with store.read() as view:
        assert view.directory.proposals() == [approved]
    with rows.fails("audit-missing"), store.work() as work:
        work.directory.put_proposal(row)
        work.commit()


def test_every_change_of_the_directory_gives_a_new_generation(store: Store) -> None:
    seen = set()
    with rows.audited(store) as work:
        changes: list[Callable[[], None]] = [
            lambda: work.directory.put_partner(rows.partner()),
            lambda: work.directory.put_member(rows.member()),
            lambda: work.directory.put_officer(rows.officer()),
            lambda: work.directory.put_agreement(rows.agreement()),
        ]
        for change in changes:
            seen.add(work.directory.generation())
            change()
        seen.add(work.directory.generation())
    assert len(seen) == 5
    with store.read() as view:
        assert view.directory.generation() == max(seen)


def test_login_counters_are_bookkeeping_and_roles_are_not(store: Store) -> None:
    account = rows.officer()
    with rows.audited(store) as work:
        work.directory.put_officer(account)
        generation = work.directory.generation()
    tried = replace(account, failed_logins=2, last_totp_step=77, locked_until=rows.at(1))
    with store.work() as work:
        work.directory.put_officer(tried)
        work.commit()
    with store.read() as view:
        assert view.directory.officer("aigul") == tried
        assert view.directory.generation() == generation
    with rows.fails("audit-missing"), store.work() as work:
        work.directory.put_officer(replace(tried, roles=frozenset({Role.OPERATOR})))
        work.commit()


def test_failed_logins_at_the_same_time_are_all_counted(store: Store) -> None:
    with rows.audited(store) as work:
        work.directory.put_officer(rows.officer())

    def fail(_: int) -> None:
        with store.work() as work:
            account = work.directory.officer("aigul")
            assert account is not None
            work.directory.put_officer(replace(account, failed_logins=account.failed_logins + 1))
            work.commit()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(fail, range(20)))
    with store.read() as view:
        account = view.directory.officer("aigul")
    assert account is not None
    assert account.failed_logins == 20


def test_failed_logins_are_kept_for_each_address_and_forgotten_as_asked(store: Store) -> None:
    failed = [
        LoginFailures(name=name, address=address, failures=1, last_at=rows.at(n))
        for n, (name, address) in enumerate([("aigul", "a"), ("aigul", "b"), ("aigul", "c"), ("dana", "a")])
    ]
    with store.work() as work:  # bookkeeping: no event
        for row in failed:
            work.directory.put_login_failures(row)
        more = replace(failed[1], failures=2)
        work.directory.put_login_failures(more)
        work.commit()

    def left() -> list[LoginFailures | None]:
        with store.read() as view:
            return [view.directory.login_failures(row.name, row.address) for row in failed]

    def forget(**told: Any) -> None:
        with store.work() as work:
            work.directory.forget_login_failures("aigul", **told)
            work.commit()

    assert left() == [failed[0], more, failed[2], failed[3]]
    forget(before=rows.at(1))
    assert left() == [None, more, failed[2], failed[3]]
    forget(address="b")
    assert left() == [None, None, failed[2], failed[3]]
    forget()
    assert left() == [None, None, None, failed[3]]
