"""What a dialect costs above its format's bare parser: documents a second of CPU, written and read.

The floor is the parser that the format cannot do without (`json`, `lxml`) on the same documents: dumping the
parsed document for writing, parsing the bytes for reading. Dialects also check, name what is lost, keep what
is unknown and refuse what is hostile; the ratio says what that costs.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Callable, Mapping, Sequence
from time import process_time
from typing import Any

from lxml import etree

from adapters import registry
from adapters.contract import Adapter
from hub.records.record import load_record
from hub.records.template import template


def rates(steps: Mapping[str, Callable[[], object]], *, rounds: int, seconds: float) -> dict[str, float]:
    """Return each step's best rate a second of CPU; rounds take turns, as load comes and goes."""
    best = dict.fromkeys(steps, 0.0)
    for _ in range(rounds):
        for name, step in steps.items():
            began, calls = process_time(), 0
            while (spent := process_time() - began) < seconds:
                step()
                calls += 1
            best[name] = max(best[name], calls / spent)
    return best


def measure(adapter: Adapter, *, rounds: int, seconds: float) -> dict[str, Any]:
    """Return what one adapter does with a document of each of its kinds."""
    kinds = sorted(adapter.dialect.kinds, key=lambda kind: kind.value)
    records = [dict(load_record(template(kind)).document) for kind in kinds]
    documents = [adapter.dialect.translate(record).document for record in records]
    found = rates(
        {
            "write": lambda: [adapter.dialect.translate(record) for record in records],
            "read": lambda: [adapter.dialect.interpret(document) for document in documents],
            **_floor(adapter, documents),
        },
        rounds=rounds,
        seconds=seconds,
    )
    size = sum(map(len, documents)) // len(documents)
    row: dict[str, Any] = {"dialect": adapter.dialect.name, "kinds": len(kinds), "mean_bytes": size}
    for step in ("write", "read"):
        row |= {
            f"{step}_rate": round(found[step] * len(kinds)),
            f"{step}_floor_rate": round(found[f"{step}_floor"] * len(kinds)),
            f"{step}_ratio": round(found[step] / found[f"{step}_floor"], 3),
        }
    return row


def _floor(adapter: Adapter, documents: Sequence[bytes]) -> dict[str, Callable[[], object]]:
    if "xml" in adapter.dialect.media_type:
        roots = [etree.fromstring(document) for document in documents]
        return {
            "write_floor": lambda: [etree.tostring(root, encoding="utf-8") for root in roots],
            "read_floor": lambda: [etree.fromstring(document) for document in documents],
        }
    values = [json.loads(document) for document in documents]
    return {
        "write_floor": lambda: [json.dumps(value, ensure_ascii=False).encode() for value in values],
        "read_floor": lambda: [json.loads(document) for document in documents],
    }


def main() -> None:
    """Measure all adapters that are here and print a line each, or JSON."""
    arguments = ArgumentParser(description=__doc__)
    arguments.add_argument("--json", action="store_true")
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--seconds", type=float, default=0.3, help="CPU seconds a step and round")
    options = arguments.parse_args()
    names = [name for name, source in registry.names().items() if source == "hub"]
    rows = {
        name: measure(registry.make(name), rounds=options.rounds, seconds=options.seconds) for name in names
    }
    if options.json:
        print(json.dumps({"adapters": rows}, indent=2))
        return
    print(f"{'adapter':22}{'bytes':>8}{'write/s':>10}{'of floor':>10}{'read/s':>10}{'of floor':>10}")
    for name, row in rows.items():
        print(
            f"{name:22}{row['mean_bytes']:>8,}{row['write_rate']:>10,}{row['write_ratio']:>10}"
            f"{row['read_rate']:>10,}{row['read_ratio']:>10}"
        )


if __name__ == "__main__":
    main()
