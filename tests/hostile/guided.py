"""`python -m tests.hostile.guided`: one reader, guided by its code's coverage, where atheris is installed.

atheris has no wheels for every machine that runs the tests, so it is not among what they need:
`pip install atheris` in the same environment. Takes `FUZZ_ONLY` (one reader), `FUZZ_S` and `FUZZ_SEED`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path


def main(told: Mapping[str, str]) -> None:
    """Run until the time is over or something breaks; libFuzzer ends the process and keeps what broke it."""
    import atheris

    with atheris.instrument_imports(include=["adapters", "hub"]):
        from tests.hostile.examining import outcome
        from tests.hostile.fuzz import chosen
    (reader,) = chosen(told["FUZZ_ONLY"]).values()
    folder = Path(told.get("FUZZ_FOLDER") or ".fuzz")
    grown = folder / sha256(reader.name.encode()).hexdigest()[:16]
    grown.mkdir(parents=True, exist_ok=True)
    for document in reader.honest:
        (grown / sha256(document).hexdigest()).write_bytes(document)
    options = {
        "max_total_time": told.get("FUZZ_S") or "600",
        "seed": told.get("FUZZ_SEED") or "0",
        "rss_limit_mb": "2048",
        "timeout": "20",
        "artifact_prefix": f"{folder}/",
    }
    atheris.Setup(
        [sys.argv[0], *(f"-{name}={value}" for name, value in options.items()), str(grown)],
        lambda raw: outcome(reader, raw),
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main(os.environ)
