"""Officers sign in with a password and a fresh code; what fails says nothing of why, except to auditors."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pyotp
import pytest

from hub.audit.events import Act, AuditEvent
from hub.entries import OfficerRow
from hub.errors import Refused
from hub.exchange import accounts
from hub.exchange.accounts import (
    Enrolment,
    add_officer,
    authenticate,
    change_roles,
    reset,
    set_active,
    sign_in,
)
from hub.exchange.broker import Broker
from hub.records.actor import ActorKind, Role
from tests.exchange.hubs import CUSTODIAN, START, Hubs, officer

PASSWORD = "Қар жауған түн 2026"
OTHER = "another-pass-phrase"
FULL, NOBODY = accounts._HASHER, accounts._NOBODY  # before tests make them light


@pytest.fixture
def broker(hubs: Hubs) -> Broker:
    return hubs.add("kz-knb")


@pytest.fixture
def aigul(broker: Broker) -> Enrolment:
    return add_officer(broker, CUSTODIAN, name="aigul", password=PASSWORD, roles=[Role.DRAFTER, Role.READER])


def code(enrolment: Enrolment, broker: Broker, *, steps: int = 0) -> str:
    """Return what the officer's authenticator shows now, or some steps from now."""
    totp = pyotp.parse_uri(enrolment.totp_uri)
    assert isinstance(totp, pyotp.TOTP)
    return totp.at(broker.clock.now(), counter_offset=steps)


def stored(broker: Broker, name: str = "aigul") -> OfficerRow:
    with broker.store.read() as view:
        row = view.directory.officer(name)
    assert row is not None
    return row


def events(broker: Broker) -> list[AuditEvent]:
    with broker.store.read() as view:
        return [event for _, event in view.events(after=0, limit=1000)]


def refused(broker: Broker, *, name: str = "aigul", password: str = PASSWORD, code: str) -> str:
    """Try to sign in; return what the audit event says was wrong."""
    with pytest.raises(Refused) as caught:
        authenticate(broker, name=name, password=password, code=code)
    assert caught.value.code == "credentials-invalid"
    last = events(broker)[-1]
    assert last.act is Act.LOGIN_FAILED
    reason = last.details["reason"]
    used = "That code was used already; wait for the next one."
    same = "The name, the password or the code is not right, or the account is locked."
    assert caught.value.sentence == (used if reason == "code-replayed" else same)
    return reason


def test_password_and_code_make_an_actor_with_the_officers_roles(broker: Broker, aigul: Enrolment) -> None:
    actor = authenticate(broker, name="aigul", password=PASSWORD, code=code(aigul, broker))
    assert (actor.kind, actor.id, actor.agency) == (ActorKind.OFFICER, "aigul", "kz-knb")
    assert actor.roles == {Role.DRAFTER, Role.READER}
    assert [event.act for event in events(broker)] == [Act.OFFICER_CHANGED, Act.LOGIN]


def test_the_store_holds_neither_password_nor_secret(broker: Broker, aigul: Enrolment) -> None:
    row = stored(broker)
    secret = pyotp.parse_uri(aigul.totp_uri).secret
    assert secret.encode() not in row.totp.ciphertext
    assert PASSWORD not in repr(row)
    assert secret not in repr(aigul)


def test_the_uri_names_officer_and_hub_for_the_authenticator(aigul: Enrolment) -> None:
    totp = pyotp.parse_uri(aigul.totp_uri)
    assert (totp.name, totp.issuer) == ("aigul", "hub kz-knb")
    assert len(totp.secret) == 32


def test_a_wrong_password_is_refused(broker: Broker, aigul: Enrolment) -> None:
    assert refused(broker, password=OTHER, code=code(aigul, broker)) == "password"


def test_a_wrong_code_is_refused(broker: Broker, aigul: Enrolment) -> None:
    right = code(aigul, broker)
    wrong = ("1" if right[0] != "1" else "2") + right[1:]
    assert refused(broker, code=wrong) == "code"
    assert refused(broker, code="кодтар") == "code"
    assert refused(broker, code="") == "code"


def test_an_unknown_name_is_refused_and_not_written_down(broker: Broker, aigul: Enrolment) -> None:
    assert refused(broker, name="my-secret-typed-here", code=code(aigul, broker)) == "unknown"
    assert "my-secret-typed-here" not in repr(events(broker))


def test_codes_of_the_neighbouring_steps_are_taken(broker: Broker, aigul: Enrolment) -> None:
    for steps in (-1, 0, 1):
        shown = code(aigul, broker, steps=steps)
        assert authenticate(broker, name="aigul", password=PASSWORD, code=shown)


