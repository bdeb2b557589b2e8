"""What happens in the demo, scene by scene, through the API alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from adapters.un_list import designations, read_list
from demo.cast import LIST_DESK, MEMBERS, PARTNERS, SLEEPER, UN_LIST, US
from demo.clients import Client, Trouble, batches
from demo.processes import Processes
from demo.stage import Stage
from hub.records.kinds import Kind
from hub.records.template import template

Key = tuple[str, int]
_BATCH = 50
_DRAINED_WITHIN_S = 60.0
_TEXTS = {
    "assistance-request": "Просим проверить по имеющимся учётам указанное лицо и его связи.",
    "assistance-answer": "По запросу сообщаем: проверка проведена, сведения прилагаются.",
    "spontaneous-information": "Сведения о канале перемещения, требующие проверки на вашей территории.",
    "diffusion": "Diffusion: please locate the person and inform the originator.",
    "wanted-person": "Лицо объявлено в розыск; просим сообщить при установлении.",
}


@dataclass(kw_only=True)
class Company:
    """The signed-in people and systems."""

    drafters: Mapping[str, Client]
    releasers: Mapping[str, Client]
    systems: Mapping[str, Client]


@dataclass(kw_only=True)
class Script:
    """What was sent to whom, and what must therefore be found: (record id, version) per recipient.

    `followed` is the record whose whole life is proven at the end.
    """

    expected: dict[str, set[Key]] = field(default_factory=dict)
    answered: dict[str, int] = field(default_factory=dict)
    collected: dict[str, list[Key]] = field(default_factory=dict)
    cursors: dict[str, str] = field(default_factory=dict)
    followed: str = ""

    def expect(self, released: Mapping[str, Any]) -> None:
        """Note that a release must reach each of its recipients once."""
        for recipient in released["recipients"]:
            self.expected.setdefault(recipient, set()).add((released["record_id"], released["version"]))


def gather(stage: Stage) -> Company:
    """Sign everyone in: officers with password and code, systems with their certificates."""
    places = stage.places
    drafters = {agency: Client(place) for agency, place in places.items()}
    releasers = {agency: Client(place) for agency, place in places.items()}
    for agency, place in places.items():
        drafters[agency].sign_in(place.drafter)
        releasers[agency].sign_in(place.releaser)
    systems = {agency: Client(places[US], path) for agency, path in stage.systems.items()}
    for agency, client in systems.items():
        client.get_token(agency)
    return Company(drafters=drafters, releasers=releasers, systems=systems)


def send_list(company: Company, script: Script, *, step: Callable[[int], object], limit: int | None) -> None:
    """Feed the 1267 designations in, in batches; by rule they go to members and partners at once."""
    entries = list(designations(read_list(UN_LIST), originator=US))[:limit]
    everyone = [*MEMBERS, *PARTNERS]
    desk = company.systems[LIST_DESK]
    for number, batch in enumerate(batches(entries, _BATCH)):
        records = [{"record": entry, "recipients": everyone, "priority": "routine"} for entry in batch]
        once = {"Idempotency-Key": f"un-list-{number}"}
        answer = desk.call("POST", "/api/v1/records", {"records": records}, **once)
        for done in answer["items"]:
            if done["state"] != "released":
                raise Trouble(f"A designation was kept back: {done['held_because']}")
            script.expect({**done, "recipients": everyone})
        step(len(batch))


def converse(company: Company, script: Script) -> dict[str, Any]:
    """Have officers draft and release: a request, information, a wanted person; and draft a diffusion.

    Return the diffusion's draft: a rule has questions about it.
    """
    send(company, script, US, "assistance-request", "cis-atc", agreement="cis-1999")
    spoken = send(company, script, US, "spontaneous-information", "sco-rats", agreement="shanghai-2001")
    wanted = send(company, script, US, "wanted-person", SLEEPER, agreement="kz-kg")
    script.followed = wanted["record_id"]
    _correct(company, script, wanted)
    _withdraw(company, script, spoken)
    return _draft(company, US, "diffusion", "interpol-ncb-kz", agreement="interpol-rpd", language="en")


def answer(company: Company, script: Script) -> None:
    """At cis-atc: wait for the request, read it with a reason, answer it by two officers."""
    there = company.drafters["cis-atc"]
    asked = _wait_for(there, "/api/v1/records?kind=assistance-request")
    why = {"justification": "Request from Astana, case 26-114"}
    there.call("POST", f"/api/v1/records/{asked['record_id']}/read", why)
    reply = document("cis-atc", "assistance-answer", agreement="cis-1999", language="ru")
    drafted = there.call("POST", f"/api/v1/records/{asked['record_id']}/answers", {"record": reply})
    company.releasers["cis-atc"].release(drafted)
    script.expect(drafted)
    script.answered["cis-atc"] = 1


def wake_sleeper(stage: Stage, processes: Processes, company: Company) -> int:
    """Bring the stopped hub back; return how many entries waited for it."""
    waiting = sum(
        int(count["count"])
        for count in company.releasers[US].call("GET", "/api/v1/queue/counts")["items"]
        if count["lane"] == SLEEPER and count["state"] == "pending"
    )
    processes.start(stage.places[SLEEPER])
    processes.wait_ready(stage.places[SLEEPER])
    return waiting


def drain(
    company: Company,
    script: Script,
    *,
    silent: Collection[str],
    work: Callable[[], int],
    progress: Callable[[int, int], object],
) -> None:
    """Wait until every entry is accepted and members have collected everything.

    `work` lets partners without a hub work, and returns how many of their records were answered. `silent`
    are those for whom nothing is waited for: a hub that stays stopped. Gives up after a minute without any
    progress; what is missing then shows in the tally.
    """
    wanted = sum(len(keys) for who, keys in script.expected.items() if who not in silent)
    best, since = -1, time.monotonic()
    while True:
        collect(company, script)
        arrived = _accepted(company, silent) + sum(len(found) for found in script.collected.values()) + work()
        progress(arrived, wanted)
        if arrived >= wanted:
            return
        if arrived > best:
            best, since = arrived, time.monotonic()
        if time.monotonic() - since > _DRAINED_WITHIN_S:
            return
        time.sleep(0.2)


def collect(company: Company, script: Script) -> None:
    """Let each member's system collect from its cursor and acknowledge, as its own program would."""
    for agency in MEMBERS:
        client = company.systems[agency]
        while (page := client.page("/api/v1/inbox", script.cursors.get(agency, "")))["items"]:
            ids = [item["delivery"]["delivery_id"] for item in page["items"]]
            told = {"deliveries": ids, "status": "delivered"}
            client.call("POST", "/api/v1/inbox/acknowledgements", told)
            script.collected.setdefault(agency, []).extend(_key(i["delivery"]) for i in page["items"])
            script.cursors[agency] = page["next"]


