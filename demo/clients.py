"""API clients as outsiders would write them: officers with a session, systems with a certificate."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyotp
import urllib3

from demo.cast import Officer, Place

_TIMEOUT = urllib3.Timeout(connect=5.0, read=60.0)


class Trouble(Exception):
    """Something the demo counts on did not happen; the sentence says what."""


class Unreachable(Trouble):
    """A hub does not answer."""


class Client:
    """One caller of one hub over TLS; with a certificate file it is a member's system."""

    def __init__(self, place: Place, certificate: Path | None = None) -> None:
        context = ssl.create_default_context(cadata=place.authority_pem)
        if certificate is not None:
            context.load_cert_chain(certificate)
        self._place = place
        self._pool = urllib3.PoolManager(ssl_context=context, retries=False, timeout=_TIMEOUT)
        self._token: str | None = None
        self._password = ""

    def is_ready(self) -> bool:
        """Tell whether the hub answers that it is ready."""
        try:
            return self._pool.request("GET", f"{self._place.url}/readyz").status == 200
        except urllib3.exceptions.HTTPError:
            return False

    def sign_in(self, officer: Officer) -> None:
        """Begin an officer's session with password and time-based code."""
        code = pyotp.parse_uri(officer.totp_uri)
        assert isinstance(code, pyotp.TOTP)
        told = {"name": officer.name, "password": officer.password, "code": code.now()}
        self._token = str(self.call("POST", "/api/v1/session", told)["access_token"])
        self._password = officer.password

    def get_token(self, agency: str) -> None:
        """Get a member's access token, bound to its certificate (RFC 8705)."""
        answer = self._pool.request_encode_body(
            "POST",
            f"{self._place.url}/oauth/token",
            fields={"grant_type": "client_credentials", "client_id": agency},
            encode_multipart=False,
        )
        self._token = str(self._checked("POST", "/oauth/token", answer)["access_token"])

    def call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, **headers: str
    ) -> dict[str, Any]:
        """Call the API and return the answer; raise Trouble with the hub's own sentence otherwise."""
        return self._checked(method, path, self._answer(method, path, body, headers))

    def _answer(
        self, method: str, path: str, body: Mapping[str, Any] | None, headers: Mapping[str, str]
    ) -> urllib3.BaseHTTPResponse:
        sent = {"Content-Type": "application/json", **headers}
        if self._token is not None:
            sent["Authorization"] = f"Bearer {self._token}"
        data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        try:
            return self._pool.request(method, self._place.url + path, body=data, headers=sent)
        except urllib3.exceptions.HTTPError:
            raise Unreachable(f"{self._place.agency} does not answer.") from None

    def pages(self, path: str) -> Iterator[dict[str, Any]]:
        """Walk a list to its end by its cursor."""
        after = ""
        while (page := self.page(path, after))["items"]:
            yield from page["items"]
            after = page["next"]

    def page(self, path: str, after: str) -> dict[str, Any]:
        """Return one page of a list after a cursor, the first one for an empty cursor."""
        glue = "&" if "?" in path else "?"
        return self.call("GET", f"{path}{glue}limit=200" + (f"&after={after}" if after else ""))

    def decision(self, drafted: Mapping[str, Any]) -> dict[str, Any]:
        """Return the officer's decision: what was read, and the password, which opens their signing key."""
        return {
            "digest": drafted["digest"],
            "recipients": drafted["recipients"],
            "password": self._password,
        }

    def release(self, drafted: Mapping[str, Any]) -> dict[str, Any]:
        """Release a draft as the second officer."""
        path = f"/api/v1/drafts/{drafted['record_id']}/approve"
        return self.call("POST", path, self.decision(drafted))

    def refused(self, method: str, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Call what the hub is to refuse; return its problem document, and raise Trouble where it did not."""
        answer = self._answer(method, path, body, {})
        if answer.status < 400:
            raise Trouble(f"{method} {path} at {self._place.agency} was to be refused, and was not.")
        return dict(json.loads(answer.data))

    def _checked(self, method: str, path: str, answer: urllib3.BaseHTTPResponse) -> dict[str, Any]:
        if answer.status >= 400:
            raise Trouble(f"{method} {path} at {self._place.agency}: {answer.status} {_sentence(answer)}")
        return dict(json.loads(answer.data)) if answer.data else {}


def _sentence(answer: urllib3.BaseHTTPResponse) -> str:
    try:
        problem = json.loads(answer.data)
    except ValueError:
        return "no problem document"
    return f"{problem.get('code')}: {problem.get('detail')}"


def batches(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    """Cut a list into batches."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
