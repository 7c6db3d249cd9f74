"""Where pages, receipts and exports read: the replica while it is well, else the primary."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection, Engine

from domo_insights.database import replica
from domo_insights.database.doors import reading
from domo_insights.errors import BusyError, DatabaseUnreachableError
from domo_insights.viewer import Viewer

T = TypeVar("T")


def read(primary: Engine, viewer: Viewer, ask: Callable[[Connection], T]) -> T:
    """What `ask` answers over a connection of the door `reading`.

    A replica that fails, or has to interrupt the question for what it replays, is replaced by the
    primary at once: `ask` may be called twice. Raises: as `reading`.
    """
    known = replica.known()
    if known is not None and known.serves(viewer):
        try:
            with reading(known.engine, viewer) as conn:
                return ask(conn)
        except DatabaseUnreachableError:
            known.lost()
        except BusyError:
            pass
    with reading(primary, viewer) as conn:
        return ask(conn)


def freshest(primary: Engine) -> Engine:
    """Where the version of what pages show has to be read: where they read it themselves."""
    known = replica.known()
    return known.engine if known is not None and known.state().used else primary
