"""Signing in and out, as a browser does it."""

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from domo_insights.auth import limits
from domo_insights.database.tables import audit_logs
from domo_insights.database.tables_sessions import web_sessions
from tests.auth.conftest import PASSWORD, Supabase, activate, csrf_of, open_browser, sign_in
from tests.conftest import Database
from tests.factories import ANA, BEN


def test_sign_in_leads_back_to_the_page_that_was_asked(browser: TestClient) -> None:
    turned_away = browser.get("/conversations?period=7d")
    assert turned_away.status_code == 303
    assert turned_away.headers["location"] == "/sign-in?next=%2Fconversations%3Fperiod%3D7d"
    answer = sign_in(browser, leads_to="/conversations?period=7d")
    assert (answer.status_code, answer.headers["location"]) == (303, "/conversations?period=7d")
    assert browser.get("/conversations?period=7d").text == f"app /conversations {ANA.email}"


def test_cookie_on_loopback(browser: TestClient) -> None:
    cookie = _session_cookie(sign_in(browser))
    assert cookie.startswith("domo_sid=")
    assert "HttpOnly" in cookie
    assert "samesite=lax" in cookie.lower()
    assert "Path=/;" in cookie
    assert "Secure" not in cookie
    assert "Domain" not in cookie


def test_cookie_over_tls(supabase: Supabase) -> None:
    with open_browser("https://insights.example") as client:
        cookie = _session_cookie(sign_in(client))
        assert client.get("/").status_code == 200
    assert cookie.startswith("__Host-domo_sid=")
    for word in ("HttpOnly", "Secure", "Path=/"):
        assert word in cookie
    assert "Domain" not in cookie


def test_plain_cookie_is_worth_nothing_where_the_public_address_is_https(
    browser: TestClient,
) -> None:
    sign_in(browser)
    activate(insights_public_url="https://insights.example")
    assert browser.get("/").status_code == 303


def test_no_sign_in_over_an_open_line(supabase: Supabase) -> None:
    with open_browser("http://insights.example") as client:
        page = client.get("/sign-in")
        assert "encrypted connection" in page.text
        assert "<form" not in page.text
        assert client.post("/sign-in", data={"email": ANA.email}).status_code == 400


def test_wrong_password_and_unknown_user_sound_alike(browser: TestClient) -> None:
    wrong = sign_in(browser, password="no")
    unknown = sign_in(browser, email="nobody@northwind.example")
    for answer in (wrong, unknown):
        assert answer.status_code == 401
        assert "The e-mail address or the password is wrong." in answer.text
        assert 'role="alert"' in answer.text
        assert "domo_sid" not in answer.headers.get("set-cookie", "")
    assert f'value="{ANA.email}"' in wrong.text
    assert PASSWORD not in wrong.text


def test_banned_user_is_told(browser: TestClient, supabase: Supabase) -> None:
    supabase.change_user(banned_until="2999-01-01")
    answer = sign_in(browser)
    assert (answer.status_code, "suspended" in answer.text) == (401, True)


def test_unconfirmed_user_is_told(browser: TestClient, supabase: Supabase) -> None:
    supabase.change_user(email_confirmed_at=None)
    assert "not confirmed" in sign_in(browser).text


def test_verified_second_factor_is_asked_for_in_words(
    browser: TestClient, supabase: Supabase
) -> None:
    supabase.add_factor("unverified")
    assert sign_in(browser).status_code == 303
    supabase.add_factor("verified")
    with open_browser() as other:
        answer = sign_in(other)
    assert (answer.status_code, "second factor" in answer.text) == (401, True)
    assert supabase.open_sessions == 1


def test_service_away_is_told_and_no_attempt_counts(
    browser: TestClient, supabase: Supabase, database: Database
) -> None:
    activate(supabase_url="http://127.0.0.1:9")
    for _ in range(limits.PER_ACCOUNT + 1):
        answer = sign_in(browser)
        assert (answer.status_code, "does not answer" in answer.text) == (503, True)


def test_wrong_publishable_key_is_the_operators_fault(browser: TestClient) -> None:
    activate(supabase_publishable_key="sb_publishable_other")
    answer = sign_in(browser)
    assert (answer.status_code, "SUPABASE_PUBLISHABLE_KEY" in answer.text) == (503, True)


def test_form_without_the_token_is_refused(browser: TestClient) -> None:
    browser.get("/sign-in")
    for csrf in ("", "guess"):
        form = {"csrf": csrf, "email": ANA.email, "password": PASSWORD}
        assert browser.post("/sign-in", data=form).status_code == 403


def test_token_of_another_browser_is_refused(browser: TestClient) -> None:
    with open_browser() as attacker:
        csrf = csrf_of(attacker.get("/sign-in"))
    browser.get("/sign-in")
    form = {"csrf": csrf, "email": ANA.email, "password": PASSWORD}
    assert browser.post("/sign-in", data=form).status_code == 403
    browser.cookies.clear()
    assert browser.post("/sign-in", data=form).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:8502"},
        {"Origin": "https://127.0.0.1:8501"},
        {"Origin": "http://127.0.0.1:8501.evil.example"},
    ],
)
def test_cross_origin_form_is_refused(browser: TestClient, headers: dict[str, str]) -> None:
    assert sign_in(browser, **headers).status_code == 403


