"""The carrier between hubs, against a partner that answers whatever it likes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.carriers.https import HttpsCarrier
from hub.entries import PartnerRow
from hub.errors import OurFault, PeerFault
from hub.limits import Limits
from hub.ports import Carrier, Transfer
from hub.records.ids import new_id
from tests.adapters.carriers.rows import row

DIGEST = "ab" * 32
LIMITS = Limits()


@dataclass
class Reply:
    """One answer of the fake partner."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    leaf: bytes | None = None

    def read(self, max_bytes: int) -> bytes:
        if len(self.body) > max_bytes:
            raise PeerFault("partner-misbehaved", "too large")
        return self.body

    def parts(self) -> Iterator[bytes]:
        yield from (self.body[at : at + 3] for at in range(0, len(self.body), 3))


@dataclass(frozen=True)
class Asked:
    """One request to the fake partner."""

    partner: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    wait_s: float

    @property
    def document(self) -> Any:
        return json.loads(self.body)


class Partner:
    """A client whose partner is a function."""

    def __init__(self, answer: Callable[[Asked], Reply]) -> None:
        self.answer = answer
        self.asked: list[Asked] = []

    @contextmanager
    def open(
        self,
        partner: PartnerRow,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | Iterable[bytes] | None = None,
        wait_s: float = 0.0,
    ) -> Iterator[Reply]:
        whole = body if isinstance(body, bytes) else b"".join(body or ())
        asked = Asked(partner.agency, method, path, headers or {}, whole, wait_s)
        self.asked.append(asked)
        yield self.answer(asked)


def carrier(
    answer: Callable[[Asked], Reply], *, limits: Limits = LIMITS, relays: Iterable[PartnerRow] = ()
) -> tuple[HttpsCarrier, Partner]:
    partner = Partner(answer)
    known = {one.agency: one for one in relays}
    made = HttpsCarrier(partner, limits, relay=known.get)
    assert isinstance(made, HttpsCarrier)
    _: Carrier = made
    return made, partner


def said(document: object, status: int = 200) -> Reply:
    return Reply(status=status, body=json.dumps(document).encode())


def accepting(asked: Asked) -> Reply:
    return said(
        {
            "outcomes": [
                {"envelope_id": f"id-{n}", "receipt": "a.b", "relayed": False}
                for n, _ in enumerate(asked.document["transfers"])
            ]
        }
    )


def transfers(count: int, size: int = 10) -> list[Transfer]:
    return [Transfer(sealed=b'{"x":"' + b"y" * size + b'"}', hops=("kz-knb",)) for _ in range(count)]


def fault(work: Callable[[], object]) -> PeerFault:
    with pytest.raises(PeerFault) as raised:
        work()
    return raised.value


def test_envelopes_go_as_they_are_and_outcomes_come_in_order() -> None:
    carrying, there = carrier(accepting)
    sent = [
        Transfer(sealed=f'{{"n":{n},"q":"\\"\\\\"}}'.encode(), hops=("kz-knb", "cis-atc")) for n in range(3)
    ]
    outcomes = carrying.carry(row("cis-atc"), sent)
    told = there.asked[0]
    assert (told.method, told.path, told.headers["Content-Type"]) == (
        "POST",
        "/exchange/v1/envelopes",
        "application/json",
    )
    assert [one["sealed"].encode() for one in told.document["transfers"]] == [one.sealed for one in sent]
    assert told.document["transfers"][0]["hops"] == ["kz-knb", "cis-atc"]
    assert [one.envelope_id for one in outcomes] == ["id-0", "id-1", "id-2"]
    assert outcomes[0].receipt == b"a.b"


def test_a_statement_that_several_envelopes_name_goes_once() -> None:
    carrying, there = carrier(accepting)
    sent = [
        replace(one, statement=which)
        for one, which in zip(transfers(4), (b"s1", b"s1", b"s2", None), strict=True)
    ]
    carrying.carry(row("cis-atc"), sent)
    document = there.asked[0].document
    assert document["statements"] == ["s1", "s2"]
    assert [one.get("statement") for one in document["transfers"]] == [0, 0, 1, None]


