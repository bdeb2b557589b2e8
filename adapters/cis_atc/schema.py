"""The XSD of our format, made from its table: `python -m adapters.cis_atc.schema` writes it."""

from __future__ import annotations

import sys

from adapters.cis_atc.format import NAMESPACE, ROOTS, fields_of
from adapters.tables import xsd


def schema() -> bytes:
    """Return the XSD."""
    return xsd(NAMESPACE, {root: fields_of(kind) for kind, (root, _) in ROOTS.items()})


if __name__ == "__main__":
    sys.stdout.buffer.write(schema())