def test_codes_from_further_away_are_not(broker: Broker, aigul: Enrolment) -> None:
    for steps in (-2, 2):
        assert refused(broker, code=code(aigul, broker, steps=steps)) == "code"


def test_a_code_is_taken_once(broker: Broker, aigul: Enrolment) -> None:
    shown = code(aigul, broker)
    authenticate(broker, name="aigul", password=PASSWORD, code=shown)
    assert refused(broker, code=shown) == "code-replayed"


def test_a_code_older_than_one_that_was_used_is_refused(broker: Broker, aigul: Enrolment) -> None:
    authenticate(broker, name="aigul", password=PASSWORD, code=code(aigul, broker))
    assert refused(broker, code=code(aigul, broker, steps=-1)) == "code-replayed"


def test_too_many_failures_lock_their_address_out_for_a_while(
    broker: Broker, aigul: Enrolment, hubs: Hubs
) -> None:
    for _ in range(broker.limits.login_failures_max - 1):
        assert refused(broker, password=OTHER, code="000000") == "password"
    assert refused(broker, password=OTHER, code="000000") == "password, now locked"
    assert refused(broker, code=code(aigul, broker)) == "locked"
    hubs.clock.pass_(broker.limits.login_lock_s - 1)
    assert refused(broker, code=code(aigul, broker)) == "locked"
    hubs.clock.pass_(1)
    assert authenticate(broker, name="aigul", password=PASSWORD, code=code(aigul, broker))
    assert stored(broker).locked_until is None


def from_address(broker: Broker, address: str, *, password: str = PASSWORD, code: str) -> str:
    """Sign in from an address; return what the audit event says was wrong, or nothing."""
    try:
        sign_in(broker, name="aigul", password=password, code=code, address=address)
    except Refused:
        return events(broker)[-1].details["reason"]
    return ""


def test_a_strangers_guesses_do_not_lock_the_officer_out(
    broker: Broker, aigul: Enrolment, hubs: Hubs
) -> None:
    for _ in range(3 * broker.limits.login_failures_max):
        from_address(broker, "192.0.2.7", password=OTHER, code="000000")
    assert stored(broker).locked_until is not None
    assert from_address(broker, "192.0.2.7", code=code(aigul, broker)) == "locked"
    assert from_address(broker, "198.51.100.4", code=code(aigul, broker)) == ""
    hubs.clock.pass_(60)
    assert from_address(broker, "192.0.2.7", code=code(aigul, broker)) == "locked"
    assert events(broker)[-1].details["address"] == "192.0.2.7"


def test_a_lock_ends_by_itself_although_guessing_goes_on(
    broker: Broker, aigul: Enrolment, hubs: Hubs
) -> None:
    for _ in range(broker.limits.login_failures_max):
        from_address(broker, "192.0.2.7", password=OTHER, code="000000")
    hubs.clock.pass_(broker.limits.login_lock_s - 1)
    assert from_address(broker, "192.0.2.7", password=OTHER, code="000000") == "locked"
    hubs.clock.pass_(1)
    assert from_address(broker, "192.0.2.7", password=OTHER, code="000000") == "password"
    assert from_address(broker, "192.0.2.7", code=code(aigul, broker)) == ""


def test_a_custodian_lifts_the_locks_of_all_addresses(broker: Broker, aigul: Enrolment, hubs: Hubs) -> None:
    for address in ("192.0.2.7", "192.0.2.8"):
        for _ in range(broker.limits.login_failures_max):
            from_address(broker, address, password=OTHER, code="000000")
    assert from_address(broker, "198.51.100.4", code=code(aigul, broker)) == ""
    assert stored(broker).locked_until is None
    accounts.lift_lock(broker, CUSTODIAN, name="aigul")
    for address in ("192.0.2.7", "192.0.2.8"):
        hubs.clock.pass_(60)
        assert from_address(broker, address, code=code(aigul, broker)) == ""


def test_what_changes_an_account_begins_a_new_epoch(broker: Broker, aigul: Enrolment) -> None:
    assert stored(broker).epoch == 0
    change_roles(broker, CUSTODIAN, name="aigul", roles=[Role.READER])
    assert stored(broker).epoch == 1
    set_active(broker, CUSTODIAN, name="aigul", active=False)
    set_active(broker, CUSTODIAN, name="aigul", active=True)
    assert stored(broker).epoch == 3
    accounts.lift_lock(broker, CUSTODIAN, name="aigul")
    assert stored(broker).epoch == 3
    renewed = reset(broker, CUSTODIAN, name="aigul", password=OTHER)
    assert stored(broker).epoch == 4
    shown = code(renewed, broker)
    assert sign_in(broker, name="aigul", password=OTHER, code=shown, address="192.0.2.7").epoch == 4


