"""The sentences of evidence in English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SENTENCES: Final[Mapping[str, str]] = {
    # bundle
    "exporter-signed": "{exporter} signed the whole bundle ({algorithms}) and dates it {at}.",
    "exporter-unknown": "The anchors do not know {exporter}, which made the bundle; nothing in it was "
    "checked.",
    "exporter-key-unknown": "The bundle is signed with a key that the anchors do not have for {exporter}; "
    "nothing in it was checked.",
    "exporter-signature-false": "The bundle is not what {exporter} signed. {why} Nothing else was looked at.",
    "exporter-key-given-up": "The bundle is signed with a key that {exporter} gave up as compromised on "
    "{at}: let {exporter} export it anew.",
    # content
    "envelope-signed": "{by} signed version {version} for {recipients} ({algorithms}); envelope {envelope}.",
    "passed-signed": "In envelope {envelope}, {by} signed version {of} of record {record} ({algorithms}).",
    "consent-signed": "In envelope {envelope}, {by} signed consent {record}, version {of} ({algorithms}).",
    "passed-false": "What envelope {envelope} (version {version}) passes on does not hold. {why}",
    "passed-unknown-key": "What envelope {envelope} (version {version}) passes on was not checked. {why}",
    "envelope-false": "Envelope {envelope} (version {version}) does not hold. {why}",
    "envelope-unknown-key": "Envelope {envelope} (version {version}) could not be checked. {why}",
    "content-withheld": "The content of envelope {envelope} (version {version}) is withheld; "
    "who signed it was not checked.",
    "content-key-not-kept": "What opens envelope {envelope} (version {version}) was not kept; "
    "who signed it was not checked.",
    "envelope-not-kept": "Envelope {envelope} brought version {version} again; only its digest was kept.",
    "envelope-left-out": "The log tells of envelope {envelope}, which is not in the bundle.",
    "content-in-log": "The content of version {version}, for members alone, is the one that was released.",
    "content-not-the-logged": "The content of version {version} is not the one that was released.",
    "content-not-in-log": "No entry tells of the release of version {version}, whose content is here.",
    "content-not-shown": "The content of version {version}, which went to members alone, is not shown.",
    "number-signed": "{by} signed on {at} that envelope {envelope} is number {count} of all that it sent to "
    "{to} (entry {index}).",
    "number-false": "Transfer statement {position}, which numbers an envelope, does not hold. {why}",
    "number-unknown-key": "Transfer statement {position}, which numbers an envelope, could not be checked. "
    "{why}",
    "number-left-out": "Entry {index} names a transfer statement, which numbers its envelope, that is not in "
    "the bundle.",
    # approval
    "approval-signed": "{originator} signed that {who} approved version {version} on {at}.",
    "released-by-second": "{who} released version {version}, which {authors} wrote (entry {index}).",
    "released-by-rule": "Version {version} was released by {who} of an agreement (entry {index}).",
    "released-by-author": "{who} both wrote and released version {version} (entry {index}).",
    "author-not-shown": "No entry tells who wrote version {version}, which {who} released.",
    "approval-not-the-logged": "The approval signed in envelope {envelope} is not the release that the log "
    "tells of (entry {index}).",
    "approval-by-own-key": "{who} signed the approval of version {version} with a key of their own "
    "({kid}), for the recipients of envelope {envelope}.",
    "approval-key-registered": "The key {kid} was registered as that of {who} before version {version} was "
    "released (entry {index}).",
    "approval-key-not-shown": "No entry tells that the key {kid}, which signed for {who} over version "
    "{version}, was registered.",
    "approval-key-of-another": "The key {kid}, which signed for {who} over version {version}, was registered "
    "for another officer (entry {index}).",
    "approval-key-revoked": "The key {kid}, which signed for {who}, was revoked before version {version} "
    "was released (entry {index}).",
    # receipt
    "receipt-signed": "{by} signed on {at} ({algorithms}) that envelope {envelope} was {status}{reason}.",
    "receipt-signed-for-member": "{by} signed on {at} ({algorithms}) that envelope {envelope} was {status} "
    "at its member {member}.",
    "receipt-false": "Receipt {number} does not hold. {why}",
    "receipt-unknown-key": "Receipt {number} could not be checked. {why}",
    "receipt-left-out": "Entry {index} tells of a receipt that is not in the bundle.",
    "no-receipts": "There is no receipt: nobody is shown to have got the record.",
    "delivery-in-log": "Member {member} stated version {version} {state} (entry {index}).",
    "delivery-not-in-log": "No entry tells that member {member} stated version {version} {state}.",
    "delivery-waits": "Version {version} waits for member {member}, says the exporter alone.",
    # log
    "log-of-another": "The entries are of {origin}, which is not the log of {exporter}.",
    "log-keys-compromised": (
        "The keys that signed the log at {size} entries were given up as compromised, and nothing else "
        "speaks for it: no later checkpoint by other keys, no quorum of witnesses."
    ),
    "log-keys-unknown": "The anchors have no key of the log of {exporter}; no entry was checked.",
    "no-entries": "The bundle shows no entry of the log of {exporter}.",
    "checkpoint-signed": "{origin} signed its checkpoint of {size} entries (Ed25519 + ML-DSA-44).",
    "checkpoint-false": "Checkpoint {number} does not hold. {why}",
    "checkpoints-consistent": "The {count} checkpoints are of one log that only grew.",
    "entries-included": "{count} entries ({first} to {last}) are in the log {origin}, as they are shown.",
    "entry-false": "Entry {number} of the bundle does not hold. {why}",
    "entry-of-another": "Entry {index} of the log is about something else than this record.",
    "envelope-in-log": "Entry {index} of the log commits to the bytes of envelope {envelope}.",
    "envelope-not-the-logged": "The bytes of envelope {envelope} are not those that the log commits to.",
    "envelope-not-in-log": "No entry commits to the bytes of envelope {envelope}.",
    "release-not-in-log": "No entry of the log of {exporter} tells that the record was released or admitted.",
    "number-not-in-log": "No entry tells that transfer statement {position} came.",
    "number-not-the-logged": "The number that {by} signed is not the one that entry {index} tells of.",
    "receipt-not-in-log": "No entry tells that the receipt of {by} for envelope {envelope} came.",
    # witness
    "quorum-met": "Enough witnesses saw the log ({needed} needed): its first {size} entries can no longer "
    "be rewritten unseen. Cosigned by: {witnesses}.",
    "quorum-missing": "Too few witnesses cosigned the checkpoint of {size} entries: {needed} needed; "
    "cosigned by: {witnesses}.",
    # time
    "timestamp": "{by} stamped on {at} that the checkpoint of {size} entries was there.",
    # pin
    "pin-in-force": "{agency} was pinned by card {fingerprint}… since {since} (entry {index}, by {who}); "
    "its keys signed. The anchors know this card.",
    "pin-in-force-other-card": "{agency} was pinned by card {fingerprint}… since {since} (entry {index}, by "
    "{who}); its keys signed. The anchors know these keys from another card.",
    "key-not-pinned": "{agency} signed with a key or a suite that was not pinned then (card {fingerprint}…).",
    "key-given-up-before": "A key of {agency} that signed here (entry {index}) was given up as "
    "compromised on {at}; neither a quorum of witnesses nor a time stamp shows that what it signed was "
    "there before.",
    "pin-not-shown": "No entry shows how {agency} was pinned when its signature was taken.",
    "card-not-shown": "The card {fingerprint}… of {agency}, which was pinned then, is not in the bundle.",
    "card-false": "The card of {agency} in the bundle does not verify.",
    "authority-valid": "The TLS authority of {agency} was valid on {at} ({first} to {last}).",
    "authority-not-valid": "The TLS authority of {agency} was not valid on {at} ({first} to {last}); "
    "it signs no record.",
    "trust-as-of": (
        "{agency} was trusted by snapshot {trust}… when entry {index} was made: card "
        "{fingerprint}…, pinned on {since} by {who}; its keys and its suite signed."
    ),
    "trust-not-shown": (
        "What {agency} was trusted by (snapshot {trust}…, entry {index}) is not wholly in the bundle."
    ),
    "trust-false": (
        "What the bundle brings as the trust in {agency} (snapshot {trust}…, entry {index}) "
        "contradicts itself."
    ),
    "statement-shown": (
        "A directory showed the pinned card of {agency} then: its entry of {since}, good until {until}, "
        "signed by the keys on that card (entry {index})."
    ),
    "statement-false": (
        "The entry of a directory that is said to have shown the card of {agency} (entry {index}) does not."
    ),
    "statement-out-of-date": (
        "The entry of a directory that showed the card of {agency} was good until {until}; the pin alone "
        "stood at entry {index}."
    ),
    "certificate-not-recorded": (
        "No entry names the TLS certificate of the connection by which the signatures of {agency} came."
    ),
    "certificate-not-shown": (
        "The TLS certificate of the connection by which the signature of {agency} came (entry "
        "{index}) is not in the bundle."
    ),
    "certificate-of-another": (
        "The TLS certificate {serial} of the connection (entry {index}) is not from the authority"
        " that was pinned for {agency}."
    ),
    "certificate-out-of-date": (
        "The TLS certificate {serial} of {agency} was not valid on {at} (entry {index})."
    ),
    "certificate-good": (
        "The TLS certificate {serial} of {agency} was valid and not revoked on {at}: a revocation"
        " answer that was held then says so (entry {index})."
    ),
    "certificate-was-revoked": (
        "The TLS certificate {serial} of {agency} was revoked already on {at}, and was taken (entry {index})."
    ),
    "certificate-unchecked": (
        "The TLS certificate {serial} of {agency} was valid on {at}; no fresh revocation answer "
        "on it was held then (entry {index})."
    ),
    "revocation-answer-false": (
        "A revocation answer on the TLS certificate {serial} of {agency} is not from its "
        "authority (entry {index})."
    ),
    # erased
    "erasure-in-log": "Entry {index} proves that {who} erased on {at}.",
    "envelope-erased": "Envelope {envelope} (version {version}) was erased.",
    "entry-erased": "What entry {index} says was erased; that the entry is in the log is proven.",
    # limit
    "attachments": "The {count} attachments of envelope {envelope} are not in the bundle; "
    "its digests of them are signed.",
    "timestamp-no-roots": "The anchors have no root for time stamps; the one over {size} entries was not "
    "checked.",
    "key-given-up-later": "A key of {agency} that signed here (entry {index}) was given up as "
    "compromised on {at}; what it signed was there by {before}. Since when others had the key, nobody "
    "can tell.",
    "no-timestamp": "No outside authority stamped the time; the times of witnesses remain.",
    "no-quorum-asked": "The anchors ask for no witnesses: whether {exporter} rewrote its log was not "
    "checked.",
    "revocation": "Whether a key or certificate was revoked at the time was not checked: "
    "the bundle holds no answer about it.",
    "completeness": "Whether {exporter} left out other entries about the record cannot be seen from one "
    "bundle; `hub log verify` and the whole log can tell.",
    "other-logs": "The logs of the other agencies were not looked at.",
    "claimed-times": "Times that a party states of its own acts are its claims; "
    "witnesses and time stamps prove only that it was no later.",
}

LABELS: Final[Mapping[str, str]] = {
    "title": "Evidence on record {record_id}",
    "proven": "PROVEN",
    "disproven": "DISPROVEN",
    "incomplete": "INCOMPLETE",
    "proven-means": "Everything that the bundle claims and that can be checked holds.",
    "disproven-means": "At least one claim of the bundle is false. Do not rely on it.",
    "incomplete-means": "Nothing in it is false, but something that a proof needs is not there.",
    "record": "Record",
    "originator": "Originator",
    "exporter": "Made by",
    "exported": "Made on",
    "mode": "Shows",
    "mode-full": "content and log entries",
    "mode-commitments": "digests and log entries, no content",
    "bundle-digest": "SHA-256 of the bundle",
    "anchors-digest": "SHA-256 of the anchors",
    "anchors-note": "Compare the digest of the anchors with the one that you were given by someone you "
    "trust: "
    "only keys in them counted.",
    "topic-bundle": "The bundle",
    "topic-content": "What was sent",
    "topic-approval": "Who decided",
    "topic-receipt": "Who received it",
    "topic-log": "The log",
    "topic-witness": "Witnesses of the log",
    "topic-time": "Time stamps",
    "topic-pin": "Keys and certificates at the time",
    "topic-erased": "What was erased",
    "topic-limit": "What could not be checked",
    "standing-proven": "proven",
    "standing-disproven": "FALSE",
    "standing-not-shown": "not shown",
    "standing-erased": "erased",
    "standing-not-checked": "not checked",
    "life": "The record's life, as the log of {exporter} tells it",
    "signatures": "Signatures that verified",
    "times": "Times, and who states them",
    "content": "Content of version {version}: {kind}, {action}",
    "entry": "entry",
    "when": "when",
    "what": "what",
    "who": "who",
    "why": "reason given",
    "confirmed": "not later than",
    "by": "by",
    "over": "over",
    "algorithms": "algorithms",
    "claim-created": "states that it made the record's envelope",
    "claim-approved": "is stated to have approved it",
    "claim-receipt": "states its receipt",
    "cosigned": "cosigned the log",
    "time-stamp": "stamped the log",
    "nothing": "–",
}

#: Codes as people read them; what is missing reads well enough as it is.
CODES: Final[Mapping[str, str]] = {
    "partner-changed": "partner pinned or changed",
    "receipt-verified": "receipt verified",
    "receipt-issued": "receipt handed over",
    "erasure-proposed": "erasure proposed",
    "check-answered": "check answered",
    "approved": "approved, others must too",
    "officer-key": "officer key registered or revoked",
    "approval": "approval",
    "label-lowered": "label lowered",
    "torn": "derived, parts left out",
    "tear-outdated": "to be derived anew",
    "receipt-kept": "partner's receipt kept",
    "tear-stands": "stands although the master was corrected",
    "passed-on": "passed on with its originator's consent",
}
