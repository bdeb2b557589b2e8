"""A notice that came by Interpol's public list in evidence: what it proves, and that nobody signed it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hub.bootstrap.adapted import Adapters
from hub.evidence.bundle import Bundle, read_bundle
from hub.evidence.findings import Outcome, Standing, Topic
from hub.evidence.report import render
from hub.evidence.wording import Language
from hub.exchange.agreements import adopt
from tests.evidence.parcels import Parcelled
from tests.evidence.world import keys_of, resigned, told
from tests.exchange.hubless.feeding import FEED, PublicList, public_list, real_notices
from tests.exchange.hubs import CUSTODIAN, Hubs, agreement_text

pytestmark = pytest.mark.slow


class Fed(Parcelled):
    """kz-knb that reads the public list; sco-rats witnesses."""

    public: PublicList

    def of(self, number: str) -> bytes:
        """Return the bundle of the record that a notice became."""
        parcels = [one for one in self.intakes() if one[0].startswith(f"{number.replace('/', '-')}.")]
        self.record_id = parcels[-1][1]
        return self.export()

    def intakes(self) -> list[tuple[str, str]]:
        """Return the parcels that came, each with the record that it became."""
        with self.ours.store.read() as view:
            rows = view.records.page(after=0, limit=200)
            names = sorted({row.record_id for row in rows})
            return [(one.parcel_id, name) for name in names for one in view.hubless.intakes_of(FEED, name)]


@pytest.fixture
def fed(hubs: Hubs, tmp_path: Path) -> Iterator[Fed]:
    """Five real notices, taken."""
    notices = real_notices(5)
    for agency in ("kz-knb", "sco-rats"):
        hubs.add(agency)
    hubs.pair_all()
    world = Fed(hubs=hubs)
    broker, folder = world.ours, tmp_path / "state"
    adapting = Adapters(agency="kz-knb", store=broker.store, keyring=broker.keyring, folder=folder)
    hubs.network.brokers["kz-knb"] = broker = replace(broker, adapting=adapting)
    adopt(broker, CUSTODIAN, agreement_text(["kz-knb", "sco-rats", FEED]))
    hubs.clock.pass_(60)
    with public_list(hubs, broker, folder, notices) as there:
        world.public = there
        there.look()
        yield world


def test_a_notice_of_the_public_list_is_proven_and_told_as_what_nobody_signed(fed: Fed) -> None:
    first, second = list(fed.public.notices)[:2]
    raw = fed.of(first)
    verdict = fed.verdict(raw)
    assert verdict.outcome is Outcome.PROVEN, told(verdict)
    assert {"parcel-in-log", "record-of-document"} <= keys_of(verdict, Standing.PROVEN)
    (content,) = verdict.contents
    assert (content.version, content.kind) == (1, "notice")
    limits = [one.key for one in verdict.findings if one.topic is Topic.LIMIT]
    assert "parcel-unsigned" in limits
    assert all(one.what != "document" for one in verdict.signatures), "nobody at the source signed it"
    assert "никто не подписал" in render(verdict, Language.RU)

    other = read_bundle(fed.of(second)).bundle

    def exchange(whole: Bundle) -> Bundle:
        (ours,), (theirs,) = whole.parcels, other.parcels
        return replace(whole, parcels=(replace(ours, content=theirs.content),))

    lied = fed.verdict(resigned(raw, fed.ours, exchange))
    assert lied.outcome is Outcome.DISPROVEN, "another notice's bytes are not what the log names"
    exchanged = fed.verdict(resigned(raw, fed.ours, lambda whole: replace(whole, contents=other.contents)))
    assert exchanged.outcome is Outcome.DISPROVEN


def test_the_corrections_and_the_withdrawal_of_a_notice_are_proven_as_what_its_forms_say(fed: Fed) -> None:
    number, notice = next(iter(fed.public.notices.items()))
    fed.public.put(notice | {"forename": "OTHERWISE"})
    fed.public.look_later()
    fed.public.put(notice | {"distinguishing_marks_xx": "in no field", "forename": "OTHERWISE"})
    fed.public.look_later()
    del fed.public.notices[number]
    fed.public.look_later()
    fed.public.look_later()
    raw = fed.of(number)
    verdict = fed.verdict(raw)
    assert verdict.outcome is Outcome.PROVEN, told(verdict)
    actions = [(one.version, one.action) for one in verdict.contents]
    assert actions == [(1, "new"), (2, "correction"), (3, "withdrawal")]
    said = [one.about["version"] for one in verdict.findings if one.key == "record-of-document"]
    assert said == ["1", "2", "2", "3"], "the third form changed nothing that the record says"
    unsigned = [one for one in verdict.findings if one.key == "parcel-unsigned"]
    assert len(unsigned) == 4, "the withdrawal neither: it is our word for what the list has no more"

    def swap(whole: Bundle) -> Bundle:
        first, second, *rest = whole.parcels
        return replace(whole, parcels=(replace(first, version=2), replace(second, version=1), *rest))

    assert fed.verdict(resigned(raw, fed.ours, swap)).outcome is not Outcome.PROVEN
