"""Any m of n shares give the secret back, and nothing else does."""

from __future__ import annotations

import itertools
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import Refused
from keys.shares import ShareSet, combine, printed_words, read_share, split
from tests.amounts import examples

SECRET = bytes(range(32))
MADE = split(SECRET, shares=4, threshold=3)


def joined(shares: list[str], of: ShareSet = MADE) -> bytes:
    return combine(shares, identifier=of.identifier, threshold=of.threshold)


def code(shares: list[str], of: ShareSet = MADE) -> str:
    with pytest.raises(Refused) as refused:
        joined(shares, of)
    return refused.value.code


@pytest.mark.parametrize("some", [*itertools.combinations(range(4), 3)])
def test_any_enough_shares_give_the_secret_back(some: tuple[int, ...]) -> None:
    assert joined([MADE.shares[number] for number in some]) == SECRET


def test_more_shares_than_enough_do_no_harm() -> None:
    assert joined([*MADE.shares]) == SECRET


@pytest.mark.parametrize("number", [0, 1, 2])
def test_too_few_shares_are_refused(number: int) -> None:
    assert code([*MADE.shares[:number]]) == "shares-too-few"


def test_one_share_many_times_is_one_share() -> None:
    assert code([MADE.shares[0]] * 3) == "shares-too-few"


def test_a_share_of_another_set_is_refused() -> None:
    other = split(SECRET, shares=4, threshold=3)
    assert code([*MADE.shares[:2], other.shares[2]]) == "share-foreign"


def test_a_share_of_another_set_with_the_same_number_is_refused_too() -> None:
    other = split(SECRET, shares=4, threshold=3)
    mixed = [*MADE.shares[:2], other.shares[2]]
    with pytest.raises(Refused) as refused:
        combine(mixed, identifier=other.identifier, threshold=3)
    assert refused.value.code == "share-foreign"


@settings(max_examples=examples(40), deadline=None)
@given(st.integers(0, 32), st.sampled_from(["academic", "zzz", "", "acid"]))
def test_a_word_that_was_read_wrongly_is_found_at_once(at: int, word: str) -> None:
    words = MADE.shares[0].split()
    if words[at] == word:
        return
    words[at] = word
    with pytest.raises(Refused) as refused:
        read_share(" ".join(words))
    assert refused.value.code == "share-invalid"
    assert MADE.shares[0].split()[5] not in refused.value.sentence.split()


def test_a_share_is_read_however_it_is_spelt() -> None:
    share = MADE.shares[1]
    page = f"Share 2 of 4\nany 3 of them\n{printed_words(share)}\nKeep it."
    for text in (share.upper(), share.replace(" ", "\n  "), page, printed_words(share)):
        assert read_share(text) == share


@pytest.mark.parametrize(("shares", "threshold"), [(1, 1), (3, 1), (2, 3), (17, 3), (0, 0)])
def test_impossible_numbers_are_refused(shares: int, threshold: int) -> None:
    with pytest.raises(Refused) as refused:
        split(os.urandom(32), shares=shares, threshold=threshold)
    assert refused.value.code == "request-invalid"


def test_shares_are_not_shown() -> None:
    assert MADE.shares[0] not in repr(MADE)
