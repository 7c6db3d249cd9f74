"""The life of a browser session, and its refresh under the row's lock."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any
from uuid import UUID

import orjson
import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import Row, delete, select, update

from domo_insights import auth, settings
from domo_insights.auth import service, web_sessions
from domo_insights.database.tables import web_sessions as table
from domo_insights.errors import AuthServiceError, NotSignedInError
from domo_insights.local import auth_tokens
from domo_insights.local.auth_store import refresh_tokens, sessions
from domo_insights.viewer import Viewer
from tests.auth.conftest import PASSWORD, Supabase, activate
from tests.conftest import Database
from tests.factories import ANA, BEN

THREADS = 20


@pytest.fixture
def session_id(supabase: Supabase) -> str:
    return web_sessions.start(service.sign_in(ANA.email, PASSWORD))


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


def test_session_gives_its_viewer(session_id: str) -> None:
    assert auth.viewer_of(session_id) == ANA
    assert auth.viewer_from_cookies({"domo_sid": session_id, "other": "x"}) == ANA
    assert auth.viewer_from_cookies({"__Host-domo_sid": session_id}) == ANA


@pytest.mark.parametrize("cookies", [{}, {"domo_sid": ""}, {"domo_sid": "A" * 43}])
def test_nobody_is_refused(supabase: Supabase, cookies: dict[str, str]) -> None:
    with pytest.raises(NotSignedInError):
        auth.viewer_from_cookies(cookies)


def test_what_is_stored_is_worth_nothing_by_itself(session_id: str, database: Database) -> None:
    row = row_of(database)
    everything = orjson.dumps({k: str(v) for k, v in row._mapping.items()}, option=4)
    assert session_id.encode() not in everything
    assert len(row.id_hash) == 32
    assert b"eyJ" not in bytes(row.tokens)
    assert auth.viewer_of(bytes(row.id_hash).hex()) is None


def test_each_session_has_its_own_id_and_csrf_token(session_id: str) -> None:
    other = web_sessions.start(service.sign_in(ANA.email, PASSWORD))
    assert other != session_id
    assert len(session_id) == 43
    assert auth.csrf_token(other) != auth.csrf_token(session_id)


@pytest.mark.parametrize("ends_in", [3000, 30, -60], ids=["old", "about to end", "ended"])
def test_many_at_once_refresh_once_and_stay_signed_in(
    session_id: str,
    supabase: Supabase,
    database: Database,
    ends_in: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def counted(refresh_token: str) -> service.Tokens:
        asked.append(refresh_token)
        return real(refresh_token)

    # The service forgives a second use within seconds: its tables alone would not tell.
    real = service.refresh
    monkeypatch.setattr(service, "refresh", counted)
    age_token(database, supabase, ends_in=ends_in)
    answers = at_once(lambda: auth.viewer_of(session_id))
    assert answers == [ANA] * THREADS
    assert auth.viewer_of(session_id) == ANA
    assert len(asked) == 1
    assert supabase.refreshes == 1


def test_young_token_is_not_refreshed(session_id: str, supabase: Supabase) -> None:
    auth.viewer_of(session_id)
    assert supabase.refreshes == 0


def test_refreshing_again_and_again(
    session_id: str, supabase: Supabase, database: Database
) -> None:
    for n in range(1, 5):
        age_token(database, supabase)
        assert auth.viewer_of(session_id) == ANA
        assert supabase.refreshes == n


def test_answer_of_a_refresh_that_was_lost(
    session_id: str, supabase: Supabase, database: Database
) -> None:
    before = row_of(database).tokens
    age_token(database, supabase, ends_in=-60)
    assert auth.viewer_of(session_id) == ANA
    change_row(database, tokens=before)
    age_token(database, supabase, ends_in=-60)
    assert auth.viewer_of(session_id) == ANA


def test_ban_ends_the_session_at_the_next_refresh(
    session_id: str, supabase: Supabase, database: Database
) -> None:
    supabase.change_user(banned_until=datetime.now(UTC) + timedelta(days=1))
    age_token(database, supabase)
    assert auth.viewer_of(session_id) is None
    assert row_of(database).signed_out_at is not None
    supabase.change_user(banned_until=None)
    assert auth.viewer_of(session_id) is None


def test_revoked_at_supabase(session_id: str, supabase: Supabase, database: Database) -> None:
    with supabase.admin.begin() as conn:
        conn.execute(delete(sessions))
    age_token(database, supabase)
    assert auth.viewer_of(session_id) is None


def test_changed_role_is_seen_at_the_next_refresh(
    session_id: str, supabase: Supabase, database: Database
) -> None:
    supabase.change_user(raw_app_meta_data={"role": "product_team"})
    age_token(database, supabase)
    assert auth.viewer_of(session_id) == Viewer(ANA.user_id, ANA.email, product_team=True)
    assert row_of(database).product_team is True


def test_second_factor_made_meanwhile_ends_the_session(
    session_id: str, supabase: Supabase, database: Database
) -> None:
    supabase.add_factor()
    age_token(database, supabase)
    assert auth.viewer_of(session_id) is None


def test_service_away_while_the_token_lives(
    session_id: str, supabase: Supabase, database: Database
) -> None:
    auth.viewer_of(session_id)
    for ends_in in (3000, 30):
        age_token(database, supabase, ends_in=ends_in)
        _stop_answering(supabase)
        assert auth.viewer_of(session_id) == ANA
        assert row_of(database).signed_out_at is None
        activate(supabase_publishable_key=supabase.keys.publishable_key)


def test_service_away_when_the_token_has_ended(
    session_id: str, supabase: Supabase, database: Database
) -> None:
    age_token(database, supabase, ends_in=-60)
    _stop_answering(supabase)
    with pytest.raises(AuthServiceError):
        auth.viewer_of(session_id)
    assert row_of(database).signed_out_at is None


def test_two_session_keys(session_id: str, database: Database) -> None:
    old = settings.current().secret("insights_session_keys")
    new = Fernet.generate_key().decode()
    activate(insights_session_keys=SecretStr(f"{new},{old}"))
    assert auth.viewer_of(session_id) == ANA
    activate(insights_session_keys=SecretStr(new))
    assert auth.viewer_of(session_id) is None


def test_refresh_encrypts_with_the_first_key(
    session_id: str, supabase: Supabase, database: Database
) -> None:
    old = settings.current().secret("insights_session_keys")
    age_token(database, supabase)
    new = Fernet.generate_key().decode()
    activate(insights_session_keys=SecretStr(f"{new},{old}"))
    assert auth.viewer_of(session_id) == ANA
    activate(insights_session_keys=SecretStr(new))
    assert auth.viewer_of(session_id) == ANA


@pytest.mark.parametrize(
    "column", ["last_seen_at", "expires_at", "signed_out_at"], ids=["idle", "absolute", "out"]
)
def test_sessions_that_are_over(session_id: str, database: Database, column: str) -> None:
    long_ago = datetime.now(UTC) - web_sessions.IDLE - timedelta(minutes=1)
    change_row(database, **{column: long_ago})
    assert auth.viewer_of(session_id) is None
    assert auth.csrf_token(session_id) is None


def test_use_keeps_a_session_alive(session_id: str, database: Database) -> None:
    nearly = datetime.now(UTC) - web_sessions.IDLE + timedelta(minutes=5)
    change_row(database, last_seen_at=nearly)
    assert auth.viewer_of(session_id) == ANA
    assert row_of(database).last_seen_at > nearly


def test_row_of_another_user_is_refused(session_id: str, database: Database) -> None:
    change_row(database, user_id=BEN.user_id)
    assert auth.viewer_of(session_id) is None


def test_damaged_tokens_end_the_session(session_id: str, database: Database) -> None:
    change_row(database, tokens=b"damaged")
    assert auth.viewer_of(session_id) is None


def test_signing_out_many_times(session_id: str, supabase: Supabase) -> None:
    at_once(lambda: web_sessions.end(session_id))
    assert auth.viewer_of(session_id) is None
    assert supabase.open_sessions == 0


def test_signing_out_with_an_ended_token(
    session_id: str, supabase: Supabase, database: Database
) -> None:
    age_token(database, supabase, ends_in=-60)
    web_sessions.end(session_id)
    assert supabase.open_sessions == 0


def test_signing_out_while_the_service_is_away(session_id: str, supabase: Supabase) -> None:
    _stop_answering(supabase)
    web_sessions.end(session_id)
    assert auth.viewer_of(session_id) is None


def test_deleted_user_takes_the_sessions_along(session_id: str, supabase: Supabase) -> None:
    from domo_insights.local.auth_store import users

    with supabase.admin.begin() as conn:
        conn.execute(delete(users).where(users.c.id == ANA.user_id))
    assert auth.viewer_of(session_id) is None


def test_tokens_do_not_show_in_text(supabase: Supabase) -> None:
    tokens = service.sign_in(ANA.email, PASSWORD)
    assert tokens.access_token not in repr(tokens)
    assert tokens.refresh_token not in repr(tokens)
    assert UUID(str(tokens.verified.viewer.user_id)) == ANA.user_id
    assert [row.revoked for row in supabase.rows(refresh_tokens)] == [False]


def _stop_answering(supabase: Supabase) -> None:
    # The address stays (its keys are known by now), the door does not open.
    activate(supabase_publishable_key="sb_publishable_gone")
