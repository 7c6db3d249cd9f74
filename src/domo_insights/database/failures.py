"""The driver's errors in our words. The original stays on `__cause__`."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from domo_insights.errors import (
    BusyError,
    ConflictingDataError,
    DatabaseError,
    DatabaseUnreachableError,
    NoRoomError,
    NotAllowedError,
    QueryTimeoutError,
    ReadOnlyError,
)

_BUSY = (
    psycopg.errors.DeadlockDetected,
    psycopg.errors.SerializationFailure,
    psycopg.errors.LockNotAvailable,
)


# A refused connection has no code, only words; the server's are not translated by `LC_ALL=C`, and
# poolers have words of their own.
_NO_SEAT = re.compile(
    "too many (clients|connections)|remaining connection slots|max client connections", re.I
)


def as_ours(error: SQLAlchemyError) -> DatabaseError:
    """Our error for one of SQLAlchemy's or, inside it, the driver's."""
    if isinstance(error, PoolTimeoutError):
        return BusyError("All connections to the database are in use.")
    match error.orig if isinstance(error, DBAPIError) else None:
        case psycopg.errors.QueryCanceled():
            return QueryTimeoutError()
        case psycopg.errors.InsufficientPrivilege():
            return NotAllowedError()
        case psycopg.errors.ReadOnlySqlTransaction():
            return ReadOnlyError()
        case psycopg.errors.DiskFull():
            return NoRoomError()
        case psycopg.IntegrityError():
            return ConflictingDataError()
        case problem if isinstance(problem, _BUSY):
            return BusyError()
        case psycopg.OperationalError() as problem if _NO_SEAT.search(str(problem)):
            return BusyError("All connections to the database are in use.")
        case psycopg.OperationalError() | psycopg.InterfaceError():
            return DatabaseUnreachableError()
        case _:
            return DatabaseError()


@contextmanager
def translated() -> Iterator[None]:
    """Errors of SQLAlchemy in this block become ours. Raises: DatabaseError and its kinds."""
    try:
        yield
    except SQLAlchemyError as error:
        raise as_ours(error) from error
