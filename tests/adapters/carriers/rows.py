"""Partner rows for tests that never verify a card."""

from __future__ import annotations

from datetime import UTC, datetime

from hub.entries import PartnerRow, PartnerStatus


def row(agency: str, *, url: str | None = "https://127.0.0.1:8443", via: str | None = None) -> PartnerRow:
    """Return the row of a pinned partner whose card is not looked at."""
    return PartnerRow(
        agency=agency,
        card=b"",
        fingerprint="",
        status=PartnerStatus.ACTIVE,
        suites=("hybrid-1",),
        url=url,
        via=via,
        pinned_at=datetime(2026, 1, 1, tzinfo=UTC),
        pinned_by="local:test",
    )
