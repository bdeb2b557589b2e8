"""What a TAXII server may do wrong: each has a code, and nothing is lost, followed or taken whole."""

from __future__ import annotations

import json
import socket
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.wrappers import Request, Response

from adapters.carriers.mutual_tls import TlsServer, context
from adapters.carriers.taxii import TaxiiCarrier
from adapters.composing import compose
from adapters.contract import Verdict
from hub.errors import HubError, IntegrityFailure, PeerFault, Refused
from tests.adapters.carriers.taxii.ends import bundle, end, ids, person, report
from tests.adapters.materials import Given
from tests.docs.blocks import block
from tests.servers.mutual import Served, client_leaf, partner_authority, served
from tests.transport.foreign import root

pytestmark = pytest.mark.slow

MEDIA_TYPE = "application/taxii+json;version=2.1"
FUTURE = "2199-01-01T00:00:00.000000Z"


class Peer:
    """A server that says what a test tells it to, request by request."""

    def __init__(self) -> None:
        self.answer: Callable[[Request], Response] = lambda _: said({})
        self.asked: list[Request] = []

    def __call__(self, environ: Any, start: Any) -> Any:
        request = Request(environ)
        request.get_data()
        self.asked.append(request)
        return self.answer(request)(environ, start)


def said(value: Any, status: int = 200, **headers: str) -> Response:
    named = {name.replace("_", "-"): each for name, each in headers.items()}
    return Response(json.dumps(value), status=status, headers=named, content_type=MEDIA_TYPE)


@pytest.fixture(scope="module")
def _peer() -> Iterator[tuple[Peer, Served]]:
    peer = Peer()
    with served(peer) as where:
        yield peer, where


@pytest.fixture
def peer(_peer: tuple[Peer, Served]) -> Peer:
    _peer[0].asked.clear()
    return _peer[0]


@pytest.fixture
def carrier(_peer: tuple[Peer, Served], tmp_path: Path, request: pytest.FixtureRequest) -> TaxiiCarrier:
    """A carrier that waits twenty seconds for an answer, or as long as a test says it does."""
    return end(
        _peer[1],
        tmp_path,
        push_collection="out",
        pull_collection="in",
        max_answer_bytes=65536,
        request_timeout_s=getattr(request, "param", 20),
    )


def code_of(act: Callable[[], object]) -> str | None:
    try:
        act()
    except HubError as failure:
        return failure.code
    return None


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Response(status=302, headers={"Location": "https://127.0.0.1:1/"}), "partner-misbehaved"),
        (Response("{}", content_type="text/html"), "partner-misbehaved"),
        (said({}, status=401), "partner-misbehaved"),
        (said({}, status=404), "partner-misbehaved"),
        (said({}, status=429), "partner-unreachable"),
        (said({}, status=503), "partner-unreachable"),
        (said({"objects": [{"pad": "x" * 70_000}]}), "partner-misbehaved"),
        (said([]), "partner-misbehaved"),
        (said({"objects": {}}), "partner-misbehaved"),
        (said({"objects": [1]}), "partner-misbehaved"),
        (said({"more": "yes"}), "partner-misbehaved"),
        (said({"more": True, "next": 7}), "partner-misbehaved"),
        (said({"more": True, "next": "n" * 5000}), "partner-misbehaved"),
        (said({"more": True}), "partner-misbehaved"),
        (Response('{"more": true, "more": false}', content_type=MEDIA_TYPE), "partner-misbehaved"),
        (Response("{", content_type=MEDIA_TYPE), "partner-misbehaved"),
    ],
)
def test_an_answer_that_is_not_taxii_is_refused(
    peer: Peer, carrier: TaxiiCarrier, answer: Response, code: str
) -> None:
    peer.answer = lambda _: answer
    assert code_of(lambda: carrier.pull(limit=1)) == code
    assert len(peer.asked) == 1


def test_a_cursor_that_has_run_out_begins_again_where_nothing_is_lost(
    peer: Peer, carrier: TaxiiCarrier
) -> None:
    one, two = person("1"), person("2")

    def answer(request: Request) -> Response:
        if "next" in request.args:
            return said({}, status=400)
        dates = {"X_TAXII_Date_Added_Last": "2026-11-01T00:00:00Z"}
        if "added_after" in request.args:
            assert request.args["added_after"] == "2026-10-31T23:50:00.000000Z"
            return said({"objects": [one, two]}, **dates)
        return said({"objects": [one], "more": True, "next": "n"}, **dates)

    peer.answer = answer
    found = carrier.pull(limit=5)
    assert set().union(*(ids(parcel) for parcel in found)) == {one["id"], two["id"]}
    assert len(found) == 2


