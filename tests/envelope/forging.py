"""Make envelopes that are wrong in one place: everything else about them is right."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hub.envelope.canonical import canonical, digest
from hub.envelope.encoding import b64u, unb64u
from hub.envelope.jwe import encrypt, write_jwe
from hub.envelope.jws import sign_jws
from hub.envelope.keys import SigningKeys
from hub.envelope.manifest import Manifest
from hub.envelope.sealing import SEALED_TYPE, SIGNED_TYPE
from hub.envelope.suites import Suite
from tests.envelope.agencies import agency, manifest, record

Json = dict[str, Any]
Change = Callable[[Any], object]


def changed(raw: bytes, change: Change) -> bytes:
    """Return JSON bytes after a change of the parsed value in place."""
    value = json.loads(raw)
    change(value)
    return json.dumps(value, separators=(",", ":")).encode()


def in_header(member: str, change: Change) -> Change:
    """Return a change of an object whose `member` is an encoded header: decode, change, encode."""

    def apply(value: Json) -> None:
        value[member] = b64u(changed(unb64u(value[member]), change))

    return apply


def forge(
    *,
    content: Json | None = None,
    of: Manifest | None = None,
    suite: Suite = Suite.CLASSIC_1,
    recipients: Sequence[str] = ("cis-atc", "kg-gknb"),
    sealed_to: Sequence[str] | None = None,
    in_manifest: Change | None = None,
    in_payload: Callable[[bytes], bytes] | None = None,
    typ: str = SIGNED_TYPE,
    signed_as: Suite | None = None,
    signed_by: SigningKeys | None = None,
    in_jws: Change | None = None,
    bind: bytes | None = None,
    in_protected: Mapping[str, object] | None = None,
    in_jwe: Change | None = None,
    in_raw: Callable[[bytes], bytes] | None = None,
) -> bytes:
    """Return an envelope by kz-knb, changed where told; the layers around a change are made after it."""
    content = record() if content is None else content
    of = of or manifest(content, suite=suite, recipients=tuple(sorted(recipients)))
    document = json.loads(canonical(of.as_document()))
    if in_manifest:
        in_manifest(document)
    payload = b'{"content":%b,"manifest":%b}' % (canonical(content), canonical(document))
    if in_payload:
        payload = in_payload(payload)
    jws = sign_jws(payload, typ=typ, keys=signed_by or agency("kz-knb").signing, suite=signed_as or of.suite)
    if in_jws:
        jws = changed(jws, in_jws)
    header = of.header.as_members() | {
        "bind": b64u(digest(jws if bind is None else bind)),
        "typ": SEALED_TYPE,
        **(in_protected or {}),
    }
    to = [agency(name).public for name in (sealed_to or of.recipients)]
    raw = write_jwe(encrypt(jws, header=header, suite=of.suite, recipients=to)[0])
    if in_jwe:
        raw = changed(raw, in_jwe)
    return in_raw(raw) if in_raw else raw
