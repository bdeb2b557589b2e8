"""What a second officer does with records: read them, and release or reject what another one drafted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from hub.audit.events import Act
from hub.audit.trail import writes
from hub.cli.answer import Answer, safe
from hub.cli.credentials import sign_in, sign_in_to_sign
from hub.cli.frame import SOME_DIGEST, SOME_ID, leaf, trail
from hub.cli.home import opened
from hub.cli.record_acting import acting, row_of, stands, verdict_of, why_option
from hub.cli.record_held import deliver_step
from hub.cli.record_losses import ask_partners, in_words
from hub.cli.record_naming import originator_option, record_argument
from hub.cli.record_page import page
from hub.cli.record_views import as_document
from hub.cli.waiting import prospects
from hub.entries import RecordRow
from hub.errors import Refused
from hub.exchange import drafting, releasing, routing
from hub.exchange.approving import ByPassword
from hub.exchange.broker import Broker
from hub.exchange.checks import checks_for
from hub.exchange.contents import find_row
from hub.exchange.hubless.asking import Losses, PartnerAnswer, losses_of
from hub.policy.checks import CHECKS, Answered, Check
from hub.records.actor import Actor
from hub.records.kinds import Purpose

if TYPE_CHECKING:
    from hub.bootstrap.secrets import Unlock

_PARTNERS: Final = re.compile(r"[a-z0-9-]+/")


@trail(
    writes(
        Act.RELEASED,
        Act.APPROVED,
        Act.CONSULTED,
        Act.ANSWERED,
        Act.LABEL_LOWERED,
        Act.CHECK_ANSWERED,
        Act.DRAFTED,
        Act.DISCARDED,
        Act.TEAR_OUTDATED,
        Act.PASSED_ON,
        Act.HELD,
        Act.DIED,
    )
)
@leaf(
    examples=(
        f"hub record release {SOME_ID} --as bolat",
        f"hub record release {SOME_ID} --digest {SOME_DIGEST} --to cis-atc --as bolat",
    )
)
@record_argument
@click.option("--digest", metavar="HEX", help="The digest of the draft that was read, all 64 digits.")
@click.option(
    "--to", "recipients", multiple=True, metavar="AGENCY", help="With --digest: each recipient that was read."
)
@click.option(
    "--lowered-because",
    metavar="TEXT",
    help="Why the label asks for less than that of the version before, where it does.",
)
@click.option(
    "--answer",
    "told",
    multiple=True,
    metavar="CHECK=yes|no:WHY",
    help="With --digest: the answer to a check that is asked, like minors=yes:WHY, or de-bka/CODE=yes:WHY to "
    "what a partner's own rules ask; may be repeated.",
)
@click.option(
    "--losses",
    metavar="HEX",
    help="With --digest: the digest of the loss report that was read, where a recipient has no hub.",
)
@acting
def release(
    record_id: str,
    digest: str | None,
    recipients: tuple[str, ...],
    lowered_because: str | None,
    told: tuple[str, ...],
    losses: str | None,
    officer: str,
    password_fd: int | None,
    home: Path,
    unlock: Unlock,
) -> Answer:
    """Approve a draft that another officer wrote, and send it.

    Without --digest you read the draft and its recipients first, and are asked. The decision holds for
    exactly what was read: if the draft or its recipients changed meanwhile, nothing goes out. It is signed
    with your own key, which your password opens. What takes several officers goes out with the last of them.
    """
    if (digest is None) is not (not recipients):
        raise click.UsageError("--digest and --to come together: what was read, and for whom.")
    answers = [_answer(one) for one in told if _PARTNERS.match(one) is None]
    to_partners = [_to_partner(one) for one in told if _PARTNERS.match(one) is not None]
    lost = None if losses is None else _digest(losses)
    with opened(home, unlock) as hub:
        actor, password = sign_in_to_sign(hub.broker, officer, password_fd)
        if digest is None:
            row = row_of(hub.broker, record_id)
            report = losses_of(hub.broker, record_id)
            _read_and_ask(hub.broker, actor, row, report)
            seen, recipients, lost = row.digest, row.recipients, report.digest
            answers += _ask_checks(hub.broker, record_id, {one.check for one in answers})
            to_partners += ask_partners(report, {(one.recipient, one.code) for one in to_partners})
        else:
            seen = _digest(digest)
        done = releasing.approve(
            hub.broker,
            actor,
            record_id,
            digest=seen,
            recipients=recipients,
            lowered_because=lowered_because,
            answers=answers,
            losses=lost,
            partner_answers=to_partners,
            sign=ByPassword(password=password),
        )
        with hub.store.read() as view:
            row = find_row(view, record_id)
            queued = [e for e in view.outbox.of_record(record_id) if e.version == row.version]
            stand = prospects(view, queued, at=hub.broker.clock.now())
    if (released := done.release) is None:
        return Answer(
            document={**as_document(row), "approved_by": list(done.given), "approvals_needed": done.needed},
            people=(
                f"Approved by {len(done.given)} of {done.needed}: {', '.join(done.given)}.",
                "It goes out once enough officers have approved it as it is.",
            ),
            then=(f"hub record release {record_id} --as OFFICER", f"hub record show {record_id}"),
        )
    going = [one for one in released.recipients if one not in done.kept]
    count = len(going)
    held = [
        f"Held for {who}, as the policy keeps it from them: {' '.join(one.sentence for one in why)}"
        for who, why in done.kept.items()
    ]
    return Answer(
        document={
            **as_document(row),
            "envelope_ids": list(released.envelope_ids),
            "held_from": {who: [one.sentence for one in why] for who, why in done.kept.items()},
        },
        people=(
            f"Released to {count} recipient{'s' * (count != 1)}: {', '.join(going)}.",
            *held,
            *dict.fromkeys(stand.sentence(one) for one in queued if one.recipient in going),
        ),
        then=(
            *(deliver_step(record_id, who) for who in done.kept),
            f"hub record trace {record_id}",
            "hub queue counts",
        ),
    )


@trail(writes(Act.REJECTED))
@leaf(examples=(f'hub record reject {SOME_ID} --reason "article 6 is missing" --as bolat',))
@record_argument
@click.option("--reason", required=True, metavar="TEXT", help="What the author should change.")
@acting
def reject(
    record_id: str, reason: str, officer: str, password_fd: int | None, home: Path, unlock: Unlock
) -> Answer:
    """Send a draft back to its author."""
    with opened(home, unlock) as hub:
        actor = sign_in(hub.broker, officer, password_fd)
        releasing.reject(hub.broker, actor, record_id, reason=reason)
        return stands(hub.broker, actor, record_id, "is rejected; its author can revise it.")


@trail(writes(Act.CONSULTED))
@leaf(examples=(f'hub record read {SOME_ID} --as aigerim --why "case 2025/114: identity check"',))
@record_argument
@click.option("--version", type=click.IntRange(1), metavar="N", help="This version; without it the newest.")
@originator_option
@why_option
@click.option(
    "--purpose",
    type=click.Choice([purpose.value for purpose in Purpose]),
    help="What you read it for; other than the record's own purpose is refused. It is logged.",
)
@acting
def read(
    record_id: str,
    version: int | None,
    originator: str | None,
    justification: str,
    purpose: str | None,
    officer: str,
    password_fd: int | None,
    home: Path,
    unlock: Unlock,
) -> Answer:
    """Show a record's content; who read it and why is logged before anything is shown."""
    with opened(home, unlock) as hub:
        actor = sign_in(hub.broker, officer, password_fd)
        found = routing.read_record(
            hub.broker,
            actor,
            record_id,
            version,
            justification=justification,
            purpose=None if purpose is None else Purpose(purpose),
            originator=originator,
        )
    return Answer(
        document=found.document,
        people=(page(found),),
        then=(
            f"hub record trace {record_id}",
            *(
                f'hub attachment save {record_id} {one.digest} --out FILE --as {officer} --why "…"'
                for one in found.attachments[:1]
            ),
        ),
    )