def test_statements_count_for_the_size_of_a_request() -> None:
    carrying, there = carrier(
        accepting, limits=replace(LIMITS, batch_max_bytes=200_000, batch_max_envelopes=50)
    )
    sent = [replace(one, statement=b"s%d" % n * 20_000) for n, one in enumerate(transfers(4))]
    carrying.carry(row("cis-atc"), sent)
    assert [len(one.document["transfers"]) for one in there.asked] == [3, 1]
    assert [one.document["statements"] for one in there.asked][1] == [f"s{3}" * 20_000]


def test_books_are_handed_over_and_answered() -> None:
    carrying, there = carrier(lambda _: said({"statement": "theirs"}))
    assert carrying.reconcile(row("cis-atc"), b"ours").statement == b"theirs"
    assert there.asked[0].path == "/exchange/v1/reconciliation"
    assert there.asked[0].document == {"statement": "ours"}


@pytest.mark.parametrize("answer", [{}, {"statement": 5}, {"statement": "é"}, {"statement": "x" * 262_145}])
def test_an_answer_about_books_that_is_none_is_the_partners_fault(answer: object) -> None:
    carrying, _ = carrier(lambda _: said(answer))
    assert fault(lambda: carrying.reconcile(row("cis-atc"), b"ours")).code == "partner-misbehaved"


def test_books_are_not_asked_for_by_way_of_a_relay() -> None:
    carrying, there = carrier(lambda _: said({"statement": "theirs"}))
    behind = replace(row("sco-rats"), via="cis-atc")
    assert fault(lambda: carrying.reconcile(behind, b"ours")).code == "partner-unreachable"
    assert not there.asked


@pytest.mark.parametrize(
    ("which", "statement"),
    [(0, b"s1"), (1, b"s2"), (2, None), (-1, None), ("0", None), (None, None), (True, None)],
)
def test_an_envelope_in_a_mailbox_has_the_statement_that_it_names(
    which: object, statement: bytes | None
) -> None:
    mail = {"transfers": [{"sealed": "x", "hops": [], "statement": which}], "statements": ["s1", "s2"]}
    carrying, _ = carrier(lambda _: said(mail))
    (got,) = carrying.poll(row("cis-atc"), limit=5, wait_s=0).transfers
    assert got.statement == statement


def test_every_way_an_outcome_can_be_is_understood() -> None:
    answers = [
        {"envelope_id": "a", "receipt": "r", "relayed": False, "code": None, "sentence": None},
        {"envelope_id": "b", "relayed": True},
        {"envelope_id": "c", "code": "attachment-missing", "sentence": "1 has not\narrived\u202e."},
        {"envelope_id": "", "code": "a-code-of-tomorrow"},
        {"envelope_id": "e", "receipt": "r", "code": "policy-denied", "sentence": "No agreement."},
    ]
    carrying, _ = carrier(lambda _: said({"outcomes": answers}))
    first, second, third, fourth, fifth = carrying.carry(row("cis-atc"), transfers(5))
    assert first.receipt == b"r"
    assert second.relayed
    assert (third.code, third.sentence) == ("attachment-missing", "1 has notarrived.")
    assert fourth.code == "partner-misbehaved"
    assert (fifth.receipt, fifth.code) == (b"r", "policy-denied")


def test_batches_are_bounded_by_count_and_by_bytes() -> None:
    limits = Limits(batch_max_envelopes=3, batch_max_bytes=200_000)
    carrying, there = carrier(accepting, limits=limits)
    assert len(carrying.carry(row("cis-atc"), transfers(7))) == 7
    assert [len(one.document["transfers"]) for one in there.asked] == [3, 3, 1]
    there.asked.clear()
    # Quotes double in JSON: what counts is the size on the wire.
    quoted = [Transfer(sealed=b'"' * 40_000) for _ in range(4)]
    carrying.carry(row("cis-atc"), quoted)
    assert [len(one.document["transfers"]) for one in there.asked] == [1, 1, 1, 1]
    assert all(len(one.body) <= limits.batch_max_bytes for one in there.asked)


@given(sizes=st.lists(st.integers(min_value=0, max_value=60_000), max_size=12), most=st.integers(1, 5))
def test_nothing_is_left_out_or_sent_twice_however_it_is_split(sizes: list[int], most: int) -> None:
    carrying, there = carrier(accepting, limits=Limits(batch_max_envelopes=most, batch_max_bytes=200_000))
    sent = [Transfer(sealed=b"%d:" % n + b"x" * size) for n, size in enumerate(sizes)]
    assert len(carrying.carry(row("cis-atc"), sent)) == len(sent)
    arrived = [one["sealed"].encode() for asked in there.asked for one in asked.document["transfers"]]
    assert arrived == [one.sealed for one in sent]


