"""S/MIME's cryptography without its mail: signed, then encrypted CMS (RFC 5652, 5083, 5084, 5753).

asn1crypto reads and writes the structures, `cryptography` does all that is cryptography. What is opened is
authenticated as a whole before any of it is parsed, so nothing can be spliced around it (EFAIL).
"""

from adapters.seals.smime.seal import SmimeSeal, make
from adapters.seals.smime.verifying import Signed

__all__ = ["Signed", "SmimeSeal", "make"]
