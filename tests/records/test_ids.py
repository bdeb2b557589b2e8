from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest

from hub.records.ids import IdSequence, is_agency, is_id, made_at, new_id


def test_ids_strictly_increase_within_a_process() -> None:
    ids = [new_id() for _ in range(20_000)]
    assert all(before < after for before, after in pairwise(ids))


def test_ids_strictly_increase_while_the_clock_stands_still() -> None:
    sequence = IdSequence(clock_ns=lambda: 1_800_000_000_000_000_000)
    ids = [sequence.next() for _ in range(5_000)]
    assert ids == sorted(set(ids))
    assert {made_at(each) for each in ids} == {made_at(ids[0])}


def test_ids_strictly_increase_when_the_clock_goes_back() -> None:
    times = iter([5_000_000_000_000, 4_000_000_000_000, 4_000_001_000_000, 6_000_000_000_000])
    sequence = IdSequence(clock_ns=lambda: next(times))
    ids = [sequence.next() for _ in range(4)]
    assert ids == sorted(set(ids))


def test_threads_never_get_the_same_id() -> None:
    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda _: new_id(), range(4_000)))
    assert len(set(ids)) == len(ids)


def test_an_id_is_a_version_7_uuid_of_the_present() -> None:
    made = new_id()
    assert is_id(made)
    assert (UUID(made).version, UUID(made).variant) == (7, "specified in RFC 4122")
    assert abs(made_at(made) - datetime.now(UTC)) < timedelta(seconds=5)


def test_the_rfc_9562_example_is_an_id_and_tells_its_time() -> None:
    example = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"
    assert is_id(example)
    assert made_at(example) == datetime(2022, 2, 22, 19, 22, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "017F22E2-79B0-7CC3-98C4-DC0C0C07398F",
        "017f22e279b07cc398c4dc0c0c07398f",
        "017f22e2-79b0-4cc3-98c4-dc0c0c07398f",
        "017f22e2-79b0-7cc3-18c4-dc0c0c07398f",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398f\n",
        "{017f22e2-79b0-7cc3-98c4-dc0c0c07398f}",
    ],
)
def test_other_forms_are_no_ids(text: str) -> None:
    assert not is_id(text)


@pytest.mark.parametrize("text", ["kz-knb", "cis-atc", "sco-rats", "interpol-ncb-kz", "de-bka", "kz-border"])
def test_the_agencies_of_the_glossary_have_agency_ids(text: str) -> None:
    assert is_agency(text)


@pytest.mark.parametrize(
    "text",
    ["", "kz", "KZ-KNB", "kz_knb", "kz-", "-kz-knb", "kz--knb", "kz-knb\n", "kz-кнб", "kz-knb/..", "a-b"],
)
def test_other_texts_are_no_agency_ids(text: str) -> None:
    assert not is_agency(text)