def test_wrong_and_replayed_codes_count_as_failures(broker: Broker, aigul: Enrolment) -> None:
    shown = code(aigul, broker)
    authenticate(broker, name="aigul", password=PASSWORD, code=shown)
    assert refused(broker, code="000000") == "code"
    assert refused(broker, code=shown) == "code-replayed"
    assert stored(broker).failed_logins == 2
    assert [event.subject for event in events(broker)][-2:] == ["aigul", "aigul"]


def test_a_success_forgets_the_failures_before_it(broker: Broker, aigul: Enrolment) -> None:
    refused(broker, password=OTHER, code="000000")
    assert stored(broker).failed_logins == 1
    authenticate(broker, name="aigul", password=PASSWORD, code=code(aigul, broker))
    assert stored(broker).failed_logins == 0


def test_a_custodian_lifts_a_lock(broker: Broker, aigul: Enrolment) -> None:
    for _ in range(broker.limits.login_failures_max):
        refused(broker, password=OTHER, code="000000")
    accounts.lift_lock(broker, CUSTODIAN, name="aigul")
    assert authenticate(broker, name="aigul", password=PASSWORD, code=code(aigul, broker))


def test_the_same_password_in_another_unicode_form_is_the_same(broker: Broker) -> None:
    enrolment = add_officer(
        broker, CUSTODIAN, name="bolat", password="Nurs\u0131\u0306ltan-2026", roles=[Role.RELEASER]
    )
    typed = "Nursı\u0306ltan-2026"
    assert authenticate(broker, name="bolat", password=typed, code=code(enrolment, broker))
    composed = add_officer(broker, CUSTODIAN, name="dana", password="й-кириллица-2026", roles=[Role.READER])
    assert authenticate(broker, name="dana", password="и\u0306-кириллица-2026", code=code(composed, broker))


def test_passwords_are_hashed_with_the_full_work(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "_HASHER", FULL)
    row = add_officer(broker, CUSTODIAN, name="aigul", password=PASSWORD, roles=[Role.READER]).officer
    assert row.password_hash.startswith("$argon2id$v=19$m=32768,t=3,p=1$")
    assert not FULL.check_needs_rehash(NOBODY)


@pytest.mark.slow
def test_an_unknown_name_takes_as_long_as_a_wrong_password(hubs: Hubs) -> None:
    broker = hubs.add("kz-knb")
    patient = replace(broker, limits=replace(broker.limits, login_failures_max=1000))
    add_officer(patient, CUSTODIAN, name="aigul", password=PASSWORD, roles=[Role.READER])

    def took(name: str) -> float:
        began = time.thread_time()  # what other processes take of the machine is not counted
        with pytest.raises(Refused):
            authenticate(patient, name=name, password=OTHER, code="000000")
        return time.thread_time() - began

    times = [(took("aigul"), took("nobody")) for _ in range(7)]
    known, unknown = (statistics.median(each) for each in zip(*times, strict=True))
    assert 0.5 < known / unknown < 2


def test_a_name_of_another_form_is_refused(broker: Broker) -> None:
    for name in ("", "a", "Aigul", "9lives", "айгуль", "a" * 65, "a b"):
        with pytest.raises(Refused) as caught:
            add_officer(broker, CUSTODIAN, name=name, password=PASSWORD, roles=[Role.READER])
        assert caught.value.code == "request-invalid"


def test_a_password_too_short_or_too_long_is_refused(broker: Broker) -> None:
    for password in ("", "elevenchars", "x" * 1025):
        with pytest.raises(Refused, match="12 to 1024") as caught:
            add_officer(broker, CUSTODIAN, name="aigul", password=password, roles=[Role.READER])
        assert caught.value.code == "request-invalid"


def test_an_officer_needs_a_role(broker: Broker) -> None:
    with pytest.raises(Refused, match="role") as caught:
        add_officer(broker, CUSTODIAN, name="aigul", password=PASSWORD, roles=[])
    assert caught.value.code == "request-invalid"


