"""One partner's profile into a whole adapter: dialect and rules, and the seal and the carrier it names.

```toml
adapter = "bilateral"        # whose dialect and rules; what is not in a table is for them
dialect = "stix"
receipts = "expected"        # or "none", where the carrier never brings any

[seal]
name = "smime"               # the rest of the table is for the seal

[carrier]
name = "folder"
path = "/srv/drop/de-bka"
```
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from adapters import registry
from adapters.contract import Adapter, Materials
from adapters.profiles import choice, invalid, text

#: Whether the carrier ever tells what the partner says of a parcel.
RECEIPTS: Final = frozenset({"expected", "none"})
_OURS: Final = frozenset({"adapter", "seal", "carrier", "receipts"})


def compose(profile: Mapping[str, Any], materials: Materials) -> Adapter:
    """Make the adapter of one partner. Raises Refused `adapter-unknown` and `adapter-invalid`."""
    options = {name: value for name, value in profile.items() if name not in _OURS}
    choice(profile, "receipts", RECEIPTS, default="expected")
    adapter = registry.make(text(profile, "adapter", default=""), options)
    if (table := _table(profile, "seal")) is not None:
        name, rest = table
        adapter = replace(adapter, seal=registry.make_seal(name, rest, materials))
    if (table := _table(profile, "carrier")) is not None:
        name, rest = table
        adapter = replace(adapter, carrier=registry.make_carrier(name, rest, materials))
    return adapter


def _table(profile: Mapping[str, Any], part: str) -> tuple[str, Mapping[str, Any]] | None:
    """Return the name in a part's table and the options beside it; None where there is no such table."""
    table = profile.get(part)
    if table is None:
        return None
    if not isinstance(table, dict):
        raise invalid(f"{part}: expected a table")
    return text(table, "name", default=""), {key: value for key, value in table.items() if key != "name"}
