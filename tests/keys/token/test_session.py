"""A token that goes and comes back, a fork, many threads, and a refused PIN that is never shown twice."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from keys.secret import Secret
from keys.token.examining import FIXES
from keys.token.faults import SENTENCES, TokenTrouble, Trouble
from keys.token.making import Use
from keys.token.private_key import TokenKey
from keys.token.session import Token, TokenAddress
from tests.keys.token.conftest import Seconds, token_of
from tests.keys.token.test_private_key import made
from tests.servers.softhsm import SoftHsm

ES256 = ec.ECDSA(hashes.SHA256())


def trouble(work: Callable[[], object]) -> TokenTrouble:
    with pytest.raises(TokenTrouble) as raised:
        work()
    return raised.value


def signs(key: TokenKey) -> bool:
    key.public_key().verify(key.sign(b"told", ES256), b"told", ES256)
    return True


def test_a_token_that_vanishes_says_so_and_works_when_it_is_back(
    token: Token, hsm: SoftHsm, seconds: Seconds
) -> None:
    key, agrees = made(token, Use.SIGN), made(token, Use.AGREE)
    assert signs(key)
    for _ in range(2):
        hsm.take_away()
        found = trouble(lambda: key.sign(b"told", ES256))
        assert found.code == "token-unavailable"
        assert found.details["retry_after_s"] == 5
        hsm.put_back()
        again = trouble(lambda: key.sign(b"told", ES256))
        assert again is not found, "an exception belongs to one raising of it"
        assert again.sentence == found.sentence, "it rests for a second"
        assert token.failure() is not None
        seconds.now += 1.0
        assert signs(key)
        assert token.failure() is None
        other = ec.generate_private_key(ec.SECP256R1())
        assert agrees.exchange(ec.ECDH(), other.public_key())


def test_a_token_that_was_away_at_the_start_is_found_later(
    token: Token, hsm: SoftHsm, seconds: Seconds
) -> None:
    key = made(token, Use.SIGN)
    late = token_of(hsm, seconds)
    key = TokenKey(late, key_id=key._id, name="late", public=key.public_key())
    hsm.take_away()
    assert trouble(lambda: key.sign(b"told", ES256)).code == "token-unavailable"
    hsm.put_back()
    seconds.now += 1.0
    assert signs(key)


def test_a_session_survives_a_fork_on_both_sides(token: Token) -> None:
    key = made(token, Use.SIGN)
    assert signs(key)
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if signs(key) else 1)
        finally:
            os._exit(2)
    assert signs(key)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert signs(key)


def test_many_threads_take_turns(token: Token) -> None:
    key, agrees = made(token, Use.SIGN), made(token, Use.AGREE)
    other = ec.generate_private_key(ec.SECP256R1())
    expected = other.exchange(ec.ECDH(), agrees.public_key())
    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(lambda _n: signs(key), range(64)))
        shared = threads.map(lambda _n: agrees.exchange(ec.ECDH(), other.public_key()), range(64))
        assert set(shared) == {expected}


def test_a_refused_pin_is_shown_once(hsm: SoftHsm, seconds: Seconds) -> None:
    wrong = token_of(hsm, seconds, pin="not-the-pin")
    for _ in range(20):
        found = wrong.failure()
        assert found is not None
        assert (found.trouble, found.code) == (Trouble.PIN_WRONG, "token-pin-refused")
        seconds.now += 60.0
    assert token_of(hsm, seconds).failure() is None, "twenty tries would have locked it"


def test_a_token_without_a_pin_says_so(hsm: SoftHsm, seconds: Seconds) -> None:
    hsm.add_token("unset", set_pin=False)
    found = token_of(hsm, seconds, label="unset").failure()
    assert found is not None
    assert found.trouble is Trouble.PIN_UNSET


def test_what_is_missing_is_named(hsm: SoftHsm, seconds: Seconds, tmp_path: Path) -> None:
    found = token_of(hsm, seconds, label="elsewhere").failure()
    assert found is not None
    assert (found.trouble, "elsewhere" in found.sentence) == (Trouble.TOKEN_MISSING, True)
    nowhere = Token(TokenAddress(module=tmp_path / "none.so", label="x"), lambda: Secret(b"1234"))
    found = nowhere.failure()
    assert found is not None
    assert found.trouble is Trouble.MODULE_MISSING
    (tmp_path / "text.so").write_text("no module")
    found = Token(TokenAddress(module=tmp_path / "text.so", label="x"), lambda: Secret(b"1234")).failure()
    assert found is not None
    assert found.trouble is Trouble.MODULE_MISSING


def test_two_tokens_of_one_label_are_neither(hsm: SoftHsm, token: Token) -> None:
    hsm.add_token("hub kz-knb")
    found = token.failure()
    assert found is not None
    assert found.trouble is Trouble.TOKEN_AMBIGUOUS


def test_a_secret_is_overwritten_and_never_shown() -> None:
    held = bytearray(b"hunter2hunter2")
    secret = Secret(held)
    assert "hunter" not in f"{secret!r} {secret}"
    assert (secret.text(), len(secret)) == ("hunter2hunter2", 14)
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    secret.wipe()
    assert (bytes(held), len(secret)) == (b"", 0)


def test_closing_forgets_the_pin(token: Token) -> None:
    assert token.failure() is None
    token.close()
    assert token._pin is None


def test_every_trouble_has_a_sentence_and_says_what_to_do() -> None:
    assert set(FIXES) == set(SENTENCES) == set(Trouble)
    for trouble in Trouble:
        found = TokenTrouble(trouble, module="M", label="L", told="T")
        assert found.code in ("token-unavailable", "token-pin-refused")
        assert "{" not in found.sentence
