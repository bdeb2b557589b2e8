"""What an adapter costs above its format's bare parser and bare cryptography: documents a second of CPU.

The floor is the parser that the format cannot do without (`json`, `lxml`) on the same documents: dumping the
parsed document for writing, parsing the bytes for reading. Dialects also check, name what is lost, keep what
is unknown and refuse what is hostile; the ratio says what that costs. `out` and `in` are the whole way with
the S/MIME seal; `--peer` sets pyas2lib beside it, on the same bytes (`bench/sealing.py`).
"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import process_time
from typing import Any

from lxml import etree

from adapters import registry
from adapters.contract import Adapter
from bench.peer_as2 import CACHE, environment
from bench.sealing import Ends, document_of, rates_of_peer, steps_of
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


def measure_sealed(ends: Ends, adapter: Adapter, *, rounds: int, seconds: float) -> dict[str, Any]:
    """Return what one adapter does with one document on its whole way."""
    steps = steps_of(ends, adapter, _floor(adapter, [document_of(adapter)[1]]))
    found = rates(steps, rounds=rounds, seconds=seconds)
    row: dict[str, Any] = {}
    for step in ("out", "in"):
        row |= {
            f"{step}_rate": round(found[step], 1),
            f"{step}_floor_rate": round(found[f"{step}_floor"], 1),
            f"{step}_ratio": round(found[step] / found[f"{step}_floor"], 3),
        }
    return row


def _beside_peer(rows: dict[str, dict[str, Any]], folder: Path, seconds: float) -> None:
    """Add what pyas2lib does with the same documents."""
    documents = [document_of(registry.make(name))[1] for name in rows]
    peers = rates_of_peer(environment(folder), documents, seconds=seconds)
    for row, peer in zip(rows.values(), peers, strict=True):
        for step, done in (("out", "build"), ("in", "parse")):
            row[f"{step}_peer_rate"] = round(peer[done], 1)
            row[f"{step}_of_peer"] = round(row[f"{step}_rate"] / peer[done], 2)


def main() -> None:
    """Measure all adapters that are here and print a line each, or JSON."""
    arguments = ArgumentParser(description=__doc__)
    arguments.add_argument("--peer", action="store_true", help="measure pyas2lib too, in its own environment")
    arguments.add_argument("--environment", type=Path, default=CACHE, help="where the peer is installed")
    arguments.add_argument("--json", action="store_true")
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--seconds", type=float, default=0.3, help="CPU seconds a step and round")
    options = arguments.parse_args()
    names = [name for name, source in registry.names().items() if source == "hub"]
    rows = {
        name: measure(registry.make(name), rounds=options.rounds, seconds=options.seconds) for name in names
    }
    ends = Ends()
    for name, row in rows.items():
        row |= measure_sealed(ends, registry.make(name), rounds=options.rounds, seconds=options.seconds)
    if options.peer:
        _beside_peer(rows, options.environment, options.seconds * options.rounds)
    if options.json:
        print(json.dumps({"adapters": rows}, indent=2))
        return
    for columns in (("mean_bytes", "write", "read"), ("out", "in")):
        print(_table(rows, columns))


def _table(rows: Mapping[str, Mapping[str, Any]], steps: Sequence[str]) -> str:
    """Return rates and ratios of some steps, a line for each adapter."""
    names = [
        name
        for step in steps
        for name in (step, f"{step}_rate", f"{step}_ratio", f"{step}_peer_rate", f"{step}_of_peer")
        if all(name in row for row in rows.values())
    ]
    lines = ["".join([f"{'adapter':22}", *(f"{name:>15}" for name in names)])]
    lines += ["".join([f"{key:22}", *(f"{row[name]:>15,}" for name in names)]) for key, row in rows.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
