"""What people read of an agreement."""

from __future__ import annotations

from datetime import date

from rich.console import RenderableType

from hub.cli.answer import facts
from hub.policy.description import described_flow
from hub.policy.terms import BY_RULE_MAX_DAYS, Agreement, Flow


def page(found: Agreement) -> tuple[RenderableType, ...]:
    """Return what an agreement says, flow by flow."""
    draft = ", a draft that cannot be put in force" if found.draft else ""
    parts: list[RenderableType] = [
        facts(
            {
                "agreement": f"{found.id}, version {found.version}{draft}",
                "title": found.title,
                "instrument": found.instrument,
                "parties": found.parties,
                "in force": f"from {found.in_force_from} until {found.in_force_until or 'further notice'}",
                **{f"competent for {one.party}": _authorities(found, one.party) for one in found.authorities},
                **{f"levels of {one.party}": _levels(found, one.party) for one in found.levels},
                **{f"article {article.number}": article.about for article in found.articles},
                **{
                    f"may be refused: {g.ground.value}": f"{g.about} (art. {g.article})"
                    for g in found.grounds
                },
                **({"sources": "; ".join(found.sources)} if found.sources else {}),
                **({"not publicly certain": " ".join(found.uncertain)} if found.uncertain else {}),
            }
        )
    ]
    for flow in found.flows:
        parts += [
            "",
            f"{', '.join(sorted(flow.senders))} → {', '.join(sorted(flow.recipients))}",
            _flow(flow, found.rule_until(flow)),
        ]
    return tuple(parts)


def _flow(flow: Flow, until: date | None) -> RenderableType:
    told = described_flow(flow)
    return facts(
        {
            "  kinds": told["kinds"],
            "  without a second officer": told["by_rule"] or "none",
            **({"  that ends with": until or f"{BY_RULE_MAX_DAYS} days in effect"} if flow.by_rule else {}),
            "  purposes": told["purposes"],
            "  languages": told["languages"],
            "  up to": flow.highest.value,
            "  TLP": "any" if flow.tlp is None else told["tlp"],
            "  handling codes": told["handling"] or "none",
            "  reply within": [f"{k.value}: {days} days" for k, days in flow.reply_days.items()]
            or "no time is set",
            "  kept for": "no time is set" if flow.retention_days is None else f"{flow.retention_days} days",
            "  passed on": flow.onward.value,
            "  requests": [*told["forms"], f"urgent ones confirmed within {flow.confirm_hours} h"],  # type: ignore[misc]
            "  asked before a release": told["checks"] or "nothing",
            **({"  released by": _officers(flow)} if flow.approvals else {}),
            "  articles": flow.articles,
            "  caveats": "; ".join(flow.caveats) or "none",
        }
    )


def _authorities(found: Agreement, party: str) -> str:
    return "; ".join(one.name for one in found.authorities if one.party == party)


def _levels(found: Agreement, party: str) -> str:
    return "; ".join(f"{one.theirs} = {one.ours.value}" for one in found.levels if one.party == party)


def _officers(flow: Flow) -> list[str]:
    return [f"{count} officers from {level.value} on" for level, count in flow.approvals.items()]
