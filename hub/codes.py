"""Every way a step can fail, in one table: stable code, who is to blame, HTTP status, CLI exit code.

The codes are a contract with partners and scripts: one is never renamed or reused.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final


class Blame(Enum):
    """Whose doing a failure is; decides the exception class and whether a retry can help."""

    OURS = "ours"
    PEER = "peer"
    REFUSED = "refused"
    INTEGRITY = "integrity"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One failure: its blame, HTTP status, CLI exit code (sysexits where one fits) and title."""

    blame: Blame
    status: int
    exit: int
    title: str


def _row(blame: Blame, status: int, exit_code: int, title: str) -> Row:
    return Row(blame=blame, status=status, exit=exit_code, title=title)


_O, _P, _R, _I = Blame.OURS, Blame.PEER, Blame.REFUSED, Blame.INTEGRITY

#: code -> row. Sections follow the rooms; add a line here before raising a new code.
CODES: Final[dict[str, Row]] = {
    # general
    "internal": _row(_O, 500, 70, "Something failed inside the hub"),
    "config-invalid": _row(_O, 500, 78, "The configuration cannot be used"),
    "storage-unavailable": _row(_O, 503, 75, "The database cannot be written now"),
    "not-found": _row(_R, 404, 66, "There is no such thing"),
    "conflict": _row(_R, 409, 65, "It was changed by someone else meanwhile"),
    "request-invalid": _row(_R, 422, 65, "The request is not of the required form"),
    "too-many-requests": _row(_R, 429, 75, "Too many requests from this client"),
    "command-invalid": _row(_R, 400, 64, "The command line cannot be read"),
    "interrupted": _row(_R, 400, 130, "The command was stopped before its end"),
    "method-not-allowed": _row(_R, 405, 64, "This address does not take that method"),
    "request-malformed": _row(_R, 400, 65, "The request cannot be parsed"),
    "request-too-large": _row(_R, 413, 65, "The request is larger than this address takes"),
    "media-type-unsupported": _row(_R, 415, 65, "This address does not take that media type"),
    "not-acceptable": _row(_R, 406, 65, "None of the media types asked for is spoken here"),
    "range-invalid": _row(_R, 416, 65, "That range is not there"),
    "precondition-missing": _row(_R, 428, 65, "Say which version you have seen"),
    "precondition-failed": _row(_R, 412, 65, "It is not the version you have seen"),
    "idempotency-key-reused": _row(_R, 422, 65, "This key was used before for another request"),
    "grant-invalid": _row(_R, 400, 77, "The access token cannot be granted as asked"),
    "not-ready": _row(_O, 503, 75, "The hub is not ready to serve"),
    # records
    "record-invalid": _row(_R, 422, 65, "The record does not fit its kind"),
    "record-too-large": _row(_R, 413, 65, "The record is larger than the limit"),
    "kind-unknown": _row(_R, 422, 65, "There is no such kind of record"),
    "transition-invalid": _row(_R, 409, 65, "That step is not possible in this state"),
    "list-invalid": _row(_R, 422, 65, "The sanctions list cannot be read"),
    # policy
    "agreement-missing": _row(_R, 403, 77, "No agreement in force allows this"),
    "agreement-invalid": _row(_R, 422, 65, "The agreement file cannot be used"),
    "policy-denied": _row(_R, 403, 77, "The rules do not allow this"),
    "four-eyes": _row(_R, 403, 77, "A second officer must decide"),
    "role-missing": _row(_R, 403, 77, "Your role does not allow this"),
    "clearance-missing": _row(_R, 403, 77, "Your clearance is below the record's classification"),
    "policy-forbids": _row(_R, 403, 77, "A rule of this hub's policy forbids it"),
    "policy-denies": _row(_R, 403, 77, "No rule of this hub's policy permits it"),
    "policy-undecided": _row(_R, 403, 77, "This hub's policy could not be decided"),
    "policy-unusable": _row(_R, 403, 77, "This hub's policy cannot be read"),
    "policy-invalid": _row(_R, 422, 65, "The policy cannot be used"),
    "agreement-not-in-force": _row(_R, 403, 77, "The agreement is not in force at that time"),
    "article-not-agreed": _row(_R, 403, 77, "The agreement has no such article, or it does not let this go"),
    "kind-not-agreed": _row(_R, 403, 77, "The agreement does not cover this kind of record"),
    "purpose-not-agreed": _row(_R, 403, 77, "The agreement does not cover this purpose"),
    "language-not-agreed": _row(_R, 403, 77, "The agreement does not cover this language"),
    "classification-not-agreed": _row(_R, 403, 77, "The label is higher than the agreement allows"),
    "tlp-not-agreed": _row(_R, 403, 77, "The agreement does not cover this TLP colour"),
    "handling-not-agreed": _row(
        _R, 403, 77, "The agreement does not bind the recipient to this handling code"
    ),
    "level-not-mapped": _row(_R, 403, 77, "The recipient has no level that answers to the classification"),
    "form-not-agreed": _row(_R, 403, 77, "The agreement does not take urgent requests"),
    "deadline-not-agreed": _row(_R, 403, 77, "The record asks for an answer sooner than agreed"),
    "retention-not-agreed": _row(_R, 403, 77, "The record is to be kept longer than agreed"),
    "not-releasable": _row(_R, 403, 77, "The label does not release it to this recipient"),
    "third-party-rule": _row(_R, 403, 77, "The originator has not consented to passing it on"),
    "cases-invalid": _row(_R, 422, 65, "The table of cases cannot be used"),
    "cases-failed": _row(_R, 422, 1, "The rules decide otherwise than the table says"),
    "losses-unseen": _row(_R, 409, 65, "What a partner's format cannot carry has to be read first"),
    "approval-unsigned": _row(_R, 403, 77, "The release is to be signed by the officer's own key"),
    "approval-invalid": _row(_R, 422, 65, "The signed approval does not fit the decision"),
    "check-unanswered": _row(_R, 409, 65, "A person has to answer before it is released"),
    "check-failed": _row(_R, 403, 77, "A person's answer keeps it from going"),
    "tear-invalid": _row(_R, 422, 65, "These parts cannot be left out"),
    "tear-leaks": _row(_R, 422, 65, "What is left out is said elsewhere"),
    "tear-outdated": _row(_R, 409, 65, "What it was derived from has changed"),
    "consent-missing": _row(_R, 403, 77, "There is no consent that lets it be passed on so"),
    "consent-ended": _row(_R, 403, 77, "The consent to pass it on has ended"),
    "consent-mismatch": _row(_R, 403, 77, "The consent is for something else than what is passed on"),
    "consent-unfounded": _row(_R, 409, 65, "Who asks for consent never got the record"),
    "originator-unknown": _row(_R, 403, 77, "Whose record is passed on is no partner here"),
    "label-lowered": _row(_R, 422, 65, "A label is lowered only with a reason"),
    # envelope
    "envelope-malformed": _row(_P, 400, 65, "The envelope cannot be parsed"),
    "envelope-too-large": _row(_P, 413, 65, "The envelope is larger than the limit"),
    "suite-unknown": _row(_P, 400, 65, "The suite is not known here"),
    "suites-fewer": _row(_R, 409, 65, "The pin would lose a suite"),
    "suite-not-allowed": _row(_P, 403, 76, "The suite is not one pinned for this partner"),
    "not-addressed-to-us": _row(_P, 400, 65, "The envelope holds no key for this hub"),
    "key-unknown": _row(_P, 400, 65, "The envelope uses a key that is not known here"),
    "decryption-failed": _row(_I, 400, 65, "The envelope does not open"),
    "signature-invalid": _row(_I, 400, 65, "A signature does not verify"),
    "signature-missing": _row(_I, 400, 65, "A required signature is missing"),
    "binding-mismatch": _row(_I, 400, 65, "The sealed and the signed part do not belong together"),
    "recipient-mismatch": _row(_I, 400, 65, "The envelope was signed for others"),
    "originator-mismatch": _row(_I, 403, 65, "The envelope was not made by who sent it"),
    "clock-skew": _row(_P, 400, 65, "The envelope's time is too far from ours"),
    "envelope-expired": _row(_P, 400, 65, "The envelope's time to live has passed"),
    "envelope-id-reused": _row(_I, 409, 65, "This id was used before for other bytes"),
    "receipt-invalid": _row(_I, 400, 65, "The receipt does not prove what it should"),
    "document-invalid": _row(_I, 400, 65, "The signed document cannot be used"),
    "statement-invalid": _row(_I, 400, 65, "The transfer statement does not prove what it should"),
    "passage-invalid": _row(_I, 400, 65, "What is passed on is not what its passage says"),
    "chunk-invalid": _row(_I, 400, 65, "A part of the attachment was altered, moved or cut"),
    # exchange
    "key-given-up": _row(_I, 403, 65, "A key that signed what is passed on may be in other hands"),
    "key-not-in-force": _row(_I, 403, 65, "A key that signed what is passed on was not in force then"),
    "time-to-live-too-long": _row(_P, 400, 65, "The envelope's time to live is longer than is taken here"),
    "dialect-unknown": _row(_P, 400, 65, "The dialect of the content is not known here"),
    "approval-missing": _row(_P, 400, 65, "The envelope states nobody's decision to release it"),
    "statement-missing": _row(_P, 400, 65, "The envelope came without a transfer statement"),
    "number-reused": _row(_I, 409, 65, "This number was given to another envelope before"),
    "books-differ": _row(_I, 409, 1, "The partner's books say something else than ours"),
    "books-unreachable": _row(_R, 409, 69, "The books of this partner cannot be asked for from here"),
    "hop-limit": _row(_P, 400, 65, "The envelope passed through too many hubs"),
    "relay-loop": _row(_P, 400, 65, "The envelope came back to a hub it passed"),
    "relay-refused": _row(_R, 403, 77, "This hub does not relay between those two"),
    "attachment-too-large": _row(_R, 413, 65, "The attachment is larger than the limit"),
    "attachment-missing": _row(_P, 409, 75, "An attachment has not arrived yet"),
    "attachment-mismatch": _row(_I, 400, 65, "The attachment is not what was announced"),
    "offset-mismatch": _row(_P, 409, 75, "The upload must go on from another offset"),
    "quota-exceeded": _row(_R, 413, 75, "A quota here is used up"),
    "partner-suspended": _row(_R, 403, 77, "The partner is suspended here"),
    "partner-unknown": _row(_R, 404, 66, "There is no such partner"),
    "partner-unreachable": _row(_P, 503, 69, "The partner cannot be reached now"),
    "partner-misbehaved": _row(_P, 502, 76, "The partner's answer cannot be used"),
    "time-to-live-passed": _row(_P, 504, 75, "The partner did not take it in time"),
    "receipt-missing": _row(_P, 504, 75, "The partner fetched it and has not answered yet"),
    # adapters
    "adapter-unknown": _row(_R, 404, 66, "There is no such adapter"),
    "adapter-invalid": _row(_R, 422, 65, "The adapter or its profile cannot be used"),
    "adapter-fails": _row(_R, 422, 65, "The adapter does not keep the contract"),
    "kind-not-carried": _row(_R, 422, 65, "The partner's format has no place for this kind of record"),
    "partner-refused": _row(_R, 422, 65, "The partner refused what it was sent"),
    "partner-document-malformed": _row(_P, 400, 65, "The partner's document is not of its format"),
    "partner-document-hostile": _row(_P, 400, 65, "The partner's document holds what is never opened"),
    "partner-document-too-large": _row(_P, 413, 65, "The partner's document is larger than the limit"),
    "partner-document-several": _row(_P, 400, 65, "The partner's message carries more than one document"),
    "partner-document-ambiguous": _row(_I, 409, 65, "The partner's document says two things at once"),
    "delivery-failed": _row(_P, 502, 69, "A mail server says that it could not deliver the message"),
    "bounce-unverified": _row(_I, 400, 65, "The bounce is about no message that was sent from here"),
    "bundle-damaged": _row(_I, 400, 65, "A file that the bundle lists is missing or was altered"),
    "server-key-mismatch": _row(_P, 502, 76, "The partner's server shows another key than the pinned one"),
    # identity
    "certificate-missing": _row(_P, 401, 77, "No client certificate was shown"),
    "certificate-unknown": _row(_P, 403, 77, "The client certificate is not pinned here"),
    "certificate-expired": _row(_P, 403, 77, "The client certificate is not valid now"),
    "certificate-revoked": _row(_P, 403, 77, "The certificate was revoked by who issued it"),
    "certificate-weak": _row(_P, 403, 77, "The certificate's key or signature is too weak"),
    "certificate-unfit": _row(_P, 403, 77, "The certificate is not made for this use"),
    "revocation-unknown": _row(_P, 503, 75, "Whether the certificate was revoked cannot be found out now"),
    "revocation-invalid": _row(_I, 400, 65, "The revocation answer does not prove what it should"),
    "revocation-unavailable": _row(_P, 503, 69, "The authority's revocation answer cannot be fetched now"),
    "handshake-timeout": _row(_P, 408, 76, "The TLS handshake was not finished in time"),
    "handshake-failed": _row(_P, 400, 76, "The TLS handshake failed"),
    "request-timeout": _row(_P, 408, 76, "The request stalled on its way"),
    "too-many-connections": _row(_P, 429, 75, "Too many connections from one peer"),
    "credentials-invalid": _row(_R, 401, 77, "The credentials are not valid"),
    "token-invalid": _row(_R, 401, 77, "The access token is not valid"),
    "scope-missing": _row(_R, 403, 77, "The access token does not cover this"),
    "card-invalid": _row(_I, 422, 65, "The partner card does not verify"),
    "pin-changed": _row(_I, 409, 65, "The pin is not the one that the log tells of"),
    "pin-not-confirmed": _row(_R, 409, 65, "The fingerprint was not confirmed"),
    # keys
    "key-store-invalid": _row(_O, 500, 78, "The key store cannot be opened"),
    "token-unavailable": _row(_O, 503, 75, "The token that holds our keys cannot be used now"),
    "token-pin-refused": _row(_O, 503, 78, "The token that holds our keys does not take its PIN"),
    "key-not-allowed": _row(_R, 422, 65, "Keys for this purpose are not made so, or do not lie there"),
    "keys-unsound": _row(_O, 500, 1, "Something is wrong with the keys"),
    "key-needed": _row(_R, 409, 75, "The key is still needed"),
    "card-waiting": _row(_R, 409, 75, "A custodian has to approve the card first"),
    "succession-refused": _row(_I, 409, 65, "The card does not follow from the one that is pinned"),
    "listen-failed": _row(_O, 500, 78, "The hub cannot listen on its address"),
    "file-exists": _row(_R, 409, 73, "The file is there already"),
    "backup-invalid": _row(_I, 422, 65, "The file is no backup of keys that can be used"),
    "share-invalid": _row(_R, 422, 65, "The words are not those of a share"),
    "share-foreign": _row(_R, 422, 65, "A share is of another backup"),
    "shares-too-few": _row(_R, 422, 65, "Fewer shares than the backup needs"),
    "home-exists": _row(_R, 409, 73, "This folder already holds a hub"),
    "home-missing": _row(_R, 404, 66, "This folder holds no hub"),
    # directory of agencies
    "directory-unknown": _row(_R, 404, 66, "The directory, or the agency in it, is not known here"),
    "directory-unreachable": _row(_P, 503, 69, "The directory cannot be had from there now"),
    "directory-slow": _row(_P, 503, 69, "The directory was handed over too slowly"),
    "directory-too-large": _row(_P, 502, 76, "A file of the directory does not end where it should"),
    "directory-expired": _row(_P, 503, 75, "The directory, or an entry in it, has expired"),
    "directory-signature-invalid": _row(_I, 422, 65, "Too few of the right agencies signed for it"),
    "directory-rolled-back": _row(_I, 422, 65, "The directory is older than what was seen before"),
    "directory-mismatched": _row(_I, 422, 65, "Files of the directory do not belong together"),
    "directory-malformed": _row(_I, 422, 65, "The directory is not of its form"),
    "directory-entry-invalid": _row(_I, 422, 65, "An entry of the directory does not verify"),
    "directory-suspended": _row(_R, 403, 77, "The directory's founders have suspended this agency"),
    "directory-differs": _row(_R, 409, 65, "The directory says something else than what is pinned"),
    "directory-change-invalid": _row(_R, 422, 65, "The proposed change cannot be used"),
    "directory-approval-missing": _row(_R, 409, 77, "Too few founders have approved the change"),
    "directory-key-missing": _row(_R, 403, 77, "This hub does not hold the key that is needed"),
    # audit
    "log-damaged": _row(_I, 500, 70, "The stored audit log is not whole"),
    "log-rolled-back": _row(_I, 500, 70, "The database is older than what was signed of its log"),
    "log-forked": _row(_I, 500, 70, "The audit log is not the one that was signed before"),
    "log-stalled": _row(_O, 503, 75, "The audit log is behind, so nothing is released"),
    "audit-missing": _row(_O, 500, 70, "A change without an audit event was stopped"),
    "note-invalid": _row(_I, 400, 65, "The signed note cannot be read"),
    "checkpoint-invalid": _row(_I, 400, 65, "The note is no checkpoint of a log"),
    "checkpoint-origin-mismatch": _row(_I, 400, 65, "The checkpoint is of another log"),
    "checkpoint-signature-invalid": _row(_I, 403, 65, "The log's signatures do not prove its checkpoint"),
    "cosignature-invalid": _row(_I, 400, 65, "A witness's signature does not verify"),
    "log-entry-invalid": _row(_I, 400, 65, "The log's entry is not of its form"),
    "log-commitment-mismatch": _row(_I, 400, 65, "What was shown is not what the log's entry commits to"),
    "log-tile-invalid": _row(_I, 400, 65, "A tile of the log is not of its form"),
    "log-proof-invalid": _row(_I, 400, 65, "The proof cannot be read"),
    "log-inclusion-failed": _row(_I, 422, 65, "The proof does not show the entry in the log"),
    "log-inconsistent": _row(_I, 422, 65, "The log's later state does not go on from its earlier one"),
    "witness-request-invalid": _row(_R, 400, 65, "The request for a cosignature cannot be read"),
    "witness-log-unknown": _row(_R, 404, 66, "That log is not witnessed here"),
    "witness-size-stale": _row(_R, 409, 65, "The log goes on from another size than was cosigned last"),
    "witness-refused": _row(_P, 502, 76, "A witness does not cosign the audit log"),
    "quorum-missing": _row(_R, 503, 75, "Too few witnesses have cosigned the audit log"),
    "timestamp-unavailable": _row(_P, 503, 69, "The time stamping authority gives no time stamp now"),
    "timestamp-invalid": _row(_I, 400, 65, "The time stamp does not prove what it should"),
    "coverage-incomplete": _row(_O, 500, 70, "An operation does not say what it logs"),
    "retention-invalid": _row(_R, 422, 65, "A record cannot be kept, or reviewed, like that"),
    "content-erased": _row(_R, 410, 66, "The content was erased and cannot be had again"),
    "justification-missing": _row(_R, 422, 65, "Say why, in a few words that are logged"),
    # evidence
    "evidence-malformed": _row(_I, 422, 65, "The file is no bundle of evidence"),
    "evidence-too-large": _row(_R, 413, 65, "The record's life does not fit into one bundle"),
    "anchors-invalid": _row(_I, 422, 65, "The file holds no anchors"),
}
