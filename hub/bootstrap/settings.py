"""Which settings of hub.toml decide what may be done here, as the log tells them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

from hub.config import Config
from hub.limits import Limits

#: Where the hub is and what people call it; who it is and what its keys are stands on its card.
_PLACES: Final = frozenset(
    {
        *("home", "agency", "name", "host", "port", "url", "pull", "metrics_port", "database"),
        *("workers", "threads", "tsa_roots"),
    }
)
_TABLES: Final = frozenset({"limits", "token", "algorithms"})


def settings_of(config: Config) -> Mapping[str, str]:
    """Return every setting that is not at its default and is no mere place, by its name in hub.toml."""
    told = {
        **{one.name: (getattr(config, one.name), one.default) for one in fields(Config)},
        **{f"limits.{one.name}": (getattr(config.limits, one.name), one.default) for one in fields(Limits)},
    }
    found = {
        name: _spelled(value)
        for name, (value, default) in told.items()
        if name not in _PLACES | _TABLES and value != default
    }
    found |= {f"algorithms.{purpose}": name for purpose, name in config.algorithms.items()}
    if (token := config.token) is not None:
        found |= {"token": token.label, "token.purposes": _spelled(token.purposes)}
        found |= {"token.unlock": _spelled(token.unlock)}
    return found


def _spelled(value: Any) -> str:
    """Return a value as hub.toml has it, a list with blanks between."""
    if isinstance(value, tuple):
        return " ".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)
