"""Which version of a draft the caller has seen: ETag and If-Match over its revision."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from hub.api.room import Header
from hub.entries import RecordRow
from hub.errors import Refused
from hub.exchange.broker import Broker
from hub.exchange.contents import find_row

_PATTERN: Final = r'^"[1-9][0-9]{0,8}"$'
ETAG: Final = Header(
    name="ETag",
    description="The revision seen; give it back in If-Match.",
    schema={"type": "string", "pattern": _PATTERN},
)
IF_MATCH: Final = Header(
    name="If-Match",
    description="The ETag of the revision you have seen.",
    schema={"type": "string", "pattern": _PATTERN},
    required=True,
)


def etag(row: RecordRow) -> Mapping[str, str]:
    """Return the header that names a row's revision."""
    return {"ETag": f'"{row.revision}"'}


def expected_revision(broker: Broker, record_id: str, if_match: str | None) -> int:
    """Return the revision that the caller has seen, which must be the present one.

    Raises Refused `precondition-missing` without If-Match, `precondition-failed` when another revision or
    no ETag of ours is named, `not-found`. A change that comes after this check is refused as `conflict`.
    """
    with broker.store.read() as view:
        row = find_row(view, record_id)
    if if_match is None:
        raise Refused("precondition-missing", "Changing a draft takes If-Match with the ETag you have seen.")
    if not re.fullmatch(_PATTERN, if_match) or if_match != f'"{row.revision}"':
        raise Refused(
            "precondition-failed", f'The draft stands at revision "{row.revision}" now; read it again.'
        )
    return row.revision