def test_what_was_taken_before_a_failure_is_kept() -> None:
    def once(asked: Asked) -> Reply:
        if len(there.asked) > 1:
            raise PeerFault("partner-unreachable", "It broke off.")
        return accepting(asked)

    carrying, there = carrier(once, limits=Limits(batch_max_envelopes=2))
    outcomes = carrying.carry(row("cis-atc"), transfers(5))
    assert [one.code for one in outcomes] == [None, None] + ["partner-unreachable"] * 3


def test_a_first_failure_is_raised() -> None:
    def down(_: Asked) -> Reply:
        raise PeerFault("partner-unreachable", "It is down.")

    carrying, _ = carrier(down)
    assert fault(lambda: carrying.carry(row("cis-atc"), transfers(2))).code == "partner-unreachable"


@pytest.mark.parametrize("status", [413, 422])
@pytest.mark.parametrize("most", [1, 2, 5])
def test_a_partner_with_a_lower_limit_gets_smaller_batches(status: int, most: int) -> None:
    def small(asked: Asked) -> Reply:
        return accepting(asked) if len(asked.document["transfers"]) <= most else Reply(status=status)

    carrying, there = carrier(small)
    assert [one.receipt for one in carrying.carry(row("cis-atc"), transfers(7))] == [b"a.b"] * 7
    taken = [len(one.document["transfers"]) for one in there.asked if len(one.document["transfers"]) <= most]
    assert sum(taken) == 7


@pytest.mark.parametrize("status", [413, 422])
@pytest.mark.parametrize("at", [0, 2, 4])
def test_one_envelope_that_a_partner_does_not_take_holds_up_no_other(status: int, at: int) -> None:
    sent = transfers(5)
    sent[at] = Transfer(sealed=b'{"too":"much"}')

    def choosy(asked: Asked) -> Reply:
        return Reply(status=status) if b"too" in asked.body else accepting(asked)

    carrying, _ = carrier(choosy)
    outcomes = carrying.carry(row("cis-atc"), sent)
    assert [n for n, one in enumerate(outcomes) if one.receipt is None] == [at]
    assert outcomes[at].code == ("partner-unreachable" if status == 413 else "partner-misbehaved")


def test_no_request_is_begun_once_a_carry_has_lasted_as_long_as_a_claim() -> None:
    carrying, there = carrier(accepting, limits=Limits(batch_max_envelopes=2, lane_claim_s=1e-9))
    outcomes = carrying.carry(row("cis-atc"), transfers(5))
    assert len(there.asked) == 1
    assert [one.code for one in outcomes] == [None, None] + ["partner-unreachable"] * 3


def test_one_envelope_that_is_too_large_for_it_is_told() -> None:
    carrying, _ = carrier(lambda _: said({"code": "envelope-too-large"}, 413))
    told = fault(lambda: carrying.carry(row("cis-atc"), transfers(1)))
    assert (told.details["status"], told.details["problem"]) == (413, "envelope-too-large")


GARBAGE: list[bytes] = [
    b"",
    b"not json",
    b"[]",
    b"null",
    b'{"outcomes":null}',
    b'{"outcomes":{}}',
    b'{"outcomes":[]}',
    b'{"outcomes":[null]}',
    b'{"outcomes":[{}]}',
    b'{"outcomes":[{"envelope_id":"a"}]}',
    b'{"outcomes":[{"envelope_id":"a","receipt":5}]}',
    b'{"outcomes":[{"envelope_id":"a","receipt":"\xd1\x84"}]}',
    b'{"outcomes":[{"envelope_id":"a","relayed":true,"code":"internal"}]}',
    b'{"outcomes":[{"envelope_id":"a","receipt":"r","relayed":true}]}',
    b'{"outcomes":[{"envelope_id":"a","relayed":"yes"}]}',
    b'{"outcomes":[{"envelope_id":7,"receipt":"r"}]}',
    b'{"outcomes":[{"envelope_id":"a","code":{}}]}',
    b'{"outcomes":[{"envelope_id":"%s","receipt":"r"}]}' % (b"a" * 65),
    b'{"outcomes":[{"envelope_id":"a","receipt":"%s"}]}' % (b"r" * 32769),
    b'{"outcomes":[{"envelope_id":"a","receipt":"r"},{"envelope_id":"b","receipt":"r"}]}',
    b"[" * 100_000,
    b"{" + b" " * 200_000 + b"}",
]


