"""The numbers of a federation: without gap, never twice, and the same on both sides of every pair."""

from __future__ import annotations

from hub.entries import Line
from hub.errors import Refused
from hub.exchange.broker import Broker
from hub.exchange.gaps import look_for_gaps
from hub.exchange.reconciling.asking import reconcile
from hub.exchange.reconciling.comparing import GIVEN_UP, Kind, compare
from tests.exchange.hubs import CUSTODIAN
from tests.properties.federation import AGENCIES, REACH, World

_ALL = {"first": 1, "last": 2**53 - 1, "limit": 100_000}


def sent(hub: Broker, to: str) -> list[Line]:
    with hub.store.read() as view:
        return list(view.books.sent(to, **_ALL))


def received(hub: Broker, by: str) -> list[Line]:
    with hub.store.read() as view:
        return list(view.books.received(by, **_ALL))


class Turns:
    """Lets all hubs take their turns while one waits for an answer by way of a relay; not for ever."""

    def __init__(self, world: World) -> None:
        self._world, self._left = world, 200

    def __call__(self, _seconds: float) -> bool:
        for agency in AGENCIES:
            self._world.turn(agency)
        self._left -= 1
        return self._left <= 0


def check_books(world: World) -> None:
    """Check the numbers of every pair, and that comparing finds what is true and nothing else."""
    for us in AGENCIES:
        for them in AGENCIES:
            if them in REACH[us] and us != them:
                check_numbers(world.hub(us), world.hub(them))
    for us in AGENCIES:
        look_for_gaps(world.hub(us))
        for them in AGENCIES:
            if them != us:
                check_comparison(world, us, them)


def check_numbers(ours: Broker, theirs: Broker) -> None:
    """Numbers have no gap, each names one envelope, and the recipient holds the sender's."""
    lines = sent(ours, theirs.agency)
    assert [line.number for line in lines] == list(range(1, len(lines) + 1))
    assert len({line.envelope_id for line in lines}) == len(lines)
    by_number = {line.number: line for line in lines}
    for line in received(theirs, ours.agency):
        there = by_number[line.number]
        assert (there.envelope_id, there.digest) == (line.envelope_id, line.digest)


def true_differences(sender: Broker, recipient: Broker) -> set[tuple[str, int, Kind]]:
    """Return what was given up by its sender although it came: nothing else may differ."""
    came = {line.number for line in received(recipient, sender.agency)}
    lines = sent(sender, recipient.agency)
    given_up = {
        (sender.agency, line.number, Kind.STATE_DIFFERS)
        for line in lines
        if line.number in came and line.state in GIVEN_UP
    }
    found = compare(
        lines, received(recipient, sender.agency), sender=sender.agency, recipient=recipient.agency
    )
    assert {one.key for one in found} == given_up
    return given_up


def check_comparison(world: World, us: str, them: str) -> None:
    """Compare the books from one side, where it can call the other."""
    ours, theirs = world.hub(us), world.hub(them)
    if them not in ours.standing().partners:
        return
    expected = true_differences(ours, theirs) | true_differences(theirs, ours)
    try:
        _row, found = reconcile(ours, CUSTODIAN, them, pause=Turns(world))
    except Refused:
        partner = ours.standing().partner(them).row
        assert partner.url is None
        assert partner.via is None
        return
    assert {one.key for one in found} == expected


def check_that_a_lost_row_is_found(world: World, us: str, them: str) -> None:
    """Take a row away on one side: comparing finds exactly it, from both sides."""
    ours, theirs = world.hub(us), world.hub(them)
    before = true_differences(ours, theirs) | true_differences(theirs, ours)
    known = {number for sender, number, _kind in before if sender == us}
    accepted = [line for line in received(theirs, us) if line.number not in known]
    if not accepted:
        return
    gone = accepted[len(accepted) // 2]
    world.take_away(them, f"DELETE FROM inbox WHERE originator = '{us}' AND number = {gone.number}")
    for one, other in ((ours, them), (theirs, us)):
        try:
            _row, found = reconcile(one, CUSTODIAN, other, pause=Turns(world))
        except Refused:
            continue
        assert {d.key for d in found} == before | {(us, gone.number, Kind.SENT_NOT_RECEIVED)}
