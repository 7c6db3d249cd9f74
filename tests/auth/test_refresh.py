"""New tokens for old: once, under the lock of the session's row."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import delete

from domo_insights import auth, settings
from domo_insights.auth import service
from domo_insights.errors import AuthServiceError
from domo_insights.local.auth_tables import sessions
from domo_insights.viewer import Viewer
from tests.auth.conftest import Supabase, activate
from tests.auth.session_rows import THREADS, age_token, at_once, change_row, row_of, stop_answering
from tests.conftest import Database
from tests.factories import ANA


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
        stop_answering(supabase)
        assert auth.viewer_of(session_id) == ANA
        assert row_of(database).signed_out_at is None
        activate(supabase_publishable_key=supabase.keys.publishable_key)


def test_service_away_when_the_token_has_ended(
    session_id: str, supabase: Supabase, database: Database
) -> None:
    age_token(database, supabase, ends_in=-60)
    stop_answering(supabase)
    with pytest.raises(AuthServiceError):
        auth.viewer_of(session_id)
    assert row_of(database).signed_out_at is None


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


def test_session_of_another_process_that_is_signed_out_meanwhile(
    session_id: str, supabase: Supabase, database: Database
) -> None:
    age_token(database, supabase, ends_in=-60)
    change_row(database, signed_out_at=datetime.now(UTC))
    assert at_once(lambda: auth.viewer_of(session_id)) == [None] * THREADS
    assert supabase.refreshes == 0


@pytest.mark.parametrize(("skew", "lives"), [(8, True), (-8, True), (120, False)])
def test_clocks_that_differ(
    session_id: str, supabase: Supabase, database: Database, skew: int, lives: bool
) -> None:
    """A token of the near future is taken; one of the far future is no reason to sign out."""
    age_token(database, supabase, ends_in=3600 + skew, issued=skew)
    assert auth.viewer_of(session_id) == (ANA if lives else None)
    assert row_of(database).signed_out_at is None


def test_idle_and_absolute_ends_are_not_moved_by_a_refresh(
    session_id: str, supabase: Supabase, database: Database
) -> None:
    ends = row_of(database).expires_at
    age_token(database, supabase)
    assert auth.viewer_of(session_id) == ANA
    assert row_of(database).expires_at == ends
    change_row(database, expires_at=datetime.now(UTC) - timedelta(seconds=1))
    age_token(database, supabase, ends_in=-60)
    assert auth.viewer_of(session_id) is None
    assert supabase.refreshes == 1
