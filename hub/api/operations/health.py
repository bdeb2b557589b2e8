"""Whether the hub lives, and whether it can work."""

from __future__ import annotations

from hub.api.callers import Door
from hub.api.room import Answer, Call, Room
from hub.api.schemas.access import HealthView, ReadinessView
from hub.audit.trail import writes_nothing
from hub.errors import OurFault

room = Room("health", __name__, description="Whether the hub lives, and whether it can work.")


@room.operation(
    "GET", "/healthz", door=Door.ANYONE, reply=HealthView, trail=writes_nothing("that the hub lives")
)
def get_health(call: Call) -> Answer:
    """Tell that the process answers."""
    return Answer(body={"status": "ok"}, headers={"Cache-Control": "no-store"})


@room.operation(
    "GET",
    "/readyz",
    door=Door.ANYONE,
    reply=ReadinessView,
    refusals=["not-ready"],
    trail=writes_nothing("that the hub lives"),
)
def get_readiness(call: Call) -> Answer:
    """Tell whether the database can be written, the dispatcher is alive and the audit log is kept.

    The database is asked at most once a second, whoever asks and how often. Warnings are codes of what a
    person should look at: `hub partner list` and `hub witness show` tell more.
    """
    call.desk.readiness.check()
    if not call.desk.context.dispatching():
        raise OurFault("not-ready", "The dispatcher does not run; what is queued stays queued.")
    failure = call.desk.context.log_failure()
    if failure is not None:
        raise OurFault(
            "not-ready", f"The audit log is not kept now ({failure.code}); the hub's log says why."
        )
    return Answer(
        body={
            "database": True,
            "dispatcher": True,
            "log": True,
            "warnings": list(call.desk.readiness.warnings),
        },
        headers={"Cache-Control": "no-store"},
    )
