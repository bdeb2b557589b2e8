"""Every bound of the hub, in one place: each has a name and a unit, and `[limits]` in hub.toml sets it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_MIB: Final = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Every bound of the hub, in one place.

    `attachments_at_once` counts for each partner. A suspension cuts connections, waiting and streams in every
    process within `cut_within_s`. `carry_max_s` bounds one carry of a batch: a lane's claim,
    which lasts `lane_claim_s`, is renewed for no longer. Staged events get their indices in the log every
    `log_batch_wait_s`; a checkpoint follows within `log_checkpoint_wait_s`. Where an event waits for longer
    than `log_stall_max_s`, nothing is released. Witnesses are asked every `witness_interval_s` for what is
    new, and have `witness_timeout_s`; a quorum that is missing for `witness_missing_max_s` holds releases.
    `witness_forks_max` bounds the evidence that is kept against one log, of each sort. After a change of the
    master key `rewrap_batch_max` bodies are wrapped anew at once, and the older key is needed until a whole
    pass that began `rewrap_settle_s` later found none. A next key for another purpose waits `key_settle_s`,
    so that every process has it; partners that verify with it are waited for too, at most `key_overlap_s`.
    What an officer signs elsewhere is taken for `approval_life_s` after it was asked for.
    With those we can call, cards are exchanged every `card_interval_s`, with those behind a relay every
    `card_relayed_s` and when ours has changed; different cards of one partner that are refused leave one
    entry for each `card_refusal_s`.
    What a comparison of books in which nothing differed has left is let go after `reconcile_keep_s`.
    A message to a partner behind a relay lives `message_life_s`; what it asks is waited for `message_wait_s`,
    and a relay keeps `relay_messages_max` of each hub.
    What falls due with records is looked at every `due_look_s`; people are told the times `..._remind_s`
    before, on the day, and once more when it is overdue by `overdue_escalate_s`. Two people keep a record
    longer than was to be by `keep_longer_max_s` from their decision at most. A correction or withdrawal that
    somebody has not followed `heed_remind_s` after it went out is told.
    At partners without a hub it is looked for parcels and receipts every `parcels_interval_s`, and their
    carriers are asked every `parcels_condition_s` whether they work and put nothing apart; a receipt that
    has not come `receipt_late_s` after its parcel went is shown as missing. While `parcels_held_max` that
    were refused are kept of a partner, no more are taken from it. Of one parcel `parcel_receipts_max`
    receipts are kept; what more a partner says of it is logged and changes nothing.
    Of TAXII collections at most `taxii_page_objects_max` objects are given, and `taxii_post_objects_max`
    taken, at once. A message over AS4 has at most `as4_message_max_bytes`, and is held in memory whole.
    The directory of agencies is fetched every `directory_refresh_s`, all of it within `directory_timeout_s`.
    What we publish as current holds for `directory_current_life_s`; people are told `directory_warn_s` before
    an entry, the root or the list of participants expires, and `rules_warn_days` before standing rules end.
    """

    record_max_bytes: int = 1 * _MIB
    envelope_max_bytes: int = 4 * _MIB
    json_max_depth: int = 32
    batch_max_envelopes: int = 50
    batch_max_bytes: int = 16 * _MIB
    recipients_max: int = 64
    hops_max: int = 4
    relay_waiting_max: int = 2000
    relay_messages_max: int = 64
    message_life_s: float = 3600.0
    message_wait_s: float = 600.0
    subjects_max: int = 1000
    attachments_per_record_max: int = 16
    attachment_max_bytes: int = 2048 * _MIB
    attachment_quota_bytes: int = 16 * 1024 * _MIB
    attachment_chunk_bytes: int = 1 * _MIB
    attachment_unused_s: float = 86400.0
    attachment_let_go_s: float = 3600.0
    disk_reserve_bytes: int = 1024 * _MIB
    clock_skew_s: float = 300.0
    time_to_live_s: float = 7 * 86400.0
    retry_first_s: float = 1.0
    retry_max_s: float = 300.0
    breaker_failures: int = 3
    lane_claim_s: float = 60.0
    lanes_at_once: int = 16
    attachments_at_once: int = 2
    poll_interval_s: float = 0.5
    connect_timeout_s: float = 5.0
    carry_timeout_s: float = 30.0
    carry_max_s: float = 900.0
    cut_within_s: float = 3.0
    handshake_timeout_s: float = 5.0
    request_timeout_s: float = 30.0
    mailbox_wait_max_s: float = 25.0
    token_life_s: int = 300
    session_life_s: int = 900
    approval_life_s: float = 900.0
    idempotency_life_s: float = 86400.0
    request_max_bytes: int = 64 * 1024
    requests_per_minute: int = 6000
    strangers_max: int = 1000
    stranger_log_every_s: float = 60.0
    logins_per_minute: int = 30
    login_failures_max: int = 5
    login_lock_s: float = 300.0
    page_max: int = 200
    parcels_interval_s: float = 5.0
    parcels_condition_s: float = 300.0
    receipt_late_s: float = 4 * 3600.0
    parcels_held_max: int = 1000
    parcel_receipts_max: int = 50
    taxii_page_objects_max: int = 500
    taxii_post_max_bytes: int = 4 * _MIB
    taxii_post_objects_max: int = 5_000
    as4_message_max_bytes: int = 20 * _MIB
    gap_look_s: float = 60.0
    gap_after_s: float = 3600.0
    due_look_s: float = 3600.0
    reply_remind_s: float = 3 * 86400.0
    confirm_remind_s: float = 86400.0
    heed_remind_s: float = 2 * 86400.0
    review_remind_s: float = 14 * 86400.0
    retention_remind_s: float = 30 * 86400.0
    overdue_escalate_s: float = 7 * 86400.0
    keep_longer_max_s: float = 5 * 366 * 86400.0
    reconcile_back_s: float = 8 * 86400.0
    reconcile_keep_s: float = 400 * 86400.0
    reconcile_differences_max: int = 1000
    reconcile_lines_max: int = 20_000
    reconcile_messages_max: int = 2000
    log_batch_wait_s: float = 0.25
    log_batch_max_entries: int = 256
    log_checkpoint_wait_s: float = 1.0
    log_heartbeat_s: float = 60.0
    log_stall_max_s: float = 30.0
    witness_interval_s: float = 1.0
    witness_timeout_s: float = 10.0
    witness_missing_max_s: float = 900.0
    witness_forks_max: int = 100
    timestamp_interval_s: float = 3600.0
    crl_max_bytes: int = 8 * _MIB
    ocsp_max_bytes: int = 64 * 1024
    crl_life_s: float = 7 * 86400.0
    crl_renewed_s: float = 12 * 3600.0
    revocation_interval_s: float = 300.0
    revocation_timeout_s: float = 10.0
    revocation_fresh_s: float = 86400.0
    revocation_age_max_s: float = 8 * 86400.0
    revocation_first_s: float = 3600.0
    revocation_wanted_max: int = 256
    leaf_renewed_before_s: float = 60 * 86400.0
    expiry_look_s: float = 3600.0
    rewrap_batch_max: int = 256
    rewrap_settle_s: float = 120.0
    key_settle_s: float = 5.0
    key_overlap_s: float = 3 * 86400.0
    card_interval_s: float = 30.0
    card_refusal_s: float = 3600.0
    card_relayed_s: float = 6 * 3600.0
    directory_refresh_s: float = 3600.0
    directory_timeout_s: float = 60.0
    directory_document_max_bytes: int = 8 * _MIB
    directory_agencies_max: int = 1000
    directory_current_life_s: float = 7 * 86400.0
    directory_warn_s: float = 14 * 86400.0
    rules_warn_days: int = 30
