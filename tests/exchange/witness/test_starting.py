"""What the witnesses remember stops a start that a restored database must not make."""

from __future__ import annotations

import pytest

from hub.errors import IntegrityFailure
from hub.exchange.broker import Broker
from hub.exchange.witness.starting import check_witnessed
from tests.exchange.hubs import Hubs
from tests.exchange.log.logs import signed
from tests.exchange.witness.test_asking import restored
from tests.exchange.witness.witnesses import OTHERS, LinkWitnessClient, ask_all, with_witnesses


@pytest.fixture
def cosigned(knb: Broker, client: LinkWitnessClient) -> Broker:
    """kz-knb with a log that three witnesses have cosigned."""
    knb = with_witnesses(knb, *OTHERS, needed=2)
    ask_all(knb, client, signed(knb, 40))
    return knb


def test_a_log_that_witnesses_know_starts(cosigned: Broker, client: LinkWitnessClient) -> None:
    check_witnessed(cosigned, client)
    signed(cosigned, 5)
    check_witnessed(cosigned, client)


def test_without_witnesses_nobody_is_asked(knb: Broker, client: LinkWitnessClient) -> None:
    check_witnessed(knb, client)
    check_witnessed(with_witnesses(knb, *OTHERS), client)
    assert client.asked == []


def test_a_database_that_was_set_back_does_not_start(
    four: Hubs, cosigned: Broker, client: LinkWitnessClient
) -> None:
    backup = with_witnesses(restored(four, cosigned), *OTHERS)
    four.network.down = {"cis-atc", "sco-rats"}  # one that remembers is enough
    for entries in (0, 3):
        if entries:
            signed(backup, entries)
        with pytest.raises(IntegrityFailure) as refused:
            check_witnessed(backup, client)
        assert refused.value.code == "log-rolled-back"


def test_a_database_with_another_history_does_not_start(
    four: Hubs, cosigned: Broker, client: LinkWitnessClient
) -> None:
    backup = with_witnesses(restored(four, cosigned), *OTHERS)
    signed(backup, 90)
    with pytest.raises(IntegrityFailure) as refused:
        check_witnessed(backup, client)
    assert refused.value.code == "log-forked"


def test_witnesses_that_do_not_answer_or_show_what_we_did_not_sign_do_not_stop_a_start(
    four: Hubs, cosigned: Broker, atc: Broker, client: LinkWitnessClient
) -> None:
    four.network.down = {"kg-gknb"}
    client.shows = {"sco-rats": b"nothing", "cis-atc": signed(atc, 99).note}
    check_witnessed(cosigned, client)
