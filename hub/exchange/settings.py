"""Settings that decide what may be done here, kept in the log: they are changed in a file, by no command."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hub.audit.events import Act
from hub.exchange.broker import Broker
from hub.ports import Store, View

#: What entries about settings are about.
SUBJECT: Final = "hub.toml"
_CHANGED: Final = "changed"
_PAGE: Final = 100


def note_settings(broker: Broker, store: Store, settings: Mapping[str, str]) -> bool:
    """Log the settings in force unless the log's last word is the same; tell whether it was not.

    The entry has each setting that is not at its default, and names in `changed` what is another than before.
    `store` takes changes whether settings were noted or not.
    """
    with store.read() as view:
        if _last(view) == settings:
            return False
    with store.work() as work:
        work.log.lock(wait=True)  # of several processes that start at once one logs it
        before = _last(work)
        if before == settings:
            return False
        changed = sorted(name for name in {*before, *settings} if before.get(name) != settings.get(name))
        details = {**settings, _CHANGED: " ".join(changed)}
        at = broker.clock.now()
        work.stage([broker.event(Act.POLICY_CHANGED, broker.itself, SUBJECT, at, **details)])
        work.commit()
    return True


def _last(view: View) -> Mapping[str, str]:
    """Return the settings as logged last; at first all are at their defaults."""
    after, last = 0, None
    while page := view.events_about([SUBJECT], after=after, limit=_PAGE):
        after, last = page[-1]
    if last is None:
        return {}
    return {name: told for name, told in last.details.items() if name != _CHANGED}
