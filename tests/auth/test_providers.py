"""In by way of another site."""

from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from starlette.testclient import TestClient

from domo_insights.local.auth_ways import Ways
from tests.auth.conftest import Supabase, activate, open_browser
from tests.auth.test_mail_sign_in import who
from tests.factories import ANA

ON = Ways(provider="github", as_user=ANA.email)
PUBLIC = "https://insights.example/dash"


def leave(client: TestClient, leads_to: str = "/demos") -> str:
    """Where the other site leads back to, without the site."""
    away = client.get(f"/sign-in/with/github?next={leads_to}")
    assert away.status_code == 303
    back = httpx.get(away.headers["location"]).headers["location"]
    return str(back).removeprefix(str(client.base_url))


def test_no_button_and_no_way_where_none_is_on(browser: TestClient) -> None:
    assert "/sign-in/with/" not in browser.get("/sign-in").text
    answer = browser.get("/sign-in/with/github")
    assert (answer.status_code, "switched off" in answer.text) == (401, True)


@pytest.mark.parametrize("supabase", [ON], indirect=True)
def test_there_and_back(browser: TestClient, supabase: Supabase) -> None:
    assert "Continue with GitHub" in browser.get("/sign-in").text
    away = browser.get("/sign-in/with/github?next=/demos").headers["location"]
    asked = {name: value[0] for name, value in parse_qs(urlsplit(away).query).items()}
    assert asked["code_challenge_method"] == "s256"
    assert asked["code_challenge"] not in browser.cookies["domo_asked"]
    assert asked["redirect_to"] == f"{browser.base_url}/sign-in/return"
    path = leave(browser)
    answer = browser.get(path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/demos")
    assert who(browser) == ANA.email
    assert browser.get(path).status_code == 401


@pytest.mark.parametrize("supabase", [ON], indirect=True)
def test_way_back_belongs_to_the_browser_that_left(browser: TestClient, supabase: Supabase) -> None:
    with open_browser() as attacker:
        planted = leave(attacker)
    answer = browser.get(planted)
    assert (answer.status_code, "did not begin in this browser" in answer.text) == (401, True)
    leave(browser)
    answer = browser.get(planted)
    assert (answer.status_code, "only in the browser that asked" in answer.text) == (401, True)
    assert who(browser) == ""


@pytest.mark.parametrize("supabase", [Ways(provider="github")], indirect=True)
def test_visitor_who_says_no(browser: TestClient, supabase: Supabase) -> None:
    answer = browser.get(leave(browser))
    assert (answer.status_code, "You did not allow" in answer.text) == (401, True)


@pytest.mark.parametrize(
    "supabase", [Ways(provider="github", as_user="x@y.example")], indirect=True
)
def test_new_visitor_where_accounts_are_not_made(browser: TestClient, supabase: Supabase) -> None:
    answer = browser.get(leave(browser))
    assert (answer.status_code, "Accounts are not made here" in answer.text) == (401, True)


@pytest.mark.parametrize("supabase", [ON], indirect=True)
def test_second_factor(browser: TestClient, supabase: Supabase) -> None:
    supabase.add_factor("verified")
    answer = browser.get(leave(browser))
    assert (answer.status_code, "second factor" in answer.text) == (401, True)


@pytest.mark.parametrize("supabase", [ON], indirect=True)
def test_leads_back_to_the_public_address(supabase: Supabase) -> None:
    activate(insights_public_url=PUBLIC)
    with open_browser("https://10.0.0.7:8501") as client:
        away = client.get("/sign-in/with/github").headers["location"]
    assert parse_qs(urlsplit(away).query)["redirect_to"] == [f"{PUBLIC}/sign-in/return"]


@pytest.mark.parametrize("supabase", [ON], indirect=True)
def test_host_that_anybody_may_name_is_not_led_back_to(supabase: Supabase) -> None:
    with open_browser("https://evil.example") as client:
        answer = client.get("/sign-in/with/github")
    assert (answer.status_code, "INSIGHTS_PUBLIC_URL" in answer.text) == (503, True)


@pytest.mark.parametrize("supabase", [ON], indirect=True)
def test_service_away(browser: TestClient, supabase: Supabase) -> None:
    path = leave(browser)
    activate(supabase_url="http://127.0.0.1:9")
    answer = browser.get(path)
    assert (answer.status_code, "does not answer" in answer.text) == (503, True)
    page = browser.get("/sign-in")
    assert page.status_code == 200
    assert "Get a code by e-mail" in page.text