def test_a_date_in_the_future_hides_nothing_that_comes_later(peer: Peer, carrier: TaxiiCarrier) -> None:
    peer.answer = lambda _: said({"objects": [person("1")]}, X_TAXII_Date_Added_Last=FUTURE)
    carrier.pull(limit=5)
    carrier.pull(limit=5)
    assert peer.asked[-1].args["added_after"] < FUTURE


def test_a_server_without_cursors_is_read_by_dates_as_long_as_they_move(
    peer: Peer, carrier: TaxiiCarrier
) -> None:
    def answer(request: Request) -> Response:
        if "added_after" not in request.args:
            return said(
                {"objects": [person("1")], "more": True}, X_TAXII_Date_Added_Last="2026-11-01T00:00:00Z"
            )
        assert request.args["added_after"] == "2026-11-01T00:00:00.000000Z"
        return said({"objects": [person("2")]}, X_TAXII_Date_Added_Last="2026-11-01T00:00:01Z")

    peer.answer = answer
    assert len(carrier.pull(limit=5)) == 2


@pytest.mark.parametrize("carrier", [1], indirect=True)
def test_who_trickles_is_given_up(peer: Peer, carrier: TaxiiCarrier) -> None:
    def trickle() -> Iterator[bytes]:
        gate = socket.socketpair()
        gate[0].settimeout(0.5)
        for _ in range(40):
            yield b" "
            try:
                gate[0].recv(1)  # nobody writes: half a second goes by
            except TimeoutError:
                continue

    peer.answer = lambda _: Response(trickle(), content_type=MEDIA_TYPE)
    assert code_of(lambda: carrier.pull(limit=1)) == "partner-unreachable"


def test_a_pending_status_is_asked_for_until_it_is_complete(peer: Peer, carrier: TaxiiCarrier) -> None:
    pending = {"id": "s1", "status": "pending", "total_count": 2, "pending_count": 2}
    complete = {"id": "s1", "status": "complete", "success_count": 2, "failure_count": 0, "pending_count": 0}
    peer.answer = lambda request: said(pending, status=202 if request.method == "POST" else 200)
    parcel = bundle(1, person("1"), report(1, person("1")))
    carrier.push(parcel)
    carrier.push(parcel)
    assert [request.method for request in peer.asked] == ["POST"]
    assert carrier.receipts(limit=5) == []
    peer.answer = lambda _: said(complete)
    (receipt,) = carrier.receipts(limit=5)
    assert receipt.verdict == Verdict(taken=True)
    assert json.loads(receipt.raw) == complete
    assert peer.asked[-1].path == "/api1/status/s1/"


def test_a_status_that_the_server_forgot_is_found_out_by_posting_again(
    peer: Peer, carrier: TaxiiCarrier
) -> None:
    peer.answer = lambda _: said({"id": "s1", "status": "pending"}, status=202)
    carrier.push(bundle(1, person("1")))
    done = {"id": "s2", "status": "complete", "success_count": 1}
    peer.answer = lambda request: said({}, 404) if request.method == "GET" else said(done, 202)
    assert [one.verdict.taken for one in carrier.receipts(limit=5)] == [True]


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, "partner-refused"), (413, "partner-document-too-large"), (422, "partner-refused")],
)
def test_a_post_that_is_refused_makes_a_receipt_that_says_so(
    peer: Peer, carrier: TaxiiCarrier, status: int, code: str
) -> None:
    peer.answer = lambda _: said({"title": "no"}, status=status)
    carrier.push(bundle(1, person("1")))
    (receipt,) = carrier.receipts(limit=5)
    assert (receipt.verdict.taken, receipt.verdict.code) == (False, code)
    assert receipt.verdict.sentence == f"The partner's server answered {status}."


