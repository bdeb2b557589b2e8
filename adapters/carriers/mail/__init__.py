"""Parcels as S/MIME mail: sent by SMTP with TLS, received in a Maildir, answered with signatures."""

from adapters.carriers.mail.carrier import MailCarrier, make

__all__ = ["MailCarrier", "make"]
