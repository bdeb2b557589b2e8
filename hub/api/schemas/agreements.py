"""What custodians propose and approve, and what differs between two versions of an agreement."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from hub.api.schemas.basics import Hex, Moment, View, a_number, a_text, many, version_field
from hub.policy.agreements import MAX_BYTES


class AgreementVersionQuery(Schema):
    """Which version; without it the newest that is in force here."""

    version = version_field()


class ProposalQuery(Schema):
    """Which version is meant; without it the newest that waits."""

    version = version_field()


class ChangesQuery(Schema):
    """Which versions are compared: by default the newest in force, and what is proposed."""

    before = version_field()
    after = version_field()


class ProposalBody(Schema):
    """The text of an agreement, TOML."""

    source = a_text('id = "cis-1999"\n', required=True, validate=validate.Length(min=1, max=MAX_BYTES))


class ApprovalOfAgreementBody(Schema):
    """Which version is put in force; without it the newest that waits."""

    version = version_field(strict=True)


class ProposalView(View):
    """A text that waits for another custodian."""

    agreement_id = a_text("cis-1999", required=True)
    version = a_number(2, required=True)
    digest = Hex(required=True)
    proposed_by = a_text("officer:dana", required=True)
    proposed_at = Moment(required=True)


class ProposalsView(View):
    """All that waits for a second custodian."""

    items = many(ProposalView)


class DifferenceView(View):
    """One thing that two versions say differently; absent where a version does not say it."""

    where = a_text("kz-knb → cis-atc: highest", required=True)
    before = a_text("confidential")
    after = a_text("secret")


class ProposalTextView(ProposalView):
    """A proposal with its text, and what it changes of what is in force."""

    source = a_text('id = "cis-1999"\n', "The file as proposed, TOML.", required=True)
    changes = many(DifferenceView)


class ChangesView(View):
    """What changes from one version to another."""

    agreement_id = a_text("cis-1999", required=True)
    before = a_number(1, required=True)
    after = a_number(2, required=True)
    proposed = fields.Boolean(required=True, metadata={"examples": [True]})
    changes = many(DifferenceView)
