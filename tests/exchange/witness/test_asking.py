"""Our log asks its witnesses: what they answer is believed only as far as a signature proves it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from hub.audit.checkpoints import Checkpoint, cosign, sign_checkpoint
from hub.audit.notes import Note, read_note
from hub.audit.quorum import Quorum, weigh
from hub.audit.witnessing import SIZE_TYPE, read_request
from hub.errors import HubError
from hub.exchange.broker import Broker
from hub.exchange.suspending import suspend
from hub.exchange.witness.asking import ask
from hub.exchange.witness.cosigned import cosigned_note
from hub.exchange.witness.settling import settle
from hub.ports import CheckpointRow, WitnessReply
from tests.exchange.hubs import CUSTODIAN, Hubs
from tests.exchange.log.logs import signed
from tests.exchange.witness.witnesses import LinkWitnessClient, ask_one, post


def code(step: Callable[[], object]) -> str:
    with pytest.raises(HubError) as failed:
        step()
    return failed.value.code


def says(status: int, body: bytes = b"", media_type: str = "text/plain") -> Callable[[bytes], WitnessReply]:
    return lambda _: WitnessReply(status=status, media_type=media_type, body=body)


def cosigns(witness: Broker, row: CheckpointRow, *, seconds: float = 0, first: int = 0) -> bytes:
    """Return the lines of a witness over some checkpoint, from the key at `first` on."""
    at = witness.clock.now() + timedelta(seconds=seconds)
    lines = cosign(read_note(row.note), witness.keyring.witness_signers(), at)[first:]
    return "".join(line.line for line in lines).encode()


def test_the_first_and_the_next_checkpoints_are_cosigned(knb: Broker, client: LinkWitnessClient) -> None:
    first, later = signed(knb, 3), signed(knb, 500)
    cosigned = ask_one(knb, client, "cis-atc", first)
    assert cosigned.lines.count("— cis-atc/witness ") == 2
    ask(knb, client, "cis-atc", later, known_size=first.size)
    ask(knb, client, "cis-atc", later, known_size=later.size)
    assert [old for _, old in client.asked] == [0, first.size, later.size]


def test_a_size_that_is_not_the_witnesses_is_put_right(knb: Broker, client: LinkWitnessClient) -> None:
    first, later = signed(knb, 3), signed(knb, 5)
    ask_one(knb, client, "cis-atc", first)
    ask(knb, client, "cis-atc", later, known_size=0)
    ask(knb, client, "sco-rats", later, known_size=2)
    assert [old for _, old in client.asked] == [0, 0, first.size, 2, 0]


def test_what_was_cosigned_is_served_with_the_checkpoint(knb: Broker, client: LinkWitnessClient) -> None:
    row = signed(knb, 3)
    for witness in ("sco-rats", "cis-atc"):
        settle(knb, row, ask_one(knb, client, witness, row))
    standing = knb.standing()
    quorum = Quorum(
        needed=2,
        witnesses={
            f"{agency}/witness": standing.partners[agency].card.witness_keys
            for agency in ("cis-atc", "sco-rats")
        },
    )
    with knb.store.read() as view:
        assert weigh(quorum, read_note(cosigned_note(view, row))).met
        again = replace(row, number=2)
        assert cosigned_note(view, again) == cosigned_note(view, row)


@pytest.mark.parametrize(
    ("status", "expected"),
    [(400, "witness-refused"), (403, "witness-refused"), (404, "witness-refused"), (302, "witness-refused")],
)
def test_a_refusal_says_what_to_do(
    knb: Broker, client: LinkWitnessClient, status: int, expected: str
) -> None:
    row = signed(knb, 3)
    client.lies["cis-atc"] = says(status)
    assert code(lambda: ask_one(knb, client, "cis-atc", row)) == expected


def test_a_witness_that_has_not_pinned_our_log_refuses(
    hubs: Hubs, knb: Broker, atc: Broker, client: LinkWitnessClient
) -> None:
    suspend(atc, CUSTODIAN, "kz-knb")
    row = signed(knb, 3)
    with pytest.raises(HubError) as failed:
        ask_one(knb, client, "cis-atc", row)
    assert failed.value.code == "witness-refused"
    assert "has not pinned a card of ours" in failed.value.sentence


def test_a_witness_must_be_an_active_partner_that_answers(
    four: Hubs, knb: Broker, client: LinkWitnessClient
) -> None:
    row = signed(knb, 3)
    assert code(lambda: ask_one(knb, client, "de-bka", row)) == "partner-unknown"
    suspend(knb, CUSTODIAN, "sco-rats")
    assert code(lambda: ask_one(knb, client, "sco-rats", row)) == "partner-suspended"
    four.network.down.add("cis-atc")
    assert code(lambda: ask_one(knb, client, "cis-atc", row)) == "partner-unreachable"


def test_a_cosignature_for_another_checkpoint_is_refused(
    knb: Broker, atc: Broker, client: LinkWitnessClient
) -> None:
    earlier, row = signed(knb, 3), signed(knb, 4)
    client.lies["cis-atc"] = says(200, cosigns(atc, earlier))
    assert code(lambda: ask_one(knb, client, "cis-atc", row)) == "cosignature-invalid"


def test_a_cosignature_by_one_of_two_keys_is_refused(
    knb: Broker, atc: Broker, client: LinkWitnessClient
) -> None:
    row = signed(knb, 3)
    client.lies["cis-atc"] = says(200, cosigns(atc, row, first=1))
    assert code(lambda: ask_one(knb, client, "cis-atc", row)) == "cosignature-invalid"


def test_a_cosignature_of_another_witness_is_refused(
    four: Hubs, knb: Broker, client: LinkWitnessClient
) -> None:
    row = signed(knb, 3)
    client.lies["cis-atc"] = says(200, cosigns(four.network.brokers["sco-rats"], row))
    assert code(lambda: ask_one(knb, client, "cis-atc", row)) == "cosignature-invalid"


def test_a_cosignature_of_another_time_is_refused(
    knb: Broker, atc: Broker, client: LinkWitnessClient
) -> None:
    row = signed(knb, 3)
    for seconds in (-301, 301):
        client.lies["cis-atc"] = says(200, cosigns(atc, row, seconds=seconds))
        assert code(lambda: ask_one(knb, client, "cis-atc", row)) == "cosignature-invalid"


@pytest.mark.parametrize("body", [b"", b"ok", b"\xff", "— cis-atc/witness AAAA\n".encode()])
def test_what_is_no_line_is_refused(knb: Broker, client: LinkWitnessClient, body: bytes) -> None:
    row = signed(knb, 3)
    client.lies["cis-atc"] = says(200, body)
    assert code(lambda: ask_one(knb, client, "cis-atc", row)) in {"note-invalid", "cosignature-invalid"}


def test_lines_of_unknown_keys_are_passed_over_and_not_kept(
    four: Hubs, knb: Broker, atc: Broker, client: LinkWitnessClient
) -> None:
    row = signed(knb, 3)
    theirs = cosigns(atc, row)
    client.lies["cis-atc"] = says(200, cosigns(four.network.brokers["sco-rats"], row) + theirs)
    assert ask_one(knb, client, "cis-atc", row).lines.encode() == theirs


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b"2\n", "text/plain"),
        (b"2", SIZE_TYPE),
        (b"two\n", SIZE_TYPE),
        (b"\xff\n", SIZE_TYPE),
        (b"", SIZE_TYPE),
    ],
)
def test_a_409_without_a_size_is_misbehaviour(
    knb: Broker, client: LinkWitnessClient, body: bytes, media_type: str
) -> None:
    row = signed(knb, 3)
    client.lies["cis-atc"] = says(409, body, media_type)
    assert code(lambda: ask_one(knb, client, "cis-atc", row)) == "partner-misbehaved"


def test_a_witness_that_never_settles_on_a_size_is_left(knb: Broker, client: LinkWitnessClient) -> None:
    row = signed(knb, 3)
    client.lies["cis-atc"] = says(409, b"2\n", SIZE_TYPE)
    assert code(lambda: ask_one(knb, client, "cis-atc", row)) == "partner-misbehaved"
    assert len(client.asked) == 3


def restored(hubs: Hubs, knb: Broker) -> Broker:
    """Return kz-knb over an empty database, as a backup would bring back."""
    other = hubs.add("kz-border")
    for agency, broker in list(hubs.network.brokers.items()):
        if agency not in {"kz-border", "kz-knb"}:
            hubs.pair(other, broker)
    del hubs.network.brokers["kz-border"]
    return replace(other, agency="kz-knb", keyring=knb.keyring)


def test_a_witness_that_has_seen_more_of_our_log_proves_it_was_set_back(
    four: Hubs, knb: Broker, client: LinkWitnessClient
) -> None:
    ask_one(knb, client, "cis-atc", signed(knb, 400))
    backup = restored(four, knb)
    row = signed(backup, 3)
    assert code(lambda: ask_one(backup, client, "cis-atc", row)) == "log-rolled-back"


def test_a_witness_that_has_seen_another_history_proves_the_fork(
    four: Hubs, knb: Broker, client: LinkWitnessClient
) -> None:
    ask_one(knb, client, "cis-atc", signed(knb, 9))
    backup = restored(four, knb)
    grown = signed(backup, 400)
    assert code(lambda: ask_one(backup, client, "cis-atc", grown)) == "log-forked"


def test_nobody_can_say_that_our_log_was_set_back_without_our_signature(
    four: Hubs, knb: Broker, atc: Broker, client: LinkWitnessClient
) -> None:
    row = signed(knb, 3)
    ask_one(knb, client, "sco-rats", row)
    client.lies["cis-atc"] = says(409, b"999\n", SIZE_TYPE)
    claimed = Checkpoint(origin="kz-knb/log", size=999, root=b"r" * 32)
    forged = Note(text=claimed.text, signatures=read_note(row.note).signatures).as_bytes()
    with pytest.raises(ValueError, match="name"):
        sign_checkpoint(claimed, atc.keyring.log_signers(), atc.clock.now())
    for shown in (None, b"", forged, row.note):
        client.shows["cis-atc"] = shown
        assert code(lambda: ask_one(knb, client, "cis-atc", row)) == "partner-misbehaved"
    client.lies["cis-atc"] = says(422)
    assert code(lambda: ask_one(knb, client, "cis-atc", row)) == "partner-misbehaved"


def test_a_witness_that_is_ahead_of_this_checkpoint_alone_proves_nothing(
    knb: Broker, client: LinkWitnessClient
) -> None:
    earlier, later = signed(knb, 3), signed(knb, 3)
    ask_one(knb, client, "cis-atc", later)
    assert code(lambda: ask_one(knb, client, "cis-atc", earlier)) == "witness-size-stale"


def test_only_our_own_signatures_are_sent_to_a_witness(knb: Broker, client: LinkWitnessClient) -> None:
    bodies: list[bytes] = []

    def listen(body: bytes) -> WitnessReply:
        bodies.append(body)
        return post(client.network.brokers["cis-atc"], "kz-knb", body)

    client.lies["cis-atc"] = listen
    row = signed(knb, 3)
    settle(knb, row, ask_one(knb, client, "sco-rats", row))
    ask_one(knb, client, "cis-atc", row)
    assert read_request(bodies[0]).note.as_bytes() == row.note