def _key(row: Mapping[str, Any]) -> Key:
    return row["record_id"], row["version"]


def _accepted(company: Company, silent: Collection[str]) -> int:
    return sum(
        count["count"]
        for agency, client in company.releasers.items()
        if agency not in silent
        for count in client.call("GET", "/api/v1/queue/counts")["items"]
        if count["state"] == "accepted"
    )


def document(originator: str, kind: str, *, agreement: str, language: str) -> dict[str, Any]:
    """Return a record of a kind as its drafter writes it."""
    made = template(Kind(kind))
    for name in ("id", "version", "action", "created_at", "conversation", "in_reply_to", "attachments"):
        made.pop(name, None)
    return made | {
        "originator": originator,
        "language": language,
        "narrative": _TEXTS[kind],
        "legal_basis": {"agreement": agreement, "articles": made["legal_basis"]["articles"]},
    }


def send(
    company: Company, script: Script, agency: str, kind: str, to: str, *, agreement: str, language: str = "ru"
) -> dict[str, Any]:
    """Have two officers of an agency draft and release a record to a partner."""
    drafted = _draft(company, agency, kind, to, agreement=agreement, language=language)
    company.releasers[agency].release(drafted)
    script.expect(drafted)
    return drafted


def _draft(
    company: Company, agency: str, kind: str, to: str, *, agreement: str, language: str
) -> dict[str, Any]:
    record = document(agency, kind, agreement=agreement, language=language)
    drafted = company.drafters[agency].call(
        "POST", "/api/v1/drafts", {"record": record, "recipients": [to], "priority": "urgent"}
    )
    return {**drafted, "document": record}


def _correct(company: Company, script: Script, sent: Mapping[str, Any]) -> None:
    right = {**sent["document"], "narrative": "Уточнение: " + sent["document"]["narrative"]}
    path = f"/api/v1/records/{sent['record_id']}/corrections"
    drafted = company.drafters[US].call("POST", path, {"record": right})
    company.releasers[US].release(drafted)
    script.expect(drafted)


def _withdraw(company: Company, script: Script, sent: Mapping[str, Any]) -> None:
    reason = {"reason": "Сведения не подтвердились."}
    drafted = company.drafters[US].call("POST", f"/api/v1/records/{sent['record_id']}/withdrawals", reason)
    company.releasers[US].release(drafted)
    script.expect(drafted)


def _wait_for(client: Client, path: str) -> dict[str, Any]:
    until = time.monotonic() + _DRAINED_WITHIN_S
    while time.monotonic() < until:
        for item in client.pages(path):
            return item
        time.sleep(0.1)
    raise Trouble(f"Nothing came for {path} in {_DRAINED_WITHIN_S:.0f} s.")
