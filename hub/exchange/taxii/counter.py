"""Where one agency's parcels are laid out and its posts taken, as an adapter's carrier sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hub.exchange.broker import Broker
from hub.exchange.taxii.collecting import fetch_statement, fetched_parcels, settle_parcel
from hub.exchange.taxii.laying import lay_out, open_posts
from hub.exchange.taxii.posting import answer_post, waiting_posts


@dataclass(frozen=True, kw_only=True)
class TaxiiCounter:
    """The collections of one agency."""

    broker: Broker
    agency: str

    def lay_out(self, parcel_id: str, label: str, content: bytes) -> None:
        """Lay a bundle out, durably; a repeat changes nothing."""
        lay_out(self.broker, self.agency, parcel_id, label, content)

    def waiting(self, limit: int) -> Sequence[tuple[str, bytes]]:
        """Return posts without a verdict, oldest first; the agency can post from the first time on."""
        open_posts(self.broker, self.agency)
        return waiting_posts(self.broker, self.agency, limit=limit)

    def answer(self, parcel_id: str, *, code: str | None, sentence: str) -> None:
        """Give a post its verdict."""
        answer_post(self.broker, self.agency, parcel_id, code=code, sentence=sentence)

    def fetched(self, limit: int) -> Sequence[tuple[str, bytes, bytes]]:
        """Return id, statement and digest of parcels that were fetched to their end."""
        rows = fetched_parcels(self.broker, self.agency, limit=limit)
        return [(row.parcel_id, fetch_statement(row), row.digest) for row in rows]

    def settle(self, parcel_id: str) -> None:
        """Note that it is known elsewhere that a parcel was fetched."""
        settle_parcel(self.broker, self.agency, parcel_id)
