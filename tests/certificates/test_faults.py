"""Whatever is wrong with a certificate, it is refused in both directions, with its code and an entry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from hub.bootstrap.keeping import Certificates
from hub.errors import PeerFault
from hub.limits import Limits
from hub.transport.client import HttpsClient
from hub.transport.peer import recognise
from tests.certificates.faults import FAULTS, PEER, Fault
from tests.certificates.world import World, ask, certificate_world, eventually
from tests.transport.answering import Said, answering

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with certificate_world(tmp_path_factory.mktemp("faults")) as made:
        made.publish()
        eventually(lambda: ask(made.connect(made.own()))[0] == 200)
        yield made


@pytest.mark.parametrize("fault", [f for f in FAULTS if f.calls], ids=lambda fault: fault.name)
def test_a_faulty_caller_is_refused_with_an_entry(world: World, fault: Fault) -> None:
    before = len(world.refusals())
    status, code = ask(world.connect(world.context(fault.make(world.issuer), weak=True)))
    assert code == "handshake" or (code in fault.calls and status in {401, 403})
    eventually(lambda: len(world.refusals()) > before)
    assert set(world.refusals()[before:]) <= fault.calls


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_faulty_answerer_is_not_believed_and_leaves_an_entry(world: World, fault: Fault) -> None:
    ours = world.ours
    keeping = Certificates(ours)

    def known(der: bytes | None, agency: str) -> None:
        at = datetime.now(UTC)
        recognise(der, agency, ours.trust.current(at), at)

    client = HttpsClient(ours.keyring, Limits(), recognise=known, refused=keeping.refused_there)
    with answering(fault.make(world.issuer), lambda _: Said(body=b"x"), weak=True) as there:
        with ours.store.read() as view:
            row = view.directory.partner(PEER)
        assert row is not None
        before = len(world.refusals())
        with pytest.raises(PeerFault) as raised, client.open(replace(row, url=there.url), "GET", "/x"):
            pass
        assert there.asked == []
    code = str(raised.value.details.get("reason", raised.value.code))
    assert code in fault.answers
    if code != "partner-unreachable":
        assert world.refusals()[before:] == [code]
