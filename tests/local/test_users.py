from pathlib import Path

import bcrypt
import pytest
from sqlalchemy import Connection, delete, select

from domo_insights.errors import ConflictingDataError, WrongUseError
from domo_insights.local.auth_tables import users
from domo_insights.local.users import add_user, ensure_sample_users, sample_logins


def test_a_user_is_stored_as_supabase_would(rows: Connection) -> None:
    user_id = add_user(rows, " Cleo@Shop.example ", "correct horse")
    found = rows.execute(select(users).where(users.c.id == user_id)).one()
    assert found.email == "cleo@shop.example"
    assert (found.aud, found.role) == ("authenticated", "authenticated")
    assert found.email_confirmed_at is not None
    assert bcrypt.checkpw(b"correct horse", found.encrypted_password.encode())
    assert "role" not in found.raw_app_meta_data


def test_the_product_team_is_told_by_what_users_cannot_write(rows: Connection) -> None:
    user_id = add_user(rows, "dan@domo.example", "pw", product_team=True)
    found = rows.execute(select(users).where(users.c.id == user_id)).one()
    assert found.raw_app_meta_data["role"] == "product_team"
    assert found.raw_user_meta_data == {}


def test_an_email_is_taken_in_any_case(rows: Connection) -> None:
    add_user(rows, "cleo@shop.example", "pw")
    with pytest.raises(ConflictingDataError, match="taken"):
        add_user(rows, "CLEO@shop.example", "other")


@pytest.mark.parametrize(
    "email", ["", "cleo", "cleo@", "@shop.example", "a b@shop.example", "a@b", "a@b@c.example"]
)
def test_what_is_no_email(rows: Connection, email: str) -> None:
    with pytest.raises(WrongUseError, match="not an e-mail"):
        add_user(rows, email, "pw")


@pytest.mark.parametrize("password", ["", "x" * 73, "ü" * 37, "a\0b"])
def test_what_is_no_password(rows: Connection, password: str) -> None:
    with pytest.raises(WrongUseError, match="password"):
        add_user(rows, "cleo@shop.example", password)


def test_sample_users_have_passwords_of_their_folder(rows: Connection, tmp_path: Path) -> None:
    rows.execute(delete(users))
    owners = ensure_sample_users(rows, tmp_path)
    logins = sample_logins(tmp_path)
    assert ensure_sample_users(rows, tmp_path) == owners
    assert sample_logins(tmp_path) == logins
    assert [login.product_team for login in logins] == [False, False, True]
    assert len({login.password for login in logins}) == 3
    stored = dict(rows.execute(select(users.c.email, users.c.encrypted_password)).all())
    for login in logins:
        assert bcrypt.checkpw(login.password.encode(), stored[login.email].encode())
