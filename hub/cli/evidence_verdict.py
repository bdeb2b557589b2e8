"""A verdict as `hub evidence verify` tells it: one document for machines, the same for people."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType

from hub.cli.answer import facts, instant, table
from hub.evidence.findings import Standing, Topic, Verdict
from hub.evidence.wording import Language, labels, sentence, word


def as_document(verdict: Verdict, language: Language) -> dict[str, object]:
    """Return a verdict for machines; content stays in the bundle."""
    return {
        "verdict": verdict.outcome.value,
        "record_id": verdict.record_id,
        "originator": verdict.originator,
        "exporter": verdict.exporter,
        "exported_at": instant(verdict.exported_at),
        "exported_by": verdict.exported_by,
        "mode": verdict.mode,
        "bundle_sha256": verdict.bundle_digest,
        "anchors_sha256": verdict.anchors_digest,
        "findings": [
            {
                "topic": one.topic.value,
                "standing": one.standing.value,
                "key": one.key,
                "code": one.code,
                "about": dict(one.about),
                "sentence": sentence(one, language),
            }
            for one in verdict.findings
        ],
        "signatures": [
            {
                "by": one.by,
                "what": one.what,
                "over": one.over,
                "algorithms": list(one.algorithms),
                "claims_at": instant(one.claims_at),
            }
            for one in verdict.signatures
        ],
        "times": [{"at": instant(one.at), "by": one.by, "what": one.what} for one in verdict.clocks],
        "entries": [
            {
                "index": one.index,
                "at": one.at,
                "act": one.act,
                "who": one.who,
                "subject": one.subject,
                "details": dict(one.details),
                "justification": one.justification,
                "confirmed_before": instant(one.before),
                "confirmed_by": list(one.by),
            }
            for one in verdict.moments
        ],
        "contents": [
            {
                "version": one.version,
                "kind": one.kind,
                "action": one.action,
                "envelope_id": one.envelope_id,
            }
            for one in verdict.contents
        ],
        "erased": [sentence(one, language) for one in verdict.of(Standing.ERASED)],
        "not_shown": [sentence(one, language) for one in verdict.of(Standing.NOT_SHOWN)],
        "not_checked": [sentence(one, language) for one in verdict.of(Standing.NOT_CHECKED)],
    }


def people(verdict: Verdict, language: Language) -> Sequence[RenderableType]:
    """Return a verdict for people: the outcome first, then each claim by its topic, then the life."""
    said = labels(language)
    outcome = verdict.outcome.value
    parts: list[RenderableType] = [
        f"{said[outcome]}. {said[f'{outcome}-means']}",
        "",
        facts(
            {
                said["record"]: verdict.record_id,
                said["originator"]: verdict.originator,
                said["exporter"]: f"{verdict.exporter} ({verdict.exported_by})",
                said["exported"]: verdict.exported_at,
                said["mode"]: said[f"mode-{verdict.mode}"],
                said["bundle-digest"]: verdict.bundle_digest,
                said["anchors-digest"]: verdict.anchors_digest,
            }
        ),
    ]
    for topic in Topic:
        found = [one for one in verdict.findings if one.topic is topic]
        if found:
            cells = [(said[f"standing-{one.standing.value}"], sentence(one, language)) for one in found]
            parts += ["", said[f"topic-{topic.value}"], table(("", ""), cells)]
    if verdict.moments:
        steps = [
            (one.index, one.at, word(one.act, language), one.who, one.justification, one.before)
            for one in verdict.moments
        ]
        columns = tuple(said[name] for name in ("entry", "when", "what", "who", "why", "confirmed"))
        parts += ["", said["life"].format(exporter=verdict.exporter), table(columns, steps)]
    return parts