def test_referer_counts_where_there_is_no_origin(browser: TestClient) -> None:
    csrf = csrf_of(browser.get("/sign-in"))
    form = {"csrf": csrf, "email": ANA.email, "password": PASSWORD}
    foreign = browser.post("/sign-in", data=form, headers={"Referer": "http://evil.example/x"})
    own = browser.post("/sign-in", data=form, headers={"Referer": "http://127.0.0.1:8501/sign-in"})
    assert (foreign.status_code, own.status_code) == (403, 303)


def test_public_address_counts_behind_a_proxy(supabase: Supabase) -> None:
    activate(insights_public_url="https://insights.example")
    with open_browser("https://10.0.0.7:8501") as client:
        assert sign_in(client, Origin="https://insights.example").status_code == 303
    with open_browser("https://10.0.0.7:8501") as client:
        assert sign_in(client, Origin="https://evil.example").status_code == 403


@pytest.mark.parametrize(
    "leads_to", ["//evil.example", "/\\evil.example", "https://evil.example", "/%2fevil.example"]
)
def test_no_open_redirect(browser: TestClient, leads_to: str) -> None:
    assert 'name="next" value="/"' in browser.get("/sign-in", params={"next": leads_to}).text
    assert sign_in(browser, leads_to=leads_to).headers["location"] == "/"


def test_id_changes_at_each_sign_in(browser: TestClient, database: Database) -> None:
    planted = "A" * 43
    browser.cookies.set("domo_sid", planted, domain="127.0.0.1", path="/")
    sign_in(browser)
    first = browser.cookies.get("domo_sid")
    assert first != planted
    with open_browser() as stale:
        stale.cookies.set("domo_sid", first, domain="127.0.0.1", path="/")
        page = stale.get("/sign-out")
        assert page.status_code == 200
        stale.cookies.set("domo_form", "B" * 43, domain="127.0.0.1", path="/")
        # Signing in again with the old id in the cookie ends that session.
        stale.cookies.delete("domo_sid")
        form = csrf_of(stale.get("/sign-in"))
        stale.cookies.set("domo_sid", first, domain="127.0.0.1", path="/")
        data = {"csrf": form, "email": BEN.email, "password": PASSWORD}
        assert stale.post("/sign-in", data=data).status_code == 303
    assert browser.get("/").status_code == 303


def test_sign_out_ends_the_other_tabs_and_supabases_session(
    browser: TestClient, supabase: Supabase, database: Database
) -> None:
    sign_in(browser)
    with open_browser() as tab:
        tab.cookies.update(browser.cookies)
        assert tab.get("/").status_code == 200
        csrf = csrf_of(browser.get("/sign-out"))
        answer = browser.post("/sign-out", data={"csrf": csrf})
        assert answer.headers["location"] == "/sign-in?note=out"
        assert "Max-Age=0" in answer.headers["set-cookie"]
        assert tab.get("/").status_code == 303
    assert "You are signed out." in browser.get("/sign-in?note=out").text
    assert supabase.open_sessions == 0
    with database.admin.connect() as conn:
        assert bytes(conn.execute(select(web_sessions.c.tokens)).scalar_one()) == b""
        trail = select(audit_logs.c.action, audit_logs.c.user_id).order_by(audit_logs.c.created_at)
        assert [tuple(row) for row in conn.execute(trail)] == [
            ("sign_in", ANA.user_id),
            ("sign_out", ANA.user_id),
        ]


def test_sign_out_needs_the_sessions_token_and_our_origin(browser: TestClient) -> None:
    sign_in(browser)
    with open_browser() as other:
        sign_in(other, email=BEN.email)
        foreign = csrf_of(other.get("/sign-out"))
    csrf = csrf_of(browser.get("/sign-out"))
    evil = {"Origin": "http://evil.example"}
    for answer in (
        browser.post("/sign-out"),
        browser.post("/sign-out", data={"csrf": foreign}),
        browser.post("/sign-out", data={"csrf": csrf}, headers=evil),
    ):
        assert answer.status_code == 403
    assert browser.get("/").status_code == 200


def test_our_pages_run_no_script_and_are_not_framed(browser: TestClient) -> None:
    page = browser.get("/sign-in")
    assert "<script" not in page.text
    assert "style=" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert page.headers["x-frame-options"] == "DENY"
    assert page.headers["cache-control"] == "no-store"
    assert browser.get("/sign-in/style.css").headers["content-type"].startswith("text/css")


def test_words_of_the_address_are_escaped(browser: TestClient) -> None:
    page = sign_in(browser, email='"><script>alert(1)</script>@x.example', password="no")
    assert "<script>" not in page.text


def test_too_long_a_form_is_refused(browser: TestClient) -> None:
    assert sign_in(browser, password="x" * 20_000).status_code == 403


def test_signed_in_visitor_skips_the_form(browser: TestClient) -> None:
    sign_in(browser)
    assert browser.get("/sign-in?next=/demos").headers["location"] == "/demos"


def _session_cookie(answer: object) -> str:
    cookies = answer.headers.get_list("set-cookie")  # type: ignore[attr-defined]
    return next(c for c in cookies if "domo_sid=" in c)
