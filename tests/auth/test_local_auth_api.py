"""The stand-in answers as Supabase Auth does, where supabase-py looks."""

import socket
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import jwt
import pytest
from sqlalchemy import update
from supabase_auth.errors import AuthApiError

from domo_insights.errors import EmbeddedError
from domo_insights.local import auth_api
from domo_insights.local.auth_store import REUSE_INTERVAL
from domo_insights.local.auth_tables import refresh_tokens
from supabase import ClientOptions, create_client
from tests.auth.conftest import PASSWORD, Issuer, Supabase
from tests.conftest import Database
from tests.factories import ANA


@pytest.fixture
def api(supabase: Supabase) -> Any:
    key = {"apikey": supabase.keys.publishable_key}
    with httpx.Client(base_url=f"{supabase.url}/auth/v1", headers=key) as client:
        yield client


def sign_in(api: httpx.Client, email: str = ANA.email, password: str = PASSWORD) -> Any:
    form = {"email": email, "password": password}
    return api.post("/token", params={"grant_type": "password"}, json=form)


def refresh(api: httpx.Client, token: str) -> Any:
    form = {"refresh_token": token}
    return api.post("/token", params={"grant_type": "refresh_token"}, json=form)


def test_supabase_py_signs_in_reads_refreshes_and_signs_out(supabase: Supabase) -> None:
    with httpx.Client() as http:
        options = ClientOptions(auto_refresh_token=False, httpx_client=http)
        client = create_client(supabase.url, supabase.keys.publishable_key, options)
        session = client.auth.sign_in_with_password({"email": ANA.email, "password": PASSWORD})
        assert session.user is not None
        assert session.session is not None
        found = client.auth.get_user()
        assert found is not None
        assert (found.user.id, found.user.email) == (str(ANA.user_id), ANA.email)
        claims = client.auth.get_claims()
        assert claims is not None
        assert claims["claims"]["aud"] == "authenticated"
        newer = client.auth.refresh_session()
        assert newer.session is not None
        assert newer.session.refresh_token != session.session.refresh_token
        client.auth.sign_out()
        with pytest.raises(AuthApiError) as gone:
            client.auth.refresh_session(newer.session.refresh_token)
        assert gone.value.code == "refresh_token_not_found"


def test_claims_of_an_access_token(api: httpx.Client, supabase: Supabase) -> None:
    answer = sign_in(api).json()
    key = jwt.PyJWK.from_dict(api.get("/.well-known/jwks.json").json()["keys"][0])
    claims = jwt.decode(
        answer["access_token"],
        key,
        ["ES256"],
        audience="authenticated",
        issuer=supabase.keys.issuer,
    )
    assert claims["sub"] == str(ANA.user_id)
    assert claims["role"] == "authenticated"
    assert claims["exp"] - claims["iat"] == answer["expires_in"] == 3600
    assert claims["aal"] == "aal1"
    assert claims["amr"][0]["method"] == "password"
    assert {"session_id", "app_metadata", "user_metadata", "email"} <= claims.keys()


def test_key_set_is_public_and_holds_no_private_part(issuer: Issuer) -> None:
    answer = httpx.get(f"{issuer.url}/auth/v1/.well-known/jwks.json").json()
    assert [key["kid"] for key in answer["keys"]] == [issuer.keys.kid]
    assert "d" not in answer["keys"][0]


@pytest.mark.parametrize("key", [None, "", "sb_publishable_wrong", "ключ"])
def test_without_the_publishable_key_nothing_is_answered(issuer: Issuer, key: str | None) -> None:
    headers = {} if key is None else {"apikey": key.encode()}
    for path in ("/token?grant_type=password", "/logout"):
        url = f"{issuer.url}/auth/v1{path}"
        assert httpx.post(url, headers=headers, json={}).status_code == 401  # type: ignore[arg-type]


def test_wrong_password_and_unknown_user_get_the_same_answer(api: httpx.Client) -> None:
    wrong, unknown = sign_in(api, password="no"), sign_in(api, email="nobody@northwind.example")
    assert wrong.status_code == unknown.status_code == 400
    expected = {
        "code": 400,
        "error_code": "invalid_credentials",
        "msg": "Invalid login credentials",
    }
    assert wrong.json() == unknown.json() == expected
    newer = {"X-Supabase-Api-Version": "2024-01-01"}
    api.headers.update(newer)
    answer = sign_in(api, password="no")
    assert answer.json() == {"code": "invalid_credentials", "message": "Invalid login credentials"}
    assert answer.headers["x-supabase-api-version"] == "2024-01-01"


def test_user_without_a_password_cannot_sign_in(api: httpx.Client, supabase: Supabase) -> None:
    for nothing in (None, "", "not a hash"):
        supabase.change_user(encrypted_password=nothing)
        for password in ("x", PASSWORD):
            assert sign_in(api, password=password).json()["error_code"] == "invalid_credentials"


BROKEN = {
    b"{": "bad_json",
    b"[]": "bad_json",
    b"": "validation_failed",
    b'{"email": "a@b.example"}': "validation_failed",
    b'{"email": 1, "password": "x"}': "validation_failed",
    b'{"email": "a\\u0000@b.example", "password": "x"}': "validation_failed",
}


