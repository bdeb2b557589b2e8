"""Two ends of an exchange of mail, and messages that others may send."""

from __future__ import annotations

import mailbox
from email.message import EmailMessage
from pathlib import Path

from cryptography import x509

from adapters.carriers.mail import MailCarrier, make
from tests.adapters.materials import Given
from tests.adapters.seals.parties import ec_key, party

US, THEM, STRANGER = (party(name, ec_key()) for name in ("kz-knb", "de-bka", "xx-other"))


def address(agency: str) -> str:
    """Return an agency's mail address."""
    return f"hub@{agency}.example"


def maildir(folder: Path, agency: str) -> Path:
    """Return an agency's Maildir; it is made when it is asked for."""
    path = folder / address(agency)
    if not path.exists():
        mailbox.Maildir(path)
    return path


def mail_end(
    us: str,
    *,
    folder: Path,
    state: Path,
    authority: x509.Certificate,
    password: bytes = b"",
    **options: object,
) -> MailCarrier:
    """Make one end; both mailboxes are there from then on."""
    ours, theirs = (US, THEM) if us == "kz-knb" else (THEM, US)
    maildir(folder, theirs.name)
    told: dict[str, object] = {
        "our_address": address(ours.name),
        "their_address": address(theirs.name),
        "smtp_host": "localhost",
        "smtp_user": "hub",
        "maildir": str(maildir(folder, ours.name)),
        "timeout_s": 10,
    }
    given = Given(
        us=ours.name,
        them=theirs.name,
        state=state / us,
        keys={"smime": ours.key},
        chains={"smime": [ours.certificate], theirs.name: [theirs.certificate], "mail": [authority]},
        secrets={"mail": password},
    )
    return make({**told, **options}, given)


def deliver(folder: Path, message: EmailMessage | bytes) -> None:
    """Put a message into our mailbox, as any stranger can by sending one."""
    raw = message if isinstance(message, bytes) else message.as_bytes()
    mailbox.Maildir(maildir(folder, "kz-knb")).add(raw)


def refused(state: Path) -> list[str]:
    """Return the codes of what we put apart."""
    folder = state / "kz-knb" / "refused"
    return sorted(path.suffix[1:] for path in folder.iterdir()) if folder.exists() else []


def cms(content: bytes, **headers: str) -> EmailMessage:
    """Return a message with CMS, as mail programs write it."""
    message = EmailMessage()
    message["From"], message["To"] = address("de-bka"), address("kz-knb")
    for name, value in {"Message-ID": "<1@mail.example>", **headers}.items():
        message[name] = value
    message.set_content(content, maintype="application", subtype="pkcs7-mime")
    return message


def bounce(message_id: str, *, about: str = "hub@de-bka.example", action: str = "failed") -> bytes:
    """Return a delivery report (RFC 3464)."""
    return (
        "From: MAILER-DAEMON@mx.example\r\nTo: hub@kz-knb.example\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nNo.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        f"Final-Recipient: rfc822; {about}\r\nAction: {action}\r\nStatus: 5.1.1\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {message_id}\r\n\r\n--b--\r\n"
    ).encode()
