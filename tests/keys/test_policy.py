"""Which algorithm and which place each purpose may have: a table, and what it does not allow is refused."""

from __future__ import annotations

import pytest

from hub.errors import Refused
from keys.inventory import Where
from keys.policy import RULES, KeyPolicy, policy_of
from keys.purposes import ALGORITHMS, Algorithm, Purpose

IN_TOKEN = {Purpose.SIGN_ES256, Purpose.DECRYPT_P256, Purpose.TOKEN_ES256, Purpose.TLS_AUTHORITY}


def test_every_purpose_has_a_rule_that_allows_its_algorithm() -> None:
    assert RULES.keys() == set(Purpose)
    assert all(ALGORITHMS[purpose] in rule.algorithms for purpose, rule in RULES.items())


def test_keys_lie_in_files_unless_the_policy_says_token() -> None:
    assert {KeyPolicy().where(purpose) for purpose in Purpose} == {Where.FILE}
    policy = policy_of(algorithms={"sign-es256": "p-256"}, in_token=[one.value for one in IN_TOKEN])
    assert policy.in_token == IN_TOKEN
    assert policy.where(Purpose.SIGN_ES256) is Where.TOKEN
    assert policy.where(Purpose.MASTER) is Where.FILE
    assert policy.algorithm(Purpose.SIGN_ES256) is Algorithm.P256


@pytest.mark.parametrize("purpose", sorted(set(Purpose) - IN_TOKEN, key=lambda one: one.value))
def test_what_no_token_can_hold_is_refused_there(purpose: Purpose) -> None:
    with pytest.raises(Refused, match=f"Keys for {purpose.value} lie in a file") as raised:
        policy_of(algorithms={}, in_token=[purpose.value])
    assert raised.value.code == "key-not-allowed"


@pytest.mark.parametrize(
    ("purpose", "algorithm", "sentence"),
    [
        ("sign-es256", "ed25519", "are made by p-256, not by ed25519"),
        ("decrypt-xwing", "p-256", "are made by x-wing"),
        ("sign-es256", "rsa", "No key is made by 'rsa'"),
        ("sign", "p-256", "There are no keys for 'sign'"),
    ],
)
def test_another_algorithm_than_the_table_allows_is_refused(
    purpose: str, algorithm: str, sentence: str
) -> None:
    with pytest.raises(Refused, match=sentence) as raised:
        policy_of(algorithms={purpose: algorithm}, in_token=[])
    assert raised.value.code == "key-not-allowed"
