"""The sentences of evidence about partners without a hub, in English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SENTENCES: Final[Mapping[str, str]] = {
    # content
    "parcel-stated": "{by} signed on {at} ({algorithms}) that parcel {parcel} is version {version} for "
    "{agency}, which has no hub, in the format {dialect}, approved by {who}.",
    "parcel-statement-false": "What is stated of parcel {parcel} for {agency} does not hold. {why}",
    "parcel-statement-unknown-key": "What is stated of parcel {parcel} for {agency} could not be checked. "
    "{why}",
    "parcel-statement-not-shown": "What was stated of parcel {parcel} for {agency} is not in the bundle.",
    "parcel-false": "The bytes of parcel {parcel} ({agency}, version {version}) are not those that it is "
    "named by.",
    "parcel-withheld": "The bytes of parcel {parcel} ({agency}, version {version}) are withheld; what is "
    "in them was not checked.",
    "parcel-not-opened": "What opens parcel {parcel} ({agency}, version {version}) was not kept: that it "
    "holds the document is the word of whoever sealed it.",
    "parcel-seal-unread": "The seal of parcel {parcel} ({agency}, version {version}) is of a form that is "
    "not known here; what is in it was not checked.",
    "parcel-document-false": "Parcel {parcel} does not hold the document for {agency}. {why}",
    "parcel-opens": "Parcel {parcel} holds the document {document}… of format {dialect} that was stated.",
    "parcel-translated": "The document in parcel {parcel} is what the format {dialect} makes of version "
    "{version}: made anew here, it has the same bytes.",
    "parcel-left-out": "Entry {index} tells of parcel {parcel}, which is not in the bundle.",
    "parcel-signed": "{agency} signed the document in parcel {parcel}, which brought version {version} "
    "({subject}).",
    "parcel-signature-false": "That {agency} signed what is in parcel {parcel} does not hold. {why}",
    "parcel-signature-unknown-key": "Whether {agency} signed what is in parcel {parcel} could not be "
    "checked: the anchors lack its certificate of that time. {why}",
    "record-of-document": "Version {version} is what the document of {agency} in parcel {parcel} says: "
    "read anew here, it is the same record.",
    # limit
    "parcel-not-translated": "Whether the document in parcel {parcel} is what the format {dialect} makes "
    "of version {version} was not checked: this machine has not the content, or makes another document of "
    "it.",
    "parcel-unsigned": "Nobody signed parcel {parcel}: that it came from {agency} is the word of whoever "
    "could write where it lay, and of the exporter (entry {index}).",
    "parcel-signature-unchecked": "A {form} signature inside parcel {parcel} of {agency} was not checked.",
    "record-not-read-again": "Whether version {version} is what the document of {agency} in parcel "
    "{parcel} says was not checked: this machine reads it otherwise, or not at all.",
    "parcel-approval-unsigned": "{who} approved version {version} without a key of their own: the log and "
    "the exporter's statement say so (entry {index}).",
    "parcel-receipt-unsigned": "Nobody signed receipt {number} for parcel {parcel} ({status}{reason}): it "
    "is the word of whoever could write where {agency} leaves its receipts.",
    # approval
    "losses-released": "{who} released version {version} for {agency} by this report of losses (entry "
    "{index}). Lost: {lost}. Only for readers of our extension: {aside}.",
    "losses-not-the-released": "The report of losses of version {version} is not the one that the release "
    "names (entry {index}).",
    "losses-not-shown": "What the partners' formats lost of version {version} is not wholly shown (entry "
    "{index}).",
    "losses-approved": "What {who} signed includes the report of losses that version {version} was "
    "released by (entry {index}).",
    "parcel-approved": "{who} signed on {at} the approval of version {version} for {recipients} with a "
    "key of their own ({kid}).",
    "parcel-approval-false": "The approval of version {version} by {who} for {recipients} does not hold. "
    "{why}",
    "parcel-approval-not-the-logged": "The approvals of version {version} for partners without a hub are "
    "not those of its release (entry {index}).",
    "parcel-approval-not-shown": "Who approved version {version} for partners without a hub is not shown "
    "(entry {index}).",
    "parcel-answers-not-shown": "What {who} answered and read before approving version {version} is not "
    "shown.",
    # receipt
    "parcel-carried": "Parcel {parcel} with version {version} was handed over for {agency} by the carrier "
    "{via} on {at} (entry {index}).",
    "parcel-not-carried": "No entry tells that parcel {parcel} was handed over for {agency}.",
    "parcel-carried-elsewhere": "Entry {index} tells that parcel {parcel} was handed over for another "
    "than {agency}.",
    "parcel-receipt-signed": "{agency} signed ({form}, {subject}) that parcel {parcel} was "
    "{status}{reason}: these very bytes; its receipt was there on {at} (entry {index}).",
    "parcel-receipt-not-tied": "{agency} signed ({form}, {subject}) that parcel {parcel} was {status}; "
    "that its receipt is for these very bytes was not shown (entry {index}).",
    "parcel-receipt-in-log": "What lay where {agency} leaves its receipts, {status}{reason}, for parcel "
    "{parcel}, was kept on {at} (entry {index}).",
    "parcel-receipt-false": "Receipt {number} of {agency} for parcel {parcel} does not hold. {why}",
    "parcel-receipt-unknown-key": "Receipt {number} of {agency} for parcel {parcel} could not be checked: "
    "the anchors lack its certificate of that time. {why}",
    "parcel-receipt-unread": "Receipt {number} of {agency} for parcel {parcel} is of a form that is not "
    "known here.",
    "parcel-receipt-not-believed": "Receipt {number} of {agency} for parcel {parcel} was about other "
    "bytes, and did not count (entry {index}).",
    "parcel-receipt-left-out": "Entry {index} tells of a receipt of {agency} for parcel {parcel} that is "
    "not in the bundle.",
    "no-parcel-receipt": "There is no receipt for parcel {parcel}: {agency} is not shown to have got "
    "version {version}.",
    # log
    "parcel-in-log": "Entry {index} of the log commits to the bytes of parcel {parcel} ({agency}).",
    "parcel-not-in-log": "No entry commits to the bytes of parcel {parcel} ({agency}).",
    "parcel-not-the-logged": "Parcel {parcel} ({agency}) is not the one that entry {index} commits to.",
    "parcel-receipt-not-in-log": "No entry commits to receipt {number} for parcel {parcel} ({agency}).",
    "parcel-receipt-of-another": "Receipt {number} for parcel {parcel} is that of another than {agency} "
    "(entry {index}).",
    # pin
    "partner-certificate-in-force": "{agency} was pinned by the certificate {fingerprint}… ({subject}) "
    "since {since} (entry {pin}, by {who}); by it signed what entry {index} tells of.",
    "partner-certificate-issued": "The certificate {fingerprint}… ({subject}) of {agency} is from an "
    "authority that was pinned for it; by it signed what entry {index} tells of.",
    "partner-pin-not-shown": "No entry shows how {agency} was pinned at entry {index} (profile {profile}…).",
    "partner-profile-not-shown": "The profile {profile}… of {agency}, in force at entry {index}, is not "
    "in the bundle.",
    "partner-profile-not-read": "The profile {profile}… of {agency}, in force at entry {index}, cannot be "
    "read here.",
    # erased
    "parcel-erased": "Parcel {parcel} for or from {agency} (version {version}) was erased; the partner's "
    "answer, as the erasure tells it: {answer}.",
}
