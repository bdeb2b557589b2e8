"""The feed over real HTTPS, from a stand-in that is filled from the real files and shows 160 at most."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from cryptography import x509

from adapters import registry
from adapters.carriers.mutual_tls import Answer, TlsServer, believing
from adapters.interpol.feed import Feed
from hub.errors import HubError, PeerFault
from tests.adapters import data
from tests.adapters.interpol.search import BASE, YEAR, Entry, Search
from tests.transport.agencies import hub_leaf, keyring
from tests.transport.answering import Asked, Said, answering

#: How many notices are made of each real one: the real search has thousands, the file a hundred.
_VARIANTS = 7
#: Whose warrants the variants stand under.
_SEEKING = ("RU", "FR", "IN", "AR")


def entries() -> list[Entry]:
    """Return the listed notices of the real file, and variants of other ages and sexes."""
    real = json.loads(data.file("interpol/red-notices-list-100-2025-10.json"))
    found = []
    for one in real:
        nations = tuple(each.strip() for each in one["nationalities"].split(",") if each.strip() != "N/A")
        born = int(one["date_of_birth"][:4])
        for variant in range(_VARIANTS):
            number = one["entity_id"] if variant == 0 else f"{one['entity_id']}{variant:02d}"
            age = YEAR - born + variant if variant != 5 else None
            sex = "F" if variant == 4 else "M"
            warrants = (_SEEKING[variant % len(_SEEKING)],)
            found.append(Entry(number=number, sex=sex, age=age, nationalities=nations, warrants=warrants))
    return found


class Direct:
    """The stand-in without a network, which fails as often as it is told."""

    def __init__(self, search: Search, *, fails: int = 0, change: Callable[[Any], Any] | None = None) -> None:
        self.search = search
        self.fails = fails
        self.change = change

    def ask(self, method: str, path: str) -> Answer:
        assert method == "GET"
        if self.fails:
            self.fails -= 1
            raise PeerFault("partner-unreachable", "The partner's server answered 503.")
        status, body = self.search.answer("/" + path)
        if self.change is not None:
            body = json.dumps(self.change(json.loads(body))).encode()
        return Answer(status=status, headers={}, body=body)


def feed(server: Any, **more: Any) -> Feed:
    return Feed(server, base_url=BASE, **more)


@contextmanager
def over_https(search: Search) -> Iterator[TlsServer]:
    def answer(asked: Asked) -> Said:
        status, body = search.answer(asked.path)
        return Said(status=status, body=body)

    with answering(hub_leaf("interpol-ncb-kz"), answer) as there:
        authority = x509.load_pem_x509_certificate(
            keyring("interpol-ncb-kz").tls_files().authority_pem.encode()
        )
        yield TlsServer(
            there.url,
            believing([authority], tls="1.3"),
            headers={"Accept": "application/json"},
            connect_timeout_s=5,
            request_timeout_s=5,
            max_bytes=4 * 1024 * 1024,
        )


@pytest.mark.slow
def test_every_notice_is_fetched_exactly_once_over_https() -> None:
    search = Search(entries())
    assert len(search.entries) > 4 * search.shown_max
    countries = sorted({nation for one in search.entries for nation in one.nationalities} | set(_SEEKING))
    with over_https(search) as server:
        taken = feed(server, countries=countries)
        listing = taken.listing("red")
        documents = dict(taken.notices(listing))
    assert listing.missing == 0
    numbers = sorted(one.number for one in search.entries)
    assert sorted(listing.found) == sorted(documents) == sorted(search.fetched) == numbers
    assert len(search.asked) < 150
    dialect = registry.make("interpol").dialect
    first = next(iter(documents))
    read = dialect.interpret(documents[first]).record
    assert (read["kind"], read["details"]["colour"], read["details"]["number"]) == ("notice", "red", first)


def test_what_was_withdrawn_meanwhile_is_left_out() -> None:
    search = Search([Entry(number=f"2026/{n}") for n in range(3)])
    taken = feed(Direct(search))
    listing = taken.listing("red")
    search.entries = search.entries[1:]
    assert [number for number, _ in taken.notices(listing)] == ["2026/1", "2026/2"]


def test_a_server_that_is_busy_is_asked_again_ever_later() -> None:
    waits: list[float] = []
    search = Search([Entry(number="2026/1")])
    assert feed(Direct(search, fails=3), wait=waits.append).listing("red").found
    assert waits == [2.0, 4.0, 8.0]
    with pytest.raises(PeerFault) as told:
        feed(Direct(search, fails=4), wait=waits.append).listing("red")
    assert told.value.code == "partner-unreachable"


def _other_address(address: str) -> Callable[[Any], Any]:
    def change(value: Any) -> Any:
        value["_embedded"]["notices"][0]["_links"]["self"]["href"] = address
        return value

    return change


@pytest.mark.parametrize(
    "change",
    [
        _other_address("https://elsewhere.example/notices/v1/red/2026-1"),
        _other_address(f"{BASE}/notices/v1/red/../../secrets"),
        _other_address(f"{BASE}/notices/v1/red/1?x=http://elsewhere.example"),
        _other_address(f"{BASE}.elsewhere.example/notices/v1/red/2026-1"),
        lambda value: value | {"total": 1},
        lambda value: value | {"total": 9},
        lambda value: value | {"total": "2"},
        lambda value: value | {"_embedded": []},
        lambda _: [],
        lambda value: value | {"_embedded": {"notices": [{}, {}]}},
    ],
)
def test_what_the_server_says_is_not_believed(change: Callable[[Any], Any]) -> None:
    search = Search([Entry(number="2026/1"), Entry(number="2026/2")])
    with pytest.raises(HubError) as told:
        feed(Direct(search, change=change)).listing("red")
    assert told.value.code == "partner-misbehaved"


def test_a_search_without_end_is_given_up() -> None:
    search = Search([Entry(number=f"2026/{n}", sex="M", age=n % 90) for n in range(3000)])
    with pytest.raises(HubError) as told:
        feed(Direct(search), questions_max=20).listing("red")
    assert told.value.code == "partner-misbehaved"


def test_a_list_that_is_not_there_is_told() -> None:
    class Nothing:
        def ask(self, method: str, path: str) -> Answer:
            return Answer(status=404, headers={}, body=b"{}")

    with pytest.raises(HubError) as told:
        feed(Nothing()).listing("blue")
    assert told.value.code == "partner-misbehaved"
