"""Commands typed beside a served hub, which goes on writing into its log meanwhile."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from hub.cli import cli


def typed(home: Path, *words: str) -> Result:
    """Run a command line about a home, in this process."""
    return CliRunner().invoke(cli, list(words), env={"HUB_HOME": str(home), "HUB_UNLOCK": None})


def answered(home: Path, *words: str) -> dict[str, Any]:
    """Return the document of a command that succeeded."""
    result = typed(home, *words, "--json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert isinstance(document, dict)
    return document
