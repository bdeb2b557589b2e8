"""The profiles that docs/carriers.md shows compose, with every word on them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from adapters.composing import compose
from tests.adapters.materials import Given
from tests.adapters.seals.parties import ec_key, party, rsa_key
from tests.docs.blocks import DOCS
from tests.servers.sshd import public_line

#: SSH takes a while to import.
pytestmark = pytest.mark.slow

PAGE = (DOCS / "carriers.md").read_text(encoding="utf-8")
#: Those that begin with `# docs:` are run by the tests of what they configure.
PROFILES = [text for text in re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL) if "# docs:" not in text]


def given(folder: Path, carrier: str) -> Given:
    us, them, authority = (party(name, ec_key()) for name in ("kz-knb", "de-bka", "de-ca"))
    if carrier == "as4":
        us, them = (party(name, rsa_key()) for name in ("kz-knb", "de-bka"))
    return Given(
        us="kz-knb",
        them="de-bka",
        state=folder,
        keys={
            "sftp": ed25519.Ed25519PrivateKey.generate(),
            "smime": us.key,
            "as4": us.key,
            "as4-tls": us.key,
        },
        chains={
            "smime": [us.certificate],
            "de-bka": [them.certificate],
            "de-ca": [authority.certificate],
            "mail": [authority.certificate],
            "as4": [us.certificate],
            "as4-tls": [us.certificate],
            "as4-client": [them.certificate],
            "as4-authority": [authority.certificate],
        },
        secrets={"mail": b"a password"},
    )


@pytest.mark.parametrize("text", PROFILES, ids=lambda text: re.findall(r'name = "(\w+)"', text)[0])
def test_a_profile_of_the_page_composes(text: str, tmp_path: Path) -> None:
    shown = public_line(ed25519.Ed25519PrivateKey.generate())
    profile = tomllib.loads(text.replace("ssh-ed25519 AAAA…", shown))
    carrier = profile.get("carrier", {}).get("name", "")
    adapter = compose({"adapter": "bilateral", **profile}, given(tmp_path, carrier))
    assert adapter.seal if "seal" in profile else adapter.carrier


def test_the_page_shows_four_profiles() -> None:
    assert [name for text in PROFILES for name in re.findall(r'name = "(\w+)"', text)] == [
        "sftp",
        "mail",
        "as4",
        "smime",
    ]
