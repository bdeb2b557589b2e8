"""The same federation, whose hubs rotate and give up their keys in the midst of all that goes wrong."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import rule

from hub.errors import HubError
from hub.exchange.broker import Broker
from hub.exchange.keys.changing import compromise, rotate
from hub.exchange.keys.keeping import KeyKeeper
from hub.exchange.partners import pair, present_card
from hub.federation.card import fingerprint
from hub.ports import Keyring
from keys.changes import KeyChanges
from keys.file_keys import FileKeys
from keys.inventory import Where
from keys.keyring import FileKeyring
from tests.exchange.hubs import CUSTODIAN, Hubs
from tests.exchange.keyed import keyed
from tests.properties.federation import AGENCIES, FAR, RELAY, SHY, US, Died, Stage, World
from tests.properties.test_federation import Federation, run

agency = st.sampled_from(AGENCIES)
#: The purposes whose keys partners come to know; those of the log, the witness and the store have their own.
purpose = st.sampled_from(("sign-es256", "sign-ml-dsa-65", "decrypt-p256", "decrypt-xwing", "token-es256"))


def _keyed(hubs: Hubs, agency: str) -> Broker:
    return keyed(hubs, agency, pulls=agency == SHY).broker


class KeyedWorld(World):
    """A world whose hubs have key stores of their own, copied for each run."""

    def keyring(self, stage: Stage, agency: str, folder: Path) -> Keyring:
        before = stage.brokers[agency].keyring
        assert isinstance(before, FileKeyring)
        directory = Path(shutil.copytree(before.directory, folder / f"{agency}-keys"))
        files = FileKeys(directory=directory, sealer=before.sealer)
        return FileKeyring(directory, before.sealer, {Where.FILE: files})

    def custody(self, agency: str) -> KeyChanges:
        keyring = self.keyrings[agency]
        assert isinstance(keyring, FileKeyring)
        return KeyChanges(keyring)

    def keep(self, agency: str) -> None:
        """Do what a hub's keeper of keys does in one turn."""
        if agency in self.wire.dead:
            return
        with suppress(Died):
            KeyKeeper(self.wire.hubs[agency], self.custody(agency)).take_turn()


class Rotation(Federation):
    """Custodians rotate keys, announced or at once, and give up those that only open."""

    world_type = KeyedWorld
    world: KeyedWorld

    @rule(agency=agency, purpose=purpose, now=st.booleans())
    def rotate(self, agency: str, purpose: str, now: bool) -> None:
        with self.people.at(agency) as hub:
            rotate(hub, self.world.custody(agency), hub.itself, purpose, now=now)

    @rule(agency=agency, purpose=st.sampled_from(("decrypt-p256", "decrypt-xwing", "token-es256")))
    def give_up_key(self, agency: str, purpose: str) -> None:
        with self.people.at(agency) as hub:
            compromise(hub, self.world.custody(agency), hub.itself, purpose, why="a test says so")

    @rule(agency=agency)
    def keep_keys(self, agency: str) -> None:
        self.world.keep(agency)

    def turn_all(self) -> None:
        for one in AGENCIES:
            self.world.turn(one)
            self.world.keep(one)

    def heal(self) -> None:
        """Two hubs that meet at a relay alone are told of one another's cards by people."""
        self.world.heal()
        for one in AGENCIES:
            with suppress(HubError):
                self.world.keep(one)
        for ours, theirs in ((US, FAR), (FAR, US)):
            self.world.clock.pass_(1)
            card = present_card(self.world.hub(theirs))
            pair(
                self.world.hub(ours),
                CUSTODIAN,
                card,
                confirmed_fingerprint=fingerprint(card),
                via=RELAY,
            )
        super().heal()
        for one in AGENCIES:
            self.world.clock.pass_(60)
            self.world.keep(one)
            assert all(key.logged for key in self.world.custody(one).inventory())


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return Stage(tmp_path_factory.mktemp("stage"), _keyed)


@pytest.mark.hypothesis
@pytest.mark.slow
@pytest.mark.timeout(600)
# Cards go round in threads of their own, and those of a hub that dies end with it.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_everything_arrives_once_while_keys_are_rotated(stage: Stage) -> None:
    assert run(Rotation, stage, examples=6, steps=50) >= 6