def test_a_name_is_given_once(broker: Broker, aigul: Enrolment) -> None:
    with pytest.raises(Refused) as caught:
        add_officer(broker, CUSTODIAN, name="aigul", password=OTHER, roles=[Role.READER])
    assert caught.value.code == "conflict"


def test_new_roles_hold_from_the_next_login(broker: Broker, aigul: Enrolment) -> None:
    change_roles(broker, CUSTODIAN, name="aigul", roles=[Role.AUDITOR])
    actor = authenticate(broker, name="aigul", password=PASSWORD, code=code(aigul, broker))
    assert actor.roles == {Role.AUDITOR}
    assert events(broker)[1].details == {
        "change": "roles-changed",
        "roles": "auditor",
        "clearance": "restricted",
    }


def test_a_closed_account_is_refused_until_it_is_opened(broker: Broker, aigul: Enrolment) -> None:
    set_active(broker, CUSTODIAN, name="aigul", active=False)
    assert refused(broker, code=code(aigul, broker)) == "closed"
    set_active(broker, CUSTODIAN, name="aigul", active=True)
    assert authenticate(broker, name="aigul", password=PASSWORD, code=code(aigul, broker))


def test_a_reset_gives_a_new_secret_and_password_and_lifts_a_lock(broker: Broker, aigul: Enrolment) -> None:
    for _ in range(broker.limits.login_failures_max):
        refused(broker, password=OTHER, code="000000")
    renewed = reset(broker, CUSTODIAN, name="aigul", password=OTHER)
    assert renewed.totp_uri != aigul.totp_uri
    assert refused(broker, password=PASSWORD, code=code(renewed, broker)) == "password"
    assert refused(broker, password=OTHER, code=code(aigul, broker)) == "code"
    assert authenticate(broker, name="aigul", password=OTHER, code=code(renewed, broker))


def test_nothing_changed_leaves_no_event(broker: Broker, aigul: Enrolment) -> None:
    before = len(events(broker))
    set_active(broker, CUSTODIAN, name="aigul", active=True)
    assert len(events(broker)) == before


def test_accounts_of_nobody_are_not_changed(broker: Broker) -> None:
    with pytest.raises(Refused) as caught:
        set_active(broker, CUSTODIAN, name="nobody", active=False)
    assert caught.value.code == "not-found"


def test_a_custodian_does_not_change_their_own_account(broker: Broker) -> None:
    add_officer(broker, CUSTODIAN, name="saule", password=PASSWORD, roles=[Role.CUSTODIAN])
    saule = officer("saule", Role.CUSTODIAN)
    with pytest.raises(Refused) as caught:
        change_roles(broker, saule, name="saule", roles=list(Role))
    assert caught.value.code == "four-eyes"


def test_only_custodians_change_accounts(broker: Broker, aigul: Enrolment) -> None:
    operator = officer("daniyar", Role.OPERATOR, Role.RELEASER)
    attempts: list[Callable[[], object]] = [
        lambda: add_officer(broker, operator, name="x1", password=PASSWORD, roles=[Role.READER]),
        lambda: change_roles(broker, operator, name="aigul", roles=[Role.READER]),
        lambda: set_active(broker, operator, name="aigul", active=False),
        lambda: reset(broker, operator, name="aigul", password=OTHER),
        lambda: accounts.lift_lock(broker, operator, name="aigul"),
    ]
    for attempt in attempts:
        with pytest.raises(Refused) as caught:
            attempt()
        assert caught.value.code == "role-missing"
    assert stored(broker) == aigul.officer
    assert aigul.officer.added_at == START


def test_one_code_opens_one_session_however_many_try_at_once(broker: Broker, aigul: Enrolment) -> None:
    shown, start = code(aigul, broker), threading.Barrier(4)

    def sign_in() -> bool:
        start.wait()
        try:
            authenticate(broker, name="aigul", password=PASSWORD, code=shown)
        except Refused:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        outcomes = [future.result() for future in [pool.submit(sign_in) for _ in range(4)]]
    assert sorted(outcomes) == [False, False, False, True]


def test_a_used_code_is_told_to_whom_the_password_is_known_alone(broker: Broker, aigul: Enrolment) -> None:
    shown = code(aigul, broker)
    authenticate(broker, name="aigul", password=PASSWORD, code=shown)
    for password, told in ((PASSWORD, True), (OTHER, False)):
        with pytest.raises(Refused) as caught:
            authenticate(broker, name="aigul", password=password, code=shown)
        assert caught.value.code == "credentials-invalid"
        assert ("used already" in caught.value.sentence) is told
