"""The Centre's document in its container: CMS that `openssl cms` opens and verifies, and what it holds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lxml import etree

from adapters.cis_atc.schema import schema
from adapters.composing import compose
from adapters.contract import Adapter
from adapters.profiles import parse_profile
from hub.errors import HubError
from hub.records.kinds import Kind
from hub.records.record import load_record
from hub.records.template import template
from tests.adapters.materials import Given
from tests.adapters.seals.parties import Party, ec_key, party
from tests.adapters.seals.test_smime_openssl import shell
from tests.docs.blocks import block

README = Path(__file__).parents[3] / "adapters" / "cis_atc" / "README.md"
(PROFILE,) = re.findall(r"```toml\n(.*?)```", README.read_text(encoding="utf-8"), flags=re.DOTALL)


def end(us: Party, them: Party, folder: Path) -> Adapter:
    """Compose one end from the profile of the page."""
    given = Given(
        us=us.name,
        them=them.name,
        state=folder / us.name,
        keys={"smime": us.key},
        chains={"smime": [us.certificate], "cis-atc": [them.certificate]},
    )
    return compose(parse_profile(PROFILE.replace('path = "', f'path = "{folder}')), given)


@pytest.mark.slow
def test_the_russian_document_is_signed_and_encrypted_and_openssl_opens_it(tmp_path: Path) -> None:
    us, them = party("kz-knb", ec_key()), party("de-bka", ec_key())
    for one in (us, them):
        one.write(tmp_path)
    ours = end(us, them, tmp_path)
    assert ours.seal is not None
    record = dict(load_record(template(Kind.ASSISTANCE_REQUEST)).document)
    written = ours.dialect.translate(record).document
    (tmp_path / "letter.p7m").write_bytes(ours.seal.seal(written))
    done = shell(tmp_path, block("carriers.md", "cms open"))
    assert done.returncode == 0, done.stderr
    opened = (tmp_path / "letter").read_bytes()
    assert opened == written
    etree.XMLSchema(etree.fromstring(schema())).assertValid(etree.fromstring(opened))


def test_what_comes_without_its_container_is_not_opened(tmp_path: Path) -> None:
    us, them = party("kz-knb", ec_key()), party("cis-atc", ec_key())
    ours, theirs = end(us, them, tmp_path), end(them, us, tmp_path)
    assert ours.seal is not None
    assert theirs.seal is not None
    written = theirs.dialect.translate(dict(load_record(template(Kind.ASSISTANCE_REQUEST)).document)).document
    assert ours.seal.open(theirs.seal.seal(written)).document == written
    with pytest.raises(HubError) as error:
        ours.seal.open(written)
    assert error.value.code == "decryption-failed"
