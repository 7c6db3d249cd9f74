"""The only ways to the data: one transaction each, in a role that may do just that.

The login role has no rights of its own; every door becomes one of the roles that the migrations
make, with the viewer's claims, a timeout, a search_path and a zone that end with the transaction.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from types import MappingProxyType

from sqlalchemy import Connection, Engine, Select, Text, TextClause, bindparam, func, select, text

from domo_insights.database import replica
from domo_insights.database.failures import translated
from domo_insights.errors import NotSignedInError
from domo_insights.viewer import Viewer

READ_TIMEOUT_MS = 8_000
WRITE_TIMEOUT_MS = 30_000
EXPORT_TIMEOUT_MS = 600_000
_READ_ONLY = {"transaction_read_only": "on"}
"""Writers set nothing: a database that is closed to them is closed."""
_FIXED = {"search_path": "public, extensions", "timezone": "UTC", "jit": "off"}
"""No compiling of plans: it takes longer than any of these questions."""
_PLANNED_ANEW = {"plan_cache_mode": "force_custom_plan"}
"""What is queued, one row or thousands, has each time a plan of its own."""
_SNAPSHOT = text("set transaction isolation level repeatable read")


@contextmanager
def reading(engine: Engine, viewer: Viewer) -> Iterator[Connection]:
    """A read-only connection that shows what `viewer` may see: their own rows, or for the product
    team all rows without words.

    Raises: NotSignedInError, DatabaseUnreachableError, QueryTimeoutError, NotAllowedError,
    DatabaseError.
    """
    role = "insights_product" if _known(viewer).product_team else "insights_reader"
    with _door(engine, role, viewer, READ_TIMEOUT_MS, read_only=True) as conn:
        yield conn


@contextmanager
def snapshot(engine: Engine, viewer: Viewer) -> Iterator[Connection]:
    """As `reading`, for long readers: all that is read is of one moment, and may take its time."""
    role = "insights_product" if _known(viewer).product_team else "insights_reader"
    with _door(engine, role, viewer, EXPORT_TIMEOUT_MS, _SNAPSHOT, read_only=True) as conn:
        yield conn


@contextmanager
def editing(engine: Engine, viewer: Viewer) -> Iterator[Connection]:
    """A connection that may change what the viewer owns and may edit. Raises: as `reading`,
    ConflictingDataError, BusyError."""
    with _door(engine, "insights_editor", _known(viewer), WRITE_TIMEOUT_MS) as conn:
        yield conn
    replica.wrote(viewer)


@contextmanager
def ingesting(engine: Engine) -> Iterator[Connection]:
    """A connection that stores callbacks. Raises: as `editing`."""
    with _door(engine, "insights_ingest", None, WRITE_TIMEOUT_MS) as conn:
        yield conn


@contextmanager
def sessions(engine: Engine, viewer: Viewer | None = None) -> Iterator[Connection]:
    """A connection to the browser sessions and to `insights.record`, in `viewer`'s name where one
    is known. Raises: as `editing`."""
    with _door(engine, "insights_sessions", viewer, READ_TIMEOUT_MS) as conn:
        yield conn


@contextmanager
def maintaining(engine: Engine) -> Iterator[Connection]:
    """A connection that keeps the rollups. Raises: as `editing`."""
    with _door(engine, "insights_worker", None, WRITE_TIMEOUT_MS, more=_PLANNED_ANEW) as conn:
        yield conn


def _known(viewer: Viewer | None) -> Viewer:
    if not isinstance(viewer, Viewer):
        raise NotSignedInError
    return viewer


@contextmanager
def _door(
    engine: Engine,
    role: str,
    viewer: Viewer | None,
    timeout_ms: int,
    mode: TextClause | None = None,
    *,
    read_only: bool = False,
    more: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Connection]:
    settings = {
        "role": role,
        "request.jwt.claims": json.dumps(viewer.claims) if viewer else "",
        "statement_timeout": str(timeout_ms),
        **_FIXED,
        **(_READ_ONLY if read_only else {}),
        **more,
    }
    with translated(), engine.connect() as conn, conn.begin():
        if mode is not None:
            conn.execute(mode)
        conn.execute(_setting(tuple(settings)), settings)
        yield conn


@cache
def _setting(names: tuple[str, ...]) -> Select[*tuple[str, ...]]:
    """Sets each of `names` until the transaction ends; made once, since that takes as long as to
    send it."""
    values = {name: bindparam(name, type_=Text()) for name in names}
    return select(*(func.set_config(name, value, True) for name, value in values.items()))
