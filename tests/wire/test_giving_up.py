"""What TLS hangs on is given up, and a partner that is served learns of it before it could lock us out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from demo.ports import free_ports
from hub.bootstrap.giving_up import give_up_tls
from hub.bootstrap.making import init_hub
from hub.bootstrap.opening import Hub, open_hub
from hub.errors import PeerFault
from hub.exchange.cards.introducing import introduce
from hub.exchange.partners import pair
from hub.federation.card import fingerprint, read_card
from tests.exchange.hubs import CUSTODIAN
from tests.wire.served import US, start, wait_ready

pytestmark = pytest.mark.slow

PEER, SHY = "cis-atc", "sco-rats"


@pytest.fixture
def hubs(tmp_path: Path) -> Iterator[dict[str, Hub]]:
    """kz-knb served; cis-atc pinned to it and back, and sco-rats, which nobody can call."""
    with ExitStack() as stack:
        for agency, port in zip((US, PEER, SHY), free_ports(3), strict=True):
            init_hub(tmp_path / agency, agency=agency, port=port, pull=agency == SHY)
        opened = {a: stack.enter_context(open_hub(tmp_path / a)) for a in (US, PEER, SHY)}
        for one, other in ((US, PEER), (PEER, US), (PEER, SHY)):
            card = opened[other].card()
            pair(opened[one].broker, CUSTODIAN, card, confirmed_fingerprint=fingerprint(card))
        process = start(tmp_path / US)
        try:
            wait_ready(opened[US])
            yield opened
        finally:
            process.terminate()
            process.wait(40)


def authorities_at(hubs: dict[str, Hub]) -> tuple[str, ...]:
    with hubs[US].store.read() as view:
        row = view.directory.partner(PEER)
    assert row is not None
    return read_card(row.card).authorities


def until_taken(ours: Hub) -> None:
    """Call with the leaf of the fresh authority until the partner's server has looked at its pins again."""
    until = time.monotonic() + 20
    while True:
        try:
            introduce(ours.broker, US)
            return
        except PeerFault:
            if time.monotonic() > until:
                raise


def test_an_authority_is_exchanged_at_once_and_partners_that_were_told_go_on(hubs: dict[str, Hub]) -> None:
    ours = hubs[PEER]
    before, stolen = authorities_at(hubs), ours.keyring.tls_files().certificate.read_bytes()
    gone = give_up_tls(ours, CUSTODIAN, "tls-authority", why="the disk was sold")
    assert gone is not None
    assert gone.unaware == (SHY,), "it is told when it calls"
    assert authorities_at(hubs) == read_card(ours.card()).authorities
    assert not set(authorities_at(hubs)) & set(before)
    until_taken(ours)
    fresh = ours.keyring.tls_files().certificate
    kept = fresh.read_bytes()
    fresh.write_bytes(stolen)
    with pytest.raises(PeerFault):
        introduce(ours.broker, US)
    fresh.write_bytes(kept)