@pytest.mark.parametrize("failures", [[], [{"id": "x", "message": "no\nroom"}], "all", [7]])
def test_success_that_does_not_add_up_is_a_refusal(peer: Peer, carrier: TaxiiCarrier, failures: Any) -> None:
    status = {"id": "s", "status": "complete", "success_count": 1, "failure_count": 0, "failures": failures}
    peer.answer = lambda request: said(status, 202) if request.method == "POST" else said({}, 403)
    carrier.push(bundle(1, person("1"), person("2")))
    (receipt,) = carrier.receipts(limit=5)
    assert receipt.verdict.code == "partner-refused"
    assert receipt.verdict.sentence.startswith("2 of 2 objects were not taken")
    assert "\n" not in receipt.verdict.sentence


@pytest.mark.parametrize(
    "answer", [{}, {"id": "s"}, {"id": "s", "status": "maybe"}, {"id": 7, "status": "complete"}]
)
def test_a_status_that_is_none_says_nothing(peer: Peer, carrier: TaxiiCarrier, answer: Any) -> None:
    peer.answer = lambda _: said(answer, 202)
    assert code_of(lambda: carrier.push(bundle(1, person("1")))) == "partner-misbehaved"
    assert carrier.receipts(limit=5) == []


def test_other_bytes_under_an_id_and_what_is_no_bundle_do_not_go(peer: Peer, carrier: TaxiiCarrier) -> None:
    peer.answer = lambda _: said({"id": "s", "status": "pending"}, 202)
    carrier.push(bundle(1, person("1")))
    with pytest.raises(IntegrityFailure) as reused:
        carrier.push(bundle(1, person("2")))
    assert reused.value.code == "envelope-id-reused"
    with pytest.raises(Refused) as refused:
        carrier.push(type(bundle(2))(parcel_id="x", content=b"%PDF"))
    assert refused.value.code == "adapter-invalid"


def test_who_answers_without_the_pinned_authority_is_told_nothing(tmp_path: Path) -> None:
    peer = Peer()
    with served(peer, issuer=root("Another Root")) as where:
        stranger = end(where, tmp_path, push_collection="out")
        assert code_of(lambda: stranger.push(bundle(1, person("1")))) == "partner-misbehaved"
    assert peer.asked == []


def test_a_caller_with_another_certificate_is_told_apart_from_silence(tmp_path: Path) -> None:
    leaf, key = root("Another Root").issue(None)
    with served(Peer()) as where:
        tls = context(key, [leaf], [partner_authority().certificate], tls="1.3")
        server = TlsServer(
            where.url, tls, headers={}, connect_timeout_s=5, request_timeout_s=5, max_bytes=1000
        )
        with pytest.raises(PeerFault) as told:
            server.ask("GET", "")
    assert told.value.code == "partner-unreachable"


@pytest.mark.parametrize(
    "options",
    [
        {"api_root": "http://127.0.0.1/"},
        {"api_root": "https://user:secret@127.0.0.1/"},
        {"api_root": "https:///api1/"},
        {"push_collection": ""},
        {"key": "nobody"},
        {"password": "nobody"},
        {"tls": "1.1"},
        {"page_object": 5},
        {"overlap_s": -1},
    ],
)
def test_a_profile_that_cannot_be_used_is_refused(tmp_path: Path, options: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        end(Served(url="https://127.0.0.1:1"), tmp_path, **{"push_collection": "out", **options})
    assert refused.value.code == "adapter-invalid"


def test_a_profile_names_a_direction_and_a_key_of_its_certificate(tmp_path: Path) -> None:
    assert code_of(lambda: end(Served(url="https://127.0.0.1:1"), tmp_path)) == "adapter-invalid"
    key = partner_authority().key
    with pytest.raises(Refused) as refused:
        context(key, [client_leaf()[0]], [partner_authority().certificate], tls="1.3")
    assert refused.value.code == "adapter-invalid"


def test_the_profile_on_the_page_makes_an_adapter(tmp_path: Path) -> None:
    leaf, key = client_leaf()
    given = Given(
        us="kz-knb",
        them="de-bka",
        state=tmp_path,
        keys={"taxii": key},
        chains={"taxii": [leaf], "taxii-authority": [partner_authority().certificate]},
        secrets={"taxii": b"password"},
    )
    made = compose(tomllib.loads(block("carriers.md", "taxii profile")), given)
    assert isinstance(made.carrier, TaxiiCarrier)