@pytest.mark.parametrize("body", GARBAGE)
def test_an_answer_that_cannot_be_used_is_the_partners_fault(body: bytes) -> None:
    carrying, _ = carrier(lambda _: Reply(body=body))
    assert fault(lambda: carrying.carry(row("cis-atc"), transfers(1))).code == "partner-misbehaved"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


@given(document=JSON)
def test_no_json_makes_the_carrier_fail_in_another_way(document: object) -> None:
    carrying, _ = carrier(lambda _: said({"outcomes": document, "transfers": document, "receipts": document}))
    for work in (
        lambda: carrying.carry(row("cis-atc"), transfers(1)),
        lambda: carrying.carry_receipts(row("cis-atc"), [b"r"]),
        lambda: carrying.poll(row("cis-atc"), limit=5, wait_s=0),
    ):
        try:
            work()
        except PeerFault as failure:
            assert failure.code == "partner-misbehaved"  # noqa: PT017


@pytest.mark.parametrize(
    ("status", "code"),
    [(200, None), (400, "partner-misbehaved"), (403, "partner-unreachable"), (302, "partner-misbehaved")],
)
def test_a_status_that_was_not_expected_is_told_with_its_problem(status: int, code: str | None) -> None:
    carrying, _ = carrier(
        lambda asked: accepting(asked) if status == 200 else said({"code": "clock-skew"}, status)
    )
    if code is None:
        assert carrying.carry(row("cis-atc"), transfers(1))
        return
    told = fault(lambda: carrying.carry(row("cis-atc"), transfers(1)))
    assert (told.code, told.details["problem"], told.details["status"]) == (code, "clock-skew", status)


@pytest.mark.parametrize("body", [b"<html>", b'{"code":"ivan-ivanov"}', b'{"code":[]}', b"[" * 9999, b"5"])
def test_a_problem_that_is_none_of_ours_is_not_quoted(body: bytes) -> None:
    carrying, _ = carrier(lambda _: Reply(status=400, body=body))
    told = fault(lambda: carrying.carry(row("cis-atc"), transfers(1)))
    assert told.details["problem"] is None
    assert "ivan" not in told.sentence


def test_receipts_go_with_what_was_taken() -> None:
    carrying, there = carrier(lambda _: said({"outcomes": [{}, {"code": "receipt-invalid"}, {"code": None}]}))
    taken = new_id()
    codes = carrying.carry_receipts(row("cis-atc"), [b"r1", b"r2", b"r3"], taken=[taken])
    assert codes == [None, "receipt-invalid", None]
    assert there.asked[0].path == "/exchange/v1/receipts"
    assert there.asked[0].document == {"receipts": ["r1", "r2", "r3"], "taken": [taken]}


def test_messages_go_with_the_hubs_they_have_passed_and_what_was_taken() -> None:
    carrying, there = carrier(lambda _: said({"outcomes": [{"code": "relay-refused"}]}))
    taken = new_id()
    codes = carrying.carry_messages(row("cis-atc"), [Transfer(sealed=b"{}", hops=("kz-knb",))], taken=[taken])
    assert codes == ["relay-refused"]
    assert there.asked[0].path == "/exchange/v1/messages"
    told = {"messages": [{"sealed": "{}", "hops": ["kz-knb"]}], "taken": [taken]}
    assert there.asked[0].document == told


def test_a_mailbox_is_polled_for_messages() -> None:
    carrying, _there = carrier(lambda _: said({"messages": [{"sealed": "{}", "hops": []}, {"sealed": 1}]}))
    got = carrying.poll(row("cis-atc"), limit=5, wait_s=1.0)
    assert got.messages == (Transfer(sealed=b"{}"),)  # one that cannot be read stops no other
    too_many, _there = carrier(lambda _: said({"messages": [{"sealed": "{}", "hops": []}] * 6}))
    assert fault(lambda: too_many.poll(row("cis-atc"), limit=5, wait_s=1.0)).code == "partner-misbehaved"


