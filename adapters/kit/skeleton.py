"""The files of a new adapter: a package that passes the conformance kit before anyone has changed it."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Final

from hub.errors import Refused

NAME: Final = re.compile(r"[a-z][a-z0-9]{1,15}([_-][a-z0-9]{1,15}){0,3}")
#: file in the skeleton -> file in the new package; `NAME` and `PACKAGE` are replaced in both.
_FILES: Final = {
    "pyproject.toml.txt": "pyproject.toml",
    "README.md.txt": "README.md",
    "init.py.txt": "PACKAGE/__init__.py",
    "dialect.py.txt": "PACKAGE/dialect.py",
    "rules.py.txt": "PACKAGE/rules.py",
    "profile.toml.txt": "PACKAGE/profile.toml",
    "test_adapter.py.txt": "tests/test_adapter.py",
}


def skeleton(name: str) -> dict[str, str]:
    """Return path -> text of a new adapter's files. Raises Refused `adapter-invalid` for a bad name."""
    if NAME.fullmatch(name) is None:
        raise Refused("adapter-invalid", "A name is lowercase letters and digits, with - or _ between words.")
    package = name.replace("-", "_")
    texts = files("adapters.kit") / "new"
    return {
        _filled(path, name, package): _filled((texts / source).read_text(encoding="utf-8"), name, package)
        for source, path in _FILES.items()
    }


def _filled(text: str, name: str, package: str) -> str:
    return text.replace("PACKAGE", package).replace("NAME", name)
