"""What a connection sends, for those who want to see what a number rests on."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, event

_BREAKS: Final = re.compile(
    r"\s+(?=(?:FROM|WHERE|GROUP BY|ORDER BY|LIMIT|LEFT OUTER JOIN|JOIN|AND)\b)"
)


@dataclass(frozen=True, slots=True)
class Said:
    """A statement as it was sent, and its parameters as JSON."""

    sql: str
    parameters: str


@contextmanager
def heard(conn: Connection) -> Iterator[list[Said]]:
    """The statements that `conn` sends inside the block, in order."""
    found: list[Said] = []

    def hear(_c: Any, _cursor: Any, sql: str, parameters: Any, *_rest: Any) -> None:
        told = json.dumps(parameters, default=str, ensure_ascii=False, indent=1)
        found.append(Said(_BREAKS.sub("\n", sql.strip()), told))

    event.listen(conn, "before_cursor_execute", hear)
    try:
        yield found
    finally:
        event.remove(conn, "before_cursor_execute", hear)
