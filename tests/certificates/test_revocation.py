"""A partner's revocation from its list to our refusal, on the connections that are open too."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.audit.events import Act
from hub.exchange.certificates.issuing import revoke_certificate
from tests.certificates.world import PEER, ask, certificate_world, eventually
from tests.exchange.hubs import CUSTODIAN

pytestmark = pytest.mark.slow


def test_what_cannot_be_checked_is_refused_and_what_is_revoked_is_cut_off(tmp_path: Path) -> None:
    with certificate_world(tmp_path) as world:
        # Nothing can be fetched, and the pin is no longer young: hard-fail.
        eventually(lambda: ask(world.connect(world.own())) == (503, "revocation-unknown"))
        eventually(lambda: "revocation-unknown" in world.refusals())

        # The list can be fetched: within seconds the partner is let in.
        world.publish()
        eventually(lambda: ask(world.connect(world.own()))[0] == 200, within_s=90)
        kept = world.connect(world.own())
        assert ask(kept)[0] == 200

        # Its certificate is revoked: within seconds of the fetch it is refused, and its connection ended.
        with world.theirs.store.read() as view:
            (leaf,) = view.certificates.page(before=None, limit=5)
        revoke_certificate(world.theirs.broker, CUSTODIAN, leaf.serial, reason="keyCompromise")
        world.publish()
        eventually(lambda: ask(kept) in {(403, "certificate-revoked"), (0, "handshake")})
        eventually(lambda: ask(world.connect(world.own())) == (403, "certificate-revoked"))
        eventually(lambda: "certificate-revoked" in world.refusals())

        # The answers are kept for good, and the log says when they changed.
        with world.ours.store.read() as view:
            events = [e for _, e in view.events(after=0, limit=10_000) if e.act is Act.PARTNER_CHANGED]
            checked = [e for e in events if e.details.get("change") == "revocation-checked"]
            assert len(checked) == 2
            assert all(view.trust.get(event.details["answer"]) is not None for event in checked)
        assert all(event.subject == PEER for event in checked)