def test_broken_bodies(api: httpx.Client) -> None:
    for body, code in BROKEN.items():
        answer = api.post("/token", params={"grant_type": "password"}, content=body)
        assert (answer.status_code, answer.json()["error_code"]) == (400, code), body


def test_other_grants_are_not_known(api: httpx.Client) -> None:
    assert api.post("/token", params={"grant_type": "pkce"}, json={}).status_code == 400


def test_refresh_rotates(api: httpx.Client, supabase: Supabase) -> None:
    first = sign_in(api).json()["refresh_token"]
    second = refresh(api, first).json()["refresh_token"]
    assert second != first
    stored = {row.token: (row.revoked, row.parent) for row in supabase.rows(refresh_tokens)}
    assert stored == {first: (True, None), second: (False, first)}


def test_reuse_within_the_interval_is_answered(api: httpx.Client) -> None:
    first = sign_in(api).json()["refresh_token"]
    refresh(api, refresh(api, first).json()["refresh_token"])
    assert refresh(api, first).status_code == 200


def test_parent_of_the_newest_is_answered_with_the_newest(
    api: httpx.Client, supabase: Supabase
) -> None:
    first = sign_in(api).json()["refresh_token"]
    second = refresh(api, first).json()["refresh_token"]
    _age(supabase)
    assert refresh(api, first).json()["refresh_token"] == second


def test_later_reuse_revokes_the_family(api: httpx.Client, supabase: Supabase) -> None:
    first = sign_in(api).json()["refresh_token"]
    third = refresh(api, refresh(api, first).json()["refresh_token"]).json()["refresh_token"]
    other = sign_in(api).json()["refresh_token"]
    _age(supabase)
    refused = refresh(api, first)
    assert refused.json()["error_code"] == "refresh_token_already_used"
    _age(supabase)
    assert refresh(api, third).json()["error_code"] == "refresh_token_already_used"
    assert refresh(api, other).status_code == 200


def test_many_refreshes_at_once_leave_one_line(api: httpx.Client, supabase: Supabase) -> None:
    first = sign_in(api).json()["refresh_token"]
    answers: list[Any] = []
    threads = [
        threading.Thread(target=lambda: answers.append(refresh(api, first))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1


def test_banned_user_gets_no_new_token(api: httpx.Client, supabase: Supabase) -> None:
    token = sign_in(api).json()["refresh_token"]
    supabase.change_user(banned_until=datetime.now(UTC) + timedelta(hours=1))
    assert refresh(api, token).json()["error_code"] == "user_banned"
    assert sign_in(api).json()["error_code"] == "user_banned"
    supabase.change_user(banned_until=datetime.now(UTC) - timedelta(hours=1))
    assert sign_in(api).status_code == 200


def test_scopes_of_sign_out(api: httpx.Client, supabase: Supabase) -> None:
    def token() -> str:
        return str(sign_in(api).json()["access_token"])

    def sign_out(token: str, scope: str) -> int:
        bearer = {"Authorization": f"Bearer {token}"}
        return api.post("/logout", params={"scope": scope}, headers=bearer).status_code

    first, second, third = token(), token(), token()
    assert sign_out(first, "local") == 204
    assert supabase.open_sessions == 2
    assert sign_out(first, "local") == 403
    assert sign_out(second, "others") == 204
    assert supabase.open_sessions == 1
    assert sign_out(third, "global") == 403
    assert sign_out(second, "everything") == 400
    assert sign_out(second, "global") == 204
    assert supabase.open_sessions == 0


@pytest.mark.parametrize("value", [None, "Bearer", "Bearer x.y.z", "Basic abc"])
def test_user_needs_a_token(api: httpx.Client, value: str | None) -> None:
    answer = api.get("/user", headers={} if value is None else {"Authorization": value})
    assert answer.status_code in {401, 403}
    assert answer.json()["error_code"] in {"no_authorization", "bad_jwt"}


def test_health_and_settings(api: httpx.Client) -> None:
    assert api.get("/health").json()["name"] == "GoTrue"
    assert api.get("/settings").json()["external"]["email"] is True


def test_nothing_stays_behind(database: Database, supabase: Supabase) -> None:
    before = threading.active_count()
    with auth_api.running(database.superuser_url, supabase.keys) as url:
        port = int(url.rsplit(":", 1)[1])
        assert url == f"http://127.0.0.1:{port}"
        with (
            pytest.raises(EmbeddedError),
            auth_api.running(database.superuser_url, supabase.keys, port),
        ):
            pass
    assert threading.active_count() <= before
    with socket.socket() as free, pytest.raises(ConnectionRefusedError):
        free.connect(("127.0.0.1", port))


def _age(supabase: Supabase) -> None:
    long_ago = datetime.now(UTC) - REUSE_INTERVAL - timedelta(seconds=5)
    with supabase.admin.begin() as conn:
        conn.execute(update(refresh_tokens).values(updated_at=long_ago))