def _digest(text: str) -> bytes:
    """Return a digest; a shortened one is refused, for an author could make a draft that begins alike."""
    if re.fullmatch("[0-9a-fA-F]{64}", text) is None:
        raise Refused(
            "request-invalid", "--digest takes all 64 digits of what `hub record show` or the draft told."
        )
    return bytes.fromhex(text)


def _answer(text: str) -> Answered:
    """Return the answer in `CHECK=yes:WHY`; raise Refused `request-invalid` for another form."""
    found = re.fullmatch(r"([a-z-]+)=(yes|no):(.+)", text)
    if found is None or found[1] not in {check.value for check in Check}:
        checks = ", ".join(check.value for check in Check)
        raise Refused("request-invalid", f"--answer is CHECK=yes:WHY or CHECK=no:WHY, with one of {checks}.")
    return Answered(check=Check(found[1]), met=found[2] == "yes", why=found[3])


def _to_partner(text: str) -> PartnerAnswer:
    """Return the answer in `AGENCY/CODE=yes:WHY`."""
    name, _, told = text.partition("=")
    (recipient, _, code), (met, _, why) = name.partition("/"), told.partition(":")
    if met not in {"yes", "no"} or not why:
        raise Refused("request-invalid", "--answer is AGENCY/CODE=yes:WHY or AGENCY/CODE=no:WHY.")
    return PartnerAnswer(recipient=recipient, code=code, met=met == "yes", why=why)


def _ask_checks(broker: Broker, record_id: str, known: set[Check]) -> Iterator[Answered]:
    """Ask the officer what a machine cannot decide."""
    for check in checks_for(broker, record_id):
        if check not in known:
            row = CHECKS[check]
            met = click.confirm(f"{row.question} ({row.source})", err=True)
            yield Answered(check=check, met=met, why=click.prompt("Why, in a few words", err=True))


def _read_and_ask(broker: Broker, actor: Actor, row: RecordRow, report: Losses) -> None:
    """Show a draft to the officer who is to release it, and stop unless they say yes."""
    found = routing.read_record(
        broker, actor, row.record_id, row.version, justification="to decide on its release"
    )
    verdicts = [
        f"to {one.recipient}: {verdict_of(one)}" for one in drafting.preview(broker, row.record_id, actor)
    ]
    lost = () if report.digest is None else ("", in_words(report))
    click.echo(safe("\n".join((page(found), "", *verdicts, *lost))), err=True)
    click.confirm(f"Release it to {', '.join(row.recipients)}?", abort=True, err=True)
