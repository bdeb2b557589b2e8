"""Trust follows the directory, at most once a second, whoever changed it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from hub.entries import (
    MaterialRow,
    MemberRow,
    PartnerRow,
    PartnerStatus,
    ProfileRow,
    RevocationRow,
    RevocationRule,
    TrustItem,
)
from hub.errors import OurFault
from hub.federation import trust as room
from hub.federation.trust import TrustSource, build_trust
from tests.transport.agencies import keyring, member_leaf, member_row, partner_row

NOW = datetime.now(UTC)
OURS = keyring("kz-knb").tls_files().authority_pem


@dataclass
class Rows:
    """A directory in memory that counts who asks."""

    partner_rows: list[PartnerRow] = field(default_factory=list)
    member_rows: list[MemberRow] = field(default_factory=list)
    profile_rows: list[ProfileRow] = field(default_factory=list)
    material_rows: list[MaterialRow] = field(default_factory=list)
    answer_rows: list[RevocationRow] = field(default_factory=list)
    rule_rows: dict[str, RevocationRule] = field(default_factory=dict)
    withdrawn_thumbprints: list[str] = field(default_factory=list)
    kept: dict[str, TrustItem] = field(default_factory=dict)
    number: int = 1
    asked: int = 0
    down: bool = False

    @property
    def directory(self) -> Rows:
        return self

    def generation(self) -> int:
        self.asked += 1
        return self.number

    def partners(self) -> list[PartnerRow]:
        return self.partner_rows

    def members(self) -> list[MemberRow]:
        return self.member_rows

    @property
    def hubless(self) -> Rows:
        return self

    def profiles(self) -> list[ProfileRow]:
        return self.profile_rows

    def materials(self, agency: str) -> list[MaterialRow]:
        return [row for row in self.material_rows if row.agency == agency]

    def cards_since(self, agency: str) -> Sequence[tuple[datetime, bytes]]:
        return ()

    @property
    def revocations(self) -> Rows:
        return self

    @property
    def trust(self) -> Rows:
        return self

    def answers(self) -> list[RevocationRow]:
        return self.answer_rows

    def rules(self) -> dict[str, RevocationRule]:
        return self.rule_rows

    def withdrawn(self) -> list[str]:
        return self.withdrawn_thumbprints

    def items(self, digests: Sequence[str]) -> dict[str, TrustItem]:
        return {digest: self.kept[digest] for digest in digests}

    @contextmanager
    def read(self) -> Iterator[Rows]:
        if self.down:
            raise OurFault("storage-unavailable", "The database cannot be read now.")
        yield self


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_trust_holds_each_partners_own_authority_and_each_members_certificate() -> None:
    leaf = member_leaf("kz-mvd", of="kz-knb")
    rows = Rows([partner_row("cis-atc"), partner_row("sco-rats")], [member_row("kz-mvd", leaf)])
    built = build_trust(rows, authority_pem=OURS)
    assert built.partners["cis-atc"].authority_pem == keyring("cis-atc").tls_files().authority_pem
    assert built.members[leaf.thumbprint].agency == "kz-mvd"
    assert len(built.authorities()) == 3
    assert built.authorities()[0] == OURS


def test_a_change_is_seen_within_a_second_and_not_asked_for_more_often() -> None:
    rows = Rows([partner_row("cis-atc")])
    source = TrustSource(rows.read, authority_pem=OURS)
    first = source.current(NOW)
    asked = rows.asked
    rows.partner_rows, rows.number = [], 2
    assert source.current(later(0.9)) is first
    assert rows.asked == asked
    assert source.current(later(1.0)).partners == {}


def test_an_unchanged_directory_keeps_the_snapshot() -> None:
    rows = Rows([partner_row("cis-atc")])
    source = TrustSource(rows.read, authority_pem=OURS)
    assert source.current(NOW) is source.current(later(5)) is source.current(later(50))


def test_a_clock_that_is_set_back_does_not_stop_the_refreshing() -> None:
    rows = Rows([partner_row("cis-atc")])
    source = TrustSource(rows.read, authority_pem=OURS)
    source.current(NOW)
    rows.partner_rows, rows.number = [], 2
    assert source.current(later(-3600)).partners == {}


def test_a_directory_that_cannot_be_read_is_not_guessed() -> None:
    rows = Rows([partner_row("cis-atc")])
    source = TrustSource(rows.read, authority_pem=OURS)
    source.current(NOW)
    rows.down = True
    with pytest.raises(OurFault, match="storage-unavailable"):
        source.current(later(2))
    rows.down = False
    assert "cis-atc" in source.current(later(2)).partners


def test_only_cards_that_changed_are_verified_again(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[bytes] = []
    genuine = room.read_card

    def counted(raw: bytes) -> object:
        read.append(raw)
        return genuine(raw)

    monkeypatch.setattr(room, "read_card", counted)
    one, other = partner_row("cis-atc"), partner_row("sco-rats")
    rows = Rows([one, other])
    source = TrustSource(rows.read, authority_pem=OURS)
    source.current(NOW)
    suspended = partner_row("kg-gknb", status=PartnerStatus.SUSPENDED)
    rows.partner_rows, rows.number = [one, other, suspended], 2
    trust = source.current(later(2))
    assert read == [one.card, other.card, suspended.card]
    assert trust.partners["kg-gknb"].status is PartnerStatus.SUSPENDED


def test_a_new_card_brings_its_authority() -> None:
    row = partner_row("cis-atc")
    before = build_trust(Rows([row]), authority_pem=OURS)
    renewed = partner_row("cis-atc", url="https://127.0.0.1:9443")
    after = build_trust(Rows([renewed]), authority_pem=OURS, before=before)
    assert after.partners["cis-atc"].fingerprint == renewed.fingerprint != row.fingerprint


def _profile(agency: str, carrier: str = "taxii-server") -> ProfileRow:
    return ProfileRow(
        agency=agency,
        source="",
        digest="",
        adapter="bilateral",
        dialect="stix-2.1/1",
        carrier=carrier,
        receipts=True,
        status=PartnerStatus.ACTIVE,
        pinned_at=NOW,
        pinned_by="dana",
    )


def _material(agency: str, fingerprint: str, *, name: str = "taxii-client") -> MaterialRow:
    return MaterialRow(
        agency=agency,
        name=name,
        sort="certificates",
        body_id="b",
        fingerprint=fingerprint,
        put_at=NOW,
        put_by="dana",
    )


def test_a_collector_is_known_by_the_one_leaf_that_is_held_for_it() -> None:
    rows = Rows(
        profile_rows=[
            _profile("de-bka"),
            _profile("fr-dgsi"),
            _profile("it-aise", "sftp"),
            _profile("es-cnp", "as4"),
        ],
        material_rows=[
            _material("de-bka", "aa above"),
            _material("de-bka", "bb", name="signer"),
            _material("es-cnp", "ee", name="as4-client"),
            _material("es-cnp", "ff"),
            _material("fr-dgsi", "cc"),
            _material("it-aise", "dd"),
        ],
    )
    found = build_trust(rows, authority_pem=OURS).collectors
    assert {leaf: one.agency for leaf, one in found.items()} == {
        "aa": "de-bka",
        "cc": "fr-dgsi",
        "ee": "es-cnp",
    }


def test_a_leaf_of_two_collectors_or_of_a_member_is_no_collectors() -> None:
    row = member_row("kz-mvd", member_leaf("kz-mvd", of="kz-knb"))
    rows = Rows(
        member_rows=[row],
        profile_rows=[_profile("de-bka"), _profile("fr-dgsi"), _profile("it-aise")],
        material_rows=[
            _material("de-bka", "aa"),
            _material("fr-dgsi", "aa"),
            _material("it-aise", row.certificate_thumbprint),
        ],
    )
    assert not build_trust(rows, authority_pem=OURS).collectors
