"""Where partners without a hub are kept, with what is held for them and what moves between us."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from hub.entries import IntakeRow, MaterialRow, ParcelRow, ProfileRow


class Hubless(Protocol):
    """Profiles, materials, parcels and intakes. Profiles and materials change the directory's generation."""

    def profiles(self) -> Sequence[ProfileRow]:
        """Return all profiles by agency."""
        ...

    def profile(self, agency: str) -> ProfileRow | None: ...
    def put_profile(self, row: ProfileRow) -> None: ...
    def materials(self, agency: str) -> Sequence[MaterialRow]:
        """Return what is held for a partner, by name."""
        ...

    def put_material(self, row: MaterialRow) -> None:
        """Store or replace; erasing the body of what it replaces is the caller's."""
        ...

    def add_parcels(self, rows: Sequence[ParcelRow]) -> None:
        """Store parcels of ours."""
        ...

    def parcel(self, parcel_id: str) -> ParcelRow | None: ...
    def parcels_of(self, record_id: str) -> Sequence[ParcelRow]:
        """Return the parcels of all versions of a record of ours, oldest first."""
        ...

    def answer_parcel(
        self, row: ParcelRow, *, receipt_id: str, at: datetime, signer: str | None, code: str | None
    ) -> bool:
        """Note what the partner said, in the body of this id; False where somebody did since `row` was read.

        Erasing the body that another takes the place of is the caller's.
        """
        ...

    def intakes_by_id(self, agency: str, parcel_id: str) -> Sequence[IntakeRow]:
        """Return what came from a partner under an id, oldest first."""
        ...

    def intakes_of(self, agency: str, record_id: str) -> Sequence[IntakeRow]:
        """Return the parcels that brought versions of a partner's record, oldest first."""
        ...

    def held_intakes(self, *, limit: int) -> Sequence[IntakeRow]:
        """Return parcels that were refused and are kept, newest first."""
        ...

    def held_count(self, agency: str, *, most: int) -> int:
        """Return how many refused parcels of a partner are kept and not discarded; it counts up to `most`."""
        ...

    def admit_intake(self, row: IntakeRow) -> bool:
        """Store a parcel that came; False where another worker stored it first, and then nothing is."""
        ...

    def reconsider_intake(self, before: IntakeRow, after: IntakeRow) -> bool:
        """Put what a refused parcel came to at another weighing in its place; False where it is not refused.

        Its id, digest, body and time stay.
        """
        ...

    def acknowledge_intake(self, row: IntakeRow, at: datetime) -> None:
        """Note that the partner was told; bookkeeping. Once it was before, it is a repeat and counted."""
        ...

    def forget_digests(self, record_id: str) -> None:
        """Overwrite with zeros the digests of a record's parcels: without a seal they derive from content."""
        ...

    def forget_intake(self, row: IntakeRow, instead: bytes) -> None:
        """Put random bytes in the place of a parcel's digest: without a seal it derives from content."""
        ...

    def forget_objects(self, agency: str, record_id: str) -> None:
        """Forget the digests of the objects that a record's parcels brought, and no other record's."""
        ...

    def objects(self, agency: str, names: Sequence[str]) -> Mapping[str, str]:
        """Return the digests of those objects that came before, `taxii.FORGOTTEN` where one is forgotten."""
        ...

    def add_objects(self, agency: str, digests: Mapping[str, str], *, record_id: str) -> None:
        """Store the objects that a record came with; what is there and not forgotten stays. Bookkeeping."""
        ...

    def record_named(self, agency: str, name: str) -> str | None:
        """Return the newest record that came under a name; None once it was erased."""
        ...

    def name_record(self, agency: str, name: str, record_id: str) -> None:
        """Note under which name a record came; a repeat changes nothing. Bookkeeping."""
        ...