def test_a_mailbox_is_polled_for_envelopes_and_receipts() -> None:
    mail = {"transfers": [{"sealed": '{"a":1}', "hops": ["cis-atc"]}], "receipts": ["r1"]}
    carrying, there = carrier(lambda _: said(mail))
    got = carrying.poll(row("cis-atc"), limit=5, wait_s=20.0)
    assert got.transfers == (Transfer(sealed=b'{"a":1}', hops=("cis-atc",)),)
    assert got.receipts == (b"r1",)
    assert (there.asked[0].path, there.asked[0].wait_s) == ("/exchange/v1/mailbox?limit=5&wait_s=20", 20.0)


@pytest.mark.parametrize(
    "mail",
    [
        {"transfers": "x"},
        {"transfers": [{"sealed": "x", "hops": []}] * 6},
        {"receipts": ["r"] * 6},
    ],
)
def test_a_mailbox_with_other_contents_is_the_partners_fault(mail: object) -> None:
    carrying, _ = carrier(lambda _: said(mail))
    assert fault(lambda: carrying.poll(row("cis-atc"), limit=5, wait_s=0)).code == "partner-misbehaved"


@pytest.mark.parametrize(
    "bad",
    [
        {"sealed": "x", "hops": ["a b"]},
        {"sealed": "x", "hops": "cis-atc"},
        {"sealed": "x", "hops": ["cis-atc"] * 65},
        {"sealed": 5, "hops": []},
        {"hops": []},
        None,
    ],
)
def test_one_thing_in_a_mailbox_that_cannot_be_read_stops_no_other(bad: object) -> None:
    mail = {"transfers": [bad, {"sealed": "y", "hops": []}], "receipts": [None, "é", "r1"]}
    carrying, _ = carrier(lambda _: said(mail))
    got = carrying.poll(row("cis-atc"), limit=5, wait_s=0)
    assert got.transfers == (Transfer(sealed=b"y"),)
    assert got.receipts == (b"r1",)


@pytest.mark.parametrize("sealed", ["é", "\ud800", "x" * (4 * 1024 * 1024 + 1)])
def test_an_envelope_of_any_text_is_handed_on_to_be_answered_alone(sealed: str) -> None:
    carrying, _ = carrier(lambda _: said({"transfers": [{"sealed": sealed, "hops": []}]}))
    got = carrying.poll(row("cis-atc"), limit=5, wait_s=0)
    assert got.transfers == (Transfer(sealed=sealed.encode("utf-8", "surrogatepass")),)


class Blobs:
    """Our blobs: one, that may fail to be read."""

    def __init__(self, content: bytes, *, broken: bool = False) -> None:
        self.content = content
        self.broken = broken

    def parts(self, digest: str, offset: int = 0) -> Iterator[bytes]:
        if self.broken:
            raise OSError(5, "Input/output error")
        for at in range(offset, len(self.content), 4):
            yield self.content[at : at + 4]


class Upload:
    """A partner that takes an upload, and may lose the connection after some bytes."""

    def __init__(self, *, have: bytes = b"", cut_at: int | None = None, quota: int = 10**9) -> None:
        self.have = have
        self.cut_at = cut_at
        self.quota = quota

    def __call__(self, asked: Asked) -> Reply:
        if asked.method == "HEAD":
            return Reply(headers={"upload-offset": str(len(self.have))})
        if int(asked.headers["Upload-Length"]) > self.quota:
            return said({"code": "quota-exceeded"}, 413)
        if int(asked.headers["Upload-Offset"]) != len(self.have):
            return Reply(status=409, headers={"upload-offset": str(len(self.have))})
        assert int(asked.headers["Content-Length"]) == len(asked.body)
        if self.cut_at is not None and len(self.have) + len(asked.body) > self.cut_at:
            self.have += asked.body[: self.cut_at - len(self.have)]
            self.cut_at = None
            raise PeerFault("partner-unreachable", "It broke off.")
        self.have += asked.body
        return Reply(status=204, headers={"upload-offset": str(len(self.have))})


CONTENT = bytes(range(200))


def push(there: Upload, blobs: Any = None) -> Partner:
    carrying, partner = carrier(there)
    carrying.carry_attachment(row("cis-atc"), DIGEST, len(CONTENT), blobs or Blobs(CONTENT))
    return partner


def test_an_attachment_is_announced_before_its_first_byte() -> None:
    there = Upload()
    partner = push(there)
    assert there.have == CONTENT
    assert [(one.method, len(one.body)) for one in partner.asked] == [("HEAD", 0), ("PUT", 0), ("PUT", 200)]
    assert {one.path for one in partner.asked} == {f"/exchange/v1/attachments/{DIGEST}"}


