"""Steps that tests of the directory share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from hub.entries import PartnerRow
from hub.errors import HubError
from hub.exchange.directory.watching import DirectoryWatch
from hub.federation.card import make_card, read_card
from tests.exchange.directory.world import Agency


def refused(step: Callable[[], object]) -> HubError:
    with pytest.raises(HubError) as caught:
        step()
    return caught.value


def pins(agency: Agency) -> list[PartnerRow]:
    with agency.broker.store.read() as view:
        return list(view.directory.partners())


def warned(agency: Agency) -> tuple[str, ...]:
    return DirectoryWatch(agency.broker, agency.place).warnings()


def recard(agency: Agency, **changes: object) -> None:
    """Let an agency's card say something else from now on."""
    card = replace(
        read_card(agency.card()),
        issued_at=agency.broker.clock.now(),
        expires_at=None,
        **changes,  # type: ignore[arg-type]
    )
    raw = make_card(card, agency.broker.keyring.signing())
    object.__setattr__(agency, "card", lambda: raw)
