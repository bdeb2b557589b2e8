"""What an agency's log and witness are called: origins of checkpoints and names of note keys."""

from __future__ import annotations


def log_name(agency: str) -> str:
    """Return the origin of an agency's log, which is the name of its keys too (C2SP tlog-checkpoint)."""
    return f"{agency}/log"


def witness_name(agency: str) -> str:
    """Return the name of an agency's witness keys (C2SP tlog-cosignature)."""
    return f"{agency}/witness"
