"""Before the hub goes on: what do the witnesses remember of our log?"""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor, wait

from hub.audit.checkpoints import Checkpoint
from hub.errors import HubError, IntegrityFailure
from hub.exchange.broker import Broker
from hub.exchange.log.checking import check_start
from hub.exchange.log.epochs import OwnKeys, own_keys
from hub.exchange.witness.asking import cosigned_checkpoint
from hub.ports import WitnessClient

log = logging.getLogger("hub.witness")


def check_witnessed(broker: Broker, client: WitnessClient) -> None:
    """Compare our log with the checkpoints of it that witnesses cosigned; all are asked at once.

    Raises IntegrityFailure `log-rolled-back` or `log-forked` where one of them shows a checkpoint that we
    signed and do not have. One that does not answer in time is passed over here, and misses in the quorum.
    """
    with broker.store.read() as view:
        own = own_keys(view.log, broker.keyring)
    seen = _seen(broker, client, own)
    if not seen:
        return
    with broker.store.read() as view:
        check_start(view.log, own_keys(view.log, broker.keyring), witnessed=seen)


def _seen(broker: Broker, client: WitnessClient, own: OwnKeys) -> list[Checkpoint]:
    witnesses = broker.witnesses.witnesses
    if not witnesses:
        return []
    threads = ThreadPoolExecutor(len(witnesses), thread_name_prefix="ask-witness")
    asked = [threads.submit(_ask, broker, client, own, witness) for witness in witnesses]
    done, _late = wait(asked, timeout=2 * broker.limits.witness_timeout_s)
    threads.shutdown(wait=False, cancel_futures=True)
    return [checkpoint for one in done if (checkpoint := one.result()) is not None]


def _ask(broker: Broker, client: WitnessClient, own: OwnKeys, witness: str) -> Checkpoint | None:
    """Return what a witness shows, if we signed it: nothing else can speak for or against our log."""
    try:
        note = cosigned_checkpoint(broker, client, witness)
        if note is None:
            return None
        return own.recognise(note)
    except IntegrityFailure as failure:
        log.warning(
            "witness shows what we did not sign: %s",
            failure,
            extra={"code": failure.code, "partner": witness},
        )
    except HubError as failure:
        log.warning("witness did not answer: %s", failure, extra={"code": failure.code, "partner": witness})
    return None
