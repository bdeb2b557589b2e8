"""Partners, members, officers and agreements as this hub has approved them."""

from __future__ import annotations

from marshmallow import fields

from hub.api.schemas.basics import Hex, Moment, View, a_number, a_text, an_agency, many, one_of
from hub.entries import PartnerStatus
from hub.records.actor import Role


class PartnerView(View):
    """A pinned partner."""

    agency = an_agency(required=True)
    fingerprint = Hex(required=True)
    status = one_of(PartnerStatus, required=True)
    suites = fields.List(a_text("hybrid-1"), required=True)
    url = a_text(
        "https://hub.cis-atc.example:8443", "Absent where it cannot be called and pulls its mailbox."
    )
    via = an_agency(metadata={"description": "The relay on the way to it."})
    relay_for = fields.List(an_agency(), required=True)
    pinned_at = Moment(required=True)
    pinned_by = a_text("officer:daniyar", required=True)


class PartnersView(View):
    """All partners."""

    items = many(PartnerView)


class ProfileView(View):
    """A partner without a hub, as its profile says how it is reached."""

    agency = an_agency(required=True)
    digest = Hex(required=True)
    status = one_of(PartnerStatus, required=True)
    adapter = a_text("bilateral", required=True)
    dialect = a_text("stix-2.1/1", required=True)
    carrier = a_text("sftp", required=True)
    receipts = fields.Boolean(
        required=True, metadata={"description": "Whether receipts come.", "examples": [True]}
    )
    pinned_at = Moment(required=True)
    pinned_by = a_text("officer:daniyar", required=True)


class ProfilesView(View):
    """All partners without a hub."""

    items = many(ProfileView)


class MemberView(View):
    """A member and what its systems may ask for."""

    agency = an_agency(required=True)
    name = a_text("Ministry of Internal Affairs", required=True)
    certificate_thumbprint = Hex(required=True)
    scopes = fields.List(a_text("collect:designation"), required=True)
    status = one_of(PartnerStatus, required=True)
    added_at = Moment(required=True)


class MembersView(View):
    """All members."""

    items = many(MemberView)


class OfficerView(View):
    """An officer's account without its secrets."""

    name = a_text("aigerim", required=True)
    roles = fields.List(one_of(Role), required=True)
    active = fields.Boolean(required=True)
    added_at = Moment(required=True)
    locked_until = Moment()


class OfficersView(View):
    """All officers."""

    items = many(OfficerView)


class AgreementView(View):
    """An agreement in its newest version."""

    agreement_id = a_text("cis-1999", required=True)
    version = a_number(1, required=True)
    digest = Hex(required=True)
    adopted_at = Moment(required=True)
    adopted_by = a_text("officer:daniyar", required=True)


class AgreementsView(View):
    """All agreements."""

    items = many(AgreementView)


class AgreementTextView(AgreementView):
    """An agreement with its text."""

    source = a_text('id = "cis-1999"\n', "The file as adopted, TOML.", required=True)
