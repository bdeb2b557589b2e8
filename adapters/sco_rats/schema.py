"""The XSDs of our format, made from its table: `python -m adapters.sco_rats.schema FOLDER` writes both."""

from __future__ import annotations

import sys
from pathlib import Path

from adapters.sco_rats.format import NAMESPACES, ROOTS, Tongue, fields_of, said
from adapters.tables import xsd

#: language -> its file beside this module.
FILES = {Tongue.RUSSIAN: "sco_rats.ru.xsd", Tongue.CHINESE: "sco_rats.zh.xsd"}


def schema(tongue: Tongue) -> bytes:
    """Return the XSD of the documents in one language."""
    roots = {said(root, tongue): fields_of(kind, tongue) for kind, (root, _) in ROOTS.items()}
    return xsd(NAMESPACES[tongue], roots)


if __name__ == "__main__":
    for one, name in FILES.items():
        (Path(sys.argv[1]) / name).write_bytes(schema(one))
