"""Tell every partner that can be called of our card at once, as after a key was given up."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from hub.errors import HubError
from hub.exchange.broker import Broker
from hub.exchange.cards.introducing import introduce, reachable
from hub.exchange.partners import present_said

_AT_ONCE = 8


def tell_all(broker: Broker) -> tuple[str, ...]:
    """Exchange cards with every partner in good standing; return those that do not have ours now, by name.

    One that cannot be reached is among them: it is told when it is called again, or when it calls.
    """
    partners = broker.standing().partners.values()
    called = [one.row.agency for one in partners if one.active and reachable(one.row)]

    def tell(agency: str) -> None:
        with suppress(HubError):
            introduce(broker, agency)

    with ThreadPoolExecutor(_AT_ONCE) as threads:
        list(threads.map(tell, called))
    return unaware(broker)


def unaware(broker: Broker) -> tuple[str, ...]:
    """Return the partners in good standing that have not pinned what our card says now, by name."""
    now = present_said(broker)
    with broker.store.read() as view:
        partners = broker.standings.of(view).partners
        aware = {row.agency for row in view.introductions.all() if row.said == now}
    return tuple(sorted(name for name, one in partners.items() if one.active and name not in aware))
