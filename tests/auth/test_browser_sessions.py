"""The list of a user's browsers, and the end of all of them."""

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from domo_insights import auth
from domo_insights.auth import service, web_sessions
from domo_insights.auth.browsers import browser_name
from domo_insights.database.tables import audit_logs
from tests.auth.conftest import PASSWORD, Supabase, open_browser, sign_in
from tests.auth.session_rows import age_token, stop_answering
from tests.conftest import Database
from tests.factories import ANA, BEN

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
AGENTS = {
    FIREFOX: "Firefox on Linux",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36 Edg/140.0": "Edge on Windows",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1": "Safari on iPhone",
    "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Mobile Safari/537.36": "Chrome on Android",
    "": "A browser",
    "![x](http://evil.example/y)": "A browser",
}


@pytest.mark.parametrize("agent", AGENTS)
def test_browsers_have_names_of_ours(agent: str) -> None:
    assert browser_name(agent) == AGENTS[agent]


def begin(email: str = ANA.email, agent: str = FIREFOX) -> str:
    return web_sessions.start(service.sign_in(email, PASSWORD), user_agent=agent)


def test_list_shows_ones_own_that_go_on(supabase: Supabase, database: Database) -> None:
    first, second, over = begin(), begin(agent=""), begin()
    begin(BEN.email)
    web_sessions.end(over)
    listed = auth.browser_sessions(ANA, first)
    assert {(s.name, s.this) for s in listed} == {("Firefox on Linux", True), ("A browser", False)}
    assert all(s.started_at <= s.last_seen_at < s.ends_at for s in listed)
    assert [s.this for s in auth.browser_sessions(ANA)] == [False, False]
    assert second


def test_signing_out_everywhere(supabase: Supabase, database: Database) -> None:
    mine, other = [begin(), begin()], begin(BEN.email)
    assert auth.sign_out_everywhere(ANA) == 2
    assert [auth.viewer_of(s) for s in mine] == [None, None]
    assert auth.viewer_of(other) == BEN
    assert supabase.open_sessions == 1
    assert auth.browser_sessions(ANA) == []
    assert auth.sign_out_everywhere(ANA) == 0
    with database.admin.connect() as conn:
        actions = conn.scalars(
            select(audit_logs.c.action).where(audit_logs.c.user_id == ANA.user_id)
        )
        assert list(actions).count("sign_out_everywhere") == 1


def test_one_may_stay(supabase: Supabase) -> None:
    stays, goes = begin(), begin()
    assert auth.sign_out_everywhere(ANA, but=stays) == 1
    assert (auth.viewer_of(stays), auth.viewer_of(goes)) == (ANA, None)
    assert supabase.open_sessions == 1


def test_it_needs_no_sign_in_service_and_no_living_token(
    supabase: Supabase, database: Database
) -> None:
    mine = begin()
    age_token(database, supabase, ends_in=-60)
    stop_answering(supabase)
    assert auth.sign_out_everywhere(ANA) == 1
    assert auth.viewer_of(mine) is None


def test_open_tabs_are_asked_to_sign_in_again(browser: TestClient) -> None:
    sign_in(browser)
    with open_browser() as other:
        sign_in(other)
        auth.sign_out_everywhere(ANA)
        assert (browser.get("/").status_code, other.get("/").status_code) == (303, 303)
