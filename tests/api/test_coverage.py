"""Every operation of the API declares what it writes into the log, and really writes it.

What it wrote beyond its declaration is noticed at every call of every test here, in `World.call`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from hub.api.pages import site
from hub.audit.events import Act
from hub.audit.trail import Trail, writes, writes_nothing
from hub.records.actor import Role
from tests.api import (
    test_access,
    test_access_policy,
    test_agreements,
    test_as4,
    test_attachments,
    test_authority,
    test_consents,
    test_directory,
    test_drafts,
    test_erasure,
    test_exchange,
    test_federation,
    test_hubless,
    test_inbox,
    test_ledger,
    test_log,
    test_queue,
    test_records,
    test_submissions,
    test_taxii,
    test_taxii_members,
    test_tears,
    test_witness,
    trails,
)
from tests.api.world import World, fresh_world
from tests.exchange.hubs import Hubs


def health(world: World) -> None:
    world.call("GET", "/healthz").ok()
    world.call("GET", "/readyz").ok()


#: Walks that together call every operation with success, and where it changes or shows something.
WALKS: Final[tuple[Callable[..., None], ...]] = (
    test_access.test_a_systems_token_is_bound_and_short,
    test_attachments.test_an_upload_is_resumed_where_it_stopped,
    test_attachments.test_a_reader_gets_the_content_for_a_reason,
    test_attachments.test_a_partner_sends_in_parts_and_asks_how_far_it_is,
    test_attachments.test_a_partner_fetches_what_its_envelope_carries,
    test_drafts.test_a_draft_is_released_by_a_second_officer,
    test_drafts.test_an_officer_signs_a_release_with_a_key_of_their_own,
    test_drafts.test_groups_are_expanded_and_shown_before_release,
    test_drafts.test_every_rule_is_explained,
    test_drafts.test_a_draft_is_edited_by_its_etag,
    test_drafts.test_a_draft_is_discarded_and_its_content_erased,
    test_drafts.test_a_rejected_draft_goes_back_to_its_author,
    test_erasure.test_a_record_is_erased_by_two_officers,
    test_exchange.test_envelopes_get_a_receipt_each_in_order,
    test_exchange.test_a_message_is_answered_and_its_answer_waits_in_the_mailbox,
    test_inbox.test_an_inbox_is_read_to_its_end_with_content,
    test_inbox.test_an_acknowledgement_tells_the_originator,
    test_ledger.test_the_figures_of_a_quarter_are_compiled_and_a_report_of_them_is_drafted,
    test_ledger.test_what_came_of_requests_is_counted_by_partner,
    test_log.test_members_and_officers_read_it_too,
    test_queue.test_the_queue_is_counted_and_listed,
    test_queue.test_an_operator_resumes_what_is_held,
    test_queue.test_an_operator_drops_with_a_reason,
    test_records.test_content_is_read_with_a_reason_and_logged,
    test_records.test_a_history_holds_everything_but_content,
    test_records.test_an_answer_goes_to_whom_asked_in_their_conversation,
    test_records.test_a_correction_goes_to_everyone_who_got_it,
    test_records.test_a_withdrawal_ends_a_record,
    test_records.test_a_list_is_narrowed,
    test_records.test_a_record_is_shown_without_its_content,
    test_records.test_kinds_are_listed_with_a_template_that_checks_out,
    test_records.test_a_check_says_what_is_wrong_and_stores_nothing,
    test_directory.test_partners_and_members_are_suspended_and_resumed,
    test_directory.test_what_is_listed_has_no_secrets,
    test_directory.test_an_agreement_is_shown_with_its_text,
    test_agreements.test_one_custodian_proposes_and_another_approves,
    test_access_policy.test_two_custodians_put_a_policy_in_force,
    test_access_policy.test_a_record_is_confined_at_once_and_lifted_by_two,
    test_access_policy.test_what_the_policy_holds_from_one_recipient_is_let_go,
    test_submissions.test_what_flows_by_rule_is_released_and_the_rest_waits,
    test_consents.test_a_record_is_passed_on_with_its_originators_consent,
    test_tears.test_a_version_with_parts_left_out_is_drafted_and_shown,
    test_tears.test_a_corrected_master_is_told_of,
    test_witness.test_a_log_gets_signature_lines_and_monitors_see_them,
    test_access.test_an_officer_signs_in_with_password_and_code,
    test_exchange.test_a_receipt_settles_its_entry,
    test_exchange.test_a_mailbox_holds_what_waits_until_it_is_confirmed,
    test_exchange.test_books_are_compared_by_signed_statements,
    test_exchange.test_two_hubs_tell_one_another_of_their_cards,
    test_federation.test_a_partner_fetches_the_directory,
    test_hubless.test_a_partner_without_a_hub_is_listed_suspended_and_resumed,
    test_authority.test_anybody_fetches_the_list_of_what_was_revoked,
    test_authority.test_anybody_asks_about_one_certificate,
    test_taxii.test_a_partner_finds_its_way_and_its_collections,
    test_taxii.test_objects_are_filtered_and_their_versions_listed,
    test_taxii.test_what_a_partner_posts_is_pending_until_it_was_answered,
    test_taxii_members.test_a_member_reads_its_records_page_by_page_and_each_disclosure_is_logged,
    test_as4.test_a_message_becomes_a_record_and_its_receipt_comes_again,
    health,
)

_OFFICERS: Final = {
    "drafter": ("aigul", Role.DRAFTER, Role.READER),
    "releaser": ("bolat", Role.RELEASER, Role.READER, Role.OPERATOR),
    "custodian": ("dana", Role.CUSTODIAN),
}


def test_every_address_declares_what_it_writes(world: World) -> None:
    endpoints = {rule.endpoint for rule in world.app.url_map.iter_rules()}
    assert endpoints == set(trails.DECLARED) | set(site.PAGES)


def test_every_operation_that_changes_state_or_shows_content_names_an_act(world: World) -> None:
    checking = {
        "kinds.check",
        "drafts.ask_for_statement",
        "authority.ask_ocsp",
    }  # it stores nothing and shows nothing
    for rule in world.app.url_map.iter_rules():
        if (rule.methods or set()) & {"POST", "PUT", "PATCH", "DELETE"}:
            assert trails.DECLARED[rule.endpoint].acts or rule.endpoint in checking, rule
    for name in ("records.read_content", "drafts.approve_draft", "access.get_token"):
        assert trails.DECLARED[name].promises


@pytest.mark.slow
def test_every_operation_really_writes_what_it_declares(pattern: Hubs, tmp_path: Path) -> None:
    trails.DONE.clear()
    for number, walk in enumerate(WALKS):
        world = fresh_world(pattern, tmp_path / str(number))
        walk(**{name: _given(world, name) for name in inspect.signature(walk).parameters})
    missing = {name for name in trails.DECLARED if name not in trails.DONE}
    assert missing == {"taxii.delete_object"}  # it is refused, always
    silent = {
        name for name, trail in trails.DECLARED.items() if trail.acts and not trails.DONE[name]
    } - missing
    # That a mailbox holds what may not go now is shown beside the mailbox: tests/exchange.
    assert silent <= {"exchange.open_mailbox"}


def _given(world: World, name: str) -> object:
    if name in _OFFICERS:
        officer, *roles = _OFFICERS[name]
        return world.officer(str(officer), *(Role(role) for role in roles))
    limits = {"attachment_chunk_bytes": test_attachments.CHUNK, "attachment_quota_bytes": 100_000}
    if name == "directory":
        return test_federation.with_directory(world)
    return {"world": world, "small": world.limited(**limits)}[name]


def test_a_declaration_says_something() -> None:
    with pytest.raises(ValueError, match="or why none is"):
        Trail()
    assert str(writes(Act.RELEASED, Act.DRAFTED)) == "drafted, released"
    assert str(writes_nothing("numbers")) == "nothing: numbers"
    assert str(writes(Act.HELD, or_nothing="it may go")) == "held, or nothing: it may go"


def test_what_is_not_declared_is_found() -> None:
    trail = writes(Act.CONSULTED)
    assert trail.undeclared([Act.CONSULTED, Act.REFUSED, Act.DRAFTED]) == {Act.DRAFTED}
    assert writes_nothing("numbers").undeclared([Act.LOGIN_FAILED]) == frozenset()
