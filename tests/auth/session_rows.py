"""What tests do to the stored row of a browser session, and many threads to the session."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import orjson
from sqlalchemy import Row, select, update

from domo_insights import settings
from domo_insights.database.tables_sessions import web_sessions as table
from domo_insights.local import auth_tokens
from tests.auth.conftest import Supabase, activate
from tests.conftest import Database

THREADS = 20


def row_of(database: Database) -> Row[Any]:
    with database.admin.connect() as conn:
        return conn.execute(select(table)).one()


def change_row(database: Database, **values: Any) -> None:
    with database.admin.begin() as conn:
        conn.execute(update(table).values(values))


def age_token(
    database: Database, supabase: Supabase, *, ends_in: int = 3000, issued: int = -900
) -> None:
    """Make the stored access token one that was issued and ends so many seconds from now."""
    cipher = settings.current().session_cipher
    held = orjson.loads(cipher.decrypt(bytes(row_of(database).tokens)))
    claims = auth_tokens.claims_of(supabase.keys, held["access_token"])
    now = int(time.time())
    held["access_token"] = supabase.sign(claims | {"iat": now + issued, "exp": now + ends_in})
    change_row(database, tokens=cipher.encrypt(orjson.dumps(held)))


def at_once(ask: Callable[[], Any]) -> list[Any]:
    barrier = Barrier(THREADS)

    def one(_: int) -> Any:
        barrier.wait(30)
        return ask()

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(one, range(THREADS)))


def stop_answering(supabase: Supabase) -> None:
    # The address stays (its keys are known by now), the door does not open.
    activate(supabase_publishable_key="sb_publishable_gone")