def test_an_attachment_without_room_is_told_before_its_first_byte() -> None:
    there = Upload(quota=100)
    told = fault(lambda: push(there))
    assert (told.code, told.details["problem"]) == ("partner-unreachable", "quota-exceeded")
    assert there.have == b""


@given(cut_at=st.integers(min_value=1, max_value=len(CONTENT) - 1))
def test_an_upload_goes_on_where_it_broke_off(cut_at: int) -> None:
    there = Upload(cut_at=cut_at)
    fault(lambda: push(there))
    partner = push(there)
    assert there.have == CONTENT
    assert len(partner.asked[-1].body) == len(CONTENT) - cut_at


def test_an_attachment_that_is_there_is_not_sent_again() -> None:
    assert [one.method for one in push(Upload(have=CONTENT)).asked] == ["HEAD"]


def test_an_upload_follows_the_partners_offset() -> None:
    there = Upload(have=CONTENT[:50])

    def behind(asked: Asked) -> Reply:
        return Reply(headers={"upload-offset": "20"}) if asked.method == "HEAD" else there(asked)

    carrying, _ = carrier(behind)
    carrying.carry_attachment(row("cis-atc"), DIGEST, len(CONTENT), Blobs(CONTENT))  # type: ignore[arg-type]
    assert there.have == CONTENT


@pytest.mark.parametrize("offset", ["", "-1", "1e3", "９", "007", "9" * 40, "500"])
def test_an_offset_that_cannot_be_is_the_partners_fault(offset: str) -> None:
    carrying, there = carrier(lambda _: Reply(status=204, headers={"upload-offset": offset}))
    told = fault(
        lambda: carrying.carry_attachment(row("cis-atc"), DIGEST, len(CONTENT), Blobs(CONTENT))  # type: ignore[arg-type]
    )
    assert told.code == "partner-misbehaved"
    assert len(there.asked) < 10


def test_a_partner_that_never_keeps_what_it_gets_is_given_up() -> None:
    def forgetful(asked: Asked) -> Reply:
        return Reply(status=204 if asked.method == "PUT" else 200, headers={"upload-offset": "0"})

    carrying, there = carrier(forgetful)
    told = fault(
        lambda: carrying.carry_attachment(row("cis-atc"), DIGEST, len(CONTENT), Blobs(CONTENT))  # type: ignore[arg-type]
    )
    assert told.code == "partner-misbehaved"
    assert len(there.asked) < 10


def test_our_own_failing_disk_is_not_the_partners_fault() -> None:
    with pytest.raises(OurFault, match="storage-unavailable"):
        push(Upload(), Blobs(CONTENT, broken=True))


@pytest.mark.parametrize(("offset", "status"), [(0, 200), (50, 206)])
def test_an_attachment_is_fetched_from_an_offset(offset: int, status: int) -> None:
    carrying, there = carrier(lambda _: Reply(status=status, body=CONTENT[offset:]))
    assert b"".join(carrying.fetch_attachment(row("cis-atc"), DIGEST, offset)) == CONTENT[offset:]
    assert there.asked[0].headers.get("Range") == (f"bytes={offset}-" if offset else None)


@pytest.mark.parametrize(
    ("status", "code"),
    [(200, "partner-misbehaved"), (404, "attachment-missing"), (403, "partner-unreachable")],
)
def test_a_fetch_that_is_not_answered_as_asked_is_told(status: int, code: str) -> None:
    carrying, _ = carrier(lambda _: Reply(status=status, body=CONTENT))
    assert fault(lambda: list(carrying.fetch_attachment(row("cis-atc"), DIGEST, 5))).code == code


def test_a_partner_behind_a_relay_is_reached_by_the_relay() -> None:
    relay, behind = row("cis-atc"), row("kg-gknb", url=None, via="cis-atc")
    carrying, there = carrier(accepting, relays=[relay])
    carrying.carry(behind, transfers(1))
    assert there.asked[0].partner == "cis-atc"


def test_a_relay_that_is_not_pinned_is_not_called() -> None:
    carrying, there = carrier(accepting)
    told = fault(lambda: carrying.carry(row("kg-gknb", via="cis-atc"), transfers(1)))
    assert told.code == "partner-unreachable"
    assert there.asked == []
