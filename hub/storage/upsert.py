"""INSERT with ON CONFLICT, which both databases spell alike."""

from __future__ import annotations

from sqlalchemy.dialects.postgresql import insert

#: PostgreSQL's construct. SQLite's compiler writes the same words for it; the contract suite proves it.
__all__ = ["insert"]
