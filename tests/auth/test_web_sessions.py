"""The life of a browser session, and its refresh under the row's lock."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import orjson
import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import delete

from domo_insights import auth, settings
from domo_insights.auth import held_tokens, service, web_sessions
from domo_insights.errors import NotSignedInError
from domo_insights.local.auth_tables import refresh_tokens
from tests.auth.conftest import PASSWORD, Supabase, activate
from tests.auth.session_rows import age_token, at_once, change_row, row_of, stop_answering
from tests.conftest import Database
from tests.factories import ANA, BEN


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


def test_two_session_keys(session_id: str, database: Database) -> None:
    old = settings.current().secret("insights_session_keys")
    new = Fernet.generate_key().decode()
    activate(insights_session_keys=SecretStr(f"{new},{old}"))
    assert auth.viewer_of(session_id) == ANA
    activate(insights_session_keys=SecretStr(new))
    assert auth.viewer_of(session_id) is None


@pytest.mark.parametrize(
    "column", ["last_seen_at", "expires_at", "signed_out_at"], ids=["idle", "absolute", "out"]
)
def test_sessions_that_are_over(session_id: str, database: Database, column: str) -> None:
    long_ago = datetime.now(UTC) - held_tokens.IDLE - timedelta(minutes=1)
    change_row(database, **{column: long_ago})
    assert auth.viewer_of(session_id) is None
    assert auth.csrf_token(session_id) is None


def test_use_keeps_a_session_alive(session_id: str, database: Database) -> None:
    nearly = datetime.now(UTC) - held_tokens.IDLE + timedelta(minutes=5)
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
    stop_answering(supabase)
    web_sessions.end(session_id)
    assert auth.viewer_of(session_id) is None


def test_deleted_user_takes_the_sessions_along(session_id: str, supabase: Supabase) -> None:
    from domo_insights.local.auth_tables import users

    with supabase.admin.begin() as conn:
        conn.execute(delete(users).where(users.c.id == ANA.user_id))
    assert auth.viewer_of(session_id) is None


def test_tokens_do_not_show_in_text(supabase: Supabase) -> None:
    tokens = service.sign_in(ANA.email, PASSWORD)
    assert tokens.access_token not in repr(tokens)
    assert tokens.refresh_token not in repr(tokens)
    assert UUID(str(tokens.verified.viewer.user_id)) == ANA.user_id
    assert [row.revoked for row in supabase.rows(refresh_tokens)] == [False]
