"""A GOST signature under the seal: for partners whose law asks for one, beside what protects the document.

The document is signed with GOST R 34.10-2012 by OpenSSL's engine, and what comes of that is signed and
encrypted by the seal `smime` like any document. Nothing is encrypted with GOST: the engine's ciphers corrupt
more than 4 KiB. Keys reach the program over a descriptor, never by an argument or a disk.

```toml
[seal]
name = "smime-gost"
gost_key = "gost-key"               # PEM, as a secret: no library here reads such keys
gost_certificate = "gost"
their_gost_certificates = "de-bka-gost"
our_certificate = "smime"           # and what else `smime` takes
```
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Final

from asn1crypto import cms, core
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from adapters.contract import Materials, Opened
from adapters.profiles import invalid, text
from adapters.seals.smime import SmimeSeal
from adapters.seals.smime import make as make_smime
from adapters.seals.smime.pins import fingerprint
from adapters.seals.smime.verifying import PARSING
from hub.errors import IntegrityFailure, OurFault

_OPTIONS: Final = ("gost_key", "gost_certificate", "their_gost_certificates")
_TIMEOUT_S: Final = 60
#: A pipe holds this much before anybody reads; keys and certificates are smaller.
_PIPE_BYTES: Final = 32 * 1024


@dataclass(frozen=True, kw_only=True)
class Gost:
    """OpenSSL's program with its GOST engine, our key and the partner's certificates."""

    program: str
    key: bytes = field(repr=False)
    certificate: x509.Certificate
    theirs: Sequence[x509.Certificate]

    def sign(self, document: bytes) -> bytes:
        """Return SignedData with the document inside, as DER."""
        told = ("-sign", "-binary", "-nodetach", "-md", "md_gost12_256", "-outform", "DER")
        done = self._run(told, document, {"-signer": _pem([self.certificate]), "-inkey": self.key})
        if done.returncode != 0:
            raise OurFault("internal", "OpenSSL did not make the GOST signature.")
        return done.stdout

    def verify(self, raw: bytes) -> bytes:
        """Return the document that one of the partner's pinned certificates signed.

        Raises IntegrityFailure `signature-missing` and `signature-invalid`.
        """
        content = _content(raw)
        # Certificates in the message are not looked at: the signer is one that is pinned, or nobody.
        told = ("-verify", "-binary", "-inform", "DER", "-nointern", "-partial_chain", "-purpose", "any")
        pinned = _pem(self.theirs)
        done = self._run(told, raw, {"-certfile": pinned, "-CAfile": pinned})
        if done.returncode != 0 or done.stdout != content:
            raise IntegrityFailure(
                "signature-invalid", "The GOST signature does not verify with a pinned certificate."
            )
        return content

    def _run(
        self, told: Sequence[str], given: bytes, files: Mapping[str, bytes]
    ) -> subprocess.CompletedProcess[bytes]:
        with ExitStack() as ends:
            named: list[str] = []
            handles: list[int] = []
            for option, raw in files.items():
                handle = _readable(raw)
                ends.callback(os.close, handle)
                handles.append(handle)
                named += [option, f"/dev/fd/{handle}"]
            try:
                return subprocess.run(  # noqa: S603 - fixed words, and descriptors of ours
                    [self.program, "cms", "-engine", "gost", *told, *named],
                    input=given,
                    capture_output=True,
                    check=False,
                    timeout=_TIMEOUT_S,
                    pass_fds=handles,
                )
            except (OSError, subprocess.TimeoutExpired):
                raise OurFault("internal", "OpenSSL could not be run for a GOST signature.") from None


class GostSeal:
    """The seal `smime` around a document with a GOST signature; both must be the partner's."""

    def __init__(self, gost: Gost, around: SmimeSeal) -> None:
        self._gost = gost
        self._around = around

    def seal(self, document: bytes) -> bytes:
        """Return the document signed with GOST, then signed and encrypted."""
        return self.seal_showably(document)[0]

    def seal_showably(self, document: bytes) -> tuple[bytes, bytes]:
        """Return the same, and what opens these bytes and no others."""
        return self._around.seal_showably(self._gost.sign(document))

    def key_to(self, sealed: bytes) -> bytes:
        """Return what opens these bytes that came for us, and no others; raise `decryption-failed`."""
        return self._around.key_to(sealed)

    def open(self, sealed: bytes) -> Opened:
        """Open and verify both signatures; raise as `smime` does where either does not hold."""
        opened = self._around.open(sealed)
        return Opened(document=self._gost.verify(opened.document), signer=opened.signer)


def make(options: Mapping[str, Any], materials: Materials) -> GostSeal:
    """Make the seal between us and a partner. Raises Refused `adapter-invalid` without the engine."""
    rest = {name: value for name, value in options.items() if name not in _OPTIONS}
    theirs = text(options, "their_gost_certificates", default=f"{materials.them}-gost")
    key = materials.secret(text(options, "gost_key", default="gost-key"))
    pinned = materials.certificates(theirs)
    if max(len(key), len(_pem(pinned))) > _PIPE_BYTES:
        raise invalid(f"their_gost_certificates: at most {_PIPE_BYTES:,} bytes are handed over")
    gost = Gost(
        program=_program(),
        key=key,
        certificate=materials.certificates(text(options, "gost_certificate", default="gost"))[0],
        theirs=pinned,
    )
    if fingerprint(gost.certificate) in map(fingerprint, pinned) and materials.us != materials.them:
        raise invalid("their_gost_certificates: one of them is ours")
    return GostSeal(gost, make_smime(rest, materials))


def _program() -> str:
    program = shutil.which("openssl")
    if program is not None:
        done = subprocess.run(  # noqa: S603 - fixed words
            [program, "engine", "-t", "gost"], capture_output=True, check=False, timeout=_TIMEOUT_S
        )
        if b"[ available ]" in done.stdout:
            return program
    raise invalid("GOST signatures need OpenSSL's engine gost (Debian's package libengine-gost-openssl)")


def _content(raw: bytes) -> bytes:
    """Return what is inside of SignedData with one signer."""
    try:
        outer = cms.ContentInfo.load(raw, strict=True)
        if outer["content_type"].native != "signed_data":
            raise ValueError("another structure")
        data = outer["content"]
        inner = data["encap_content_info"]
        sound = len(data["signer_infos"]) == 1 and isinstance(inner["content"], core.OctetString)
        if not sound or inner["content_type"].native != "data":
            raise ValueError("not one signer of data")
        return bytes(inner["content"].__bytes__())
    except PARSING:
        raise IntegrityFailure(
            "signature-missing", "Expected a document that one key signed with GOST."
        ) from None


def _pem(certificates: Sequence[x509.Certificate]) -> bytes:
    return b"".join(one.public_bytes(Encoding.PEM) for one in certificates)


def _readable(raw: bytes) -> int:
    """Return a descriptor from which these bytes can be read once."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as file:
        file.write(raw)
    return reading
