"""Messages of ours: one part, CMS in base64, nothing of its content in the headers (RFC 8551 §3.4)."""

from __future__ import annotations

from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final

#: What the officers of a partner see who opens its mailbox by hand.
_SUBJECTS: Final = {None: "Sealed document", "reply": "Receipt"}

#: Lines may have 998 characters (RFC 5322 §2.1.1). In fewer, Python would break a long id of In-Reply-To into
#: encoded words, which no structured header may hold (RFC 2047 §5), and the other side finds no id in it.
_UNFOLDED: Final = SMTP.clone(max_line_length=998)


def write_message(
    cms: bytes,
    *,
    sender: str,
    recipient: str,
    message_id: str,
    at: datetime,
    answers: str | None = None,
) -> bytes:
    """Return a message with sealed bytes; `answers` is the id of the message that it is a receipt for."""
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = recipient
    message["Date"] = format_datetime(at)
    message["Message-ID"] = message_id
    message["Subject"] = _SUBJECTS[None if answers is None else "reply"]
    if answers is not None:
        message["In-Reply-To"] = answers
        message["Auto-Submitted"] = "auto-replied"
    message.set_content(
        cms,
        maintype="application",
        subtype="pkcs7-mime",
        cte="base64",
        disposition="attachment",
        filename="smime.p7m",
        params={"smime-type": "authEnveloped-data", "name": "smime.p7m"},
    )
    return message.as_bytes(policy=_UNFOLDED)
