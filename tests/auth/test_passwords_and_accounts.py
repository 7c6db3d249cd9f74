"""New passwords and new accounts."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from starlette.testclient import TestClient

from domo_insights.local.auth_ways import Ways
from tests.auth.conftest import PASSWORD, Supabase, open_browser, sign_in
from tests.auth.mails import post, send
from tests.auth.test_mail_sign_in import who
from tests.factories import ANA, BEN

FRESH = "a fresh and longer one"
NEW = "cleo@shop.example"


def choose(client: TestClient, password: str = FRESH, again: str | None = None) -> httpx.Response:
    twice = {"password": password, "again": password if again is None else again}
    return post(client, "/sign-in/password", **twice)


def forget(client: TestClient, email: str = ANA.email) -> httpx.Response:
    return post(client, "/sign-in/reset?next=/demos", email=email)


@pytest.mark.parametrize("by", ["code", "link"])
def test_new_password_by_mail(browser: TestClient, supabase: Supabase, by: str) -> None:
    forget(browser)
    mail = supabase.mails()[-1]
    if by == "code":
        answer = post(browser, "/sign-in/code", email=ANA.email, code=mail.code)
    else:
        answer = send(browser, "/sign-in/link", browser.get(mail.path))
    assert answer.headers["location"] == "/sign-in/password"
    page = browser.get("/sign-in/password")
    assert f"For {ANA.email}." in page.text
    saved = choose(browser)
    assert (saved.status_code, saved.headers["location"]) == (303, "/demos")
    assert who(browser) == ANA.email
    with open_browser() as other:
        assert sign_in(other).status_code == 401
        assert sign_in(other, password=FRESH).status_code == 303


@pytest.mark.parametrize("supabase", [Ways(own_links=False)], indirect=True)
def test_new_password_by_way_of_supabase(browser: TestClient, supabase: Supabase) -> None:
    forget(browser)
    back = httpx.get(supabase.mails()[-1].link).headers["location"]
    path = back.removeprefix(str(browser.base_url))
    answer = send(browser, "/sign-in/link", browser.get(path))
    assert answer.headers["location"] == "/sign-in/password"
    assert choose(browser).status_code == 303


def test_code_typed_on_another_device(browser: TestClient, supabase: Supabase) -> None:
    forget(browser)
    typed = {"email": ANA.email, "code": supabase.mails()[-1].code, "reset": "yes"}
    with open_browser() as phone:
        assert "Then choose a new password" in phone.get("/sign-in/code").text
        answer = post(phone, "/sign-in/code", **typed)
        assert answer.headers["location"] == "/sign-in/password"
        assert choose(phone).status_code == 303


def test_new_password_signs_out_everywhere_else(browser: TestClient, supabase: Supabase) -> None:
    with open_browser() as thief, open_browser() as ben:
        sign_in(thief)
        sign_in(ben, email=BEN.email)
        forget(browser)
        post(browser, "/sign-in/code", email=ANA.email, code=supabase.mails()[-1].code)
        assert who(thief) == ANA.email
        choose(browser)
        assert (who(thief), who(browser), who(ben)) == ("", ANA.email, BEN.email)
    assert supabase.open_sessions == 2


@pytest.mark.parametrize(
    ("password", "again", "words"),
    [
        ("", "", "twice"),
        (FRESH, "another", "twice"),
        ("short", "short", "too weak"),
        (PASSWORD, PASSWORD, "the old one"),
    ],
)
def test_passwords_that_are_refused(
    browser: TestClient, supabase: Supabase, password: str, again: str, words: str
) -> None:
    forget(browser)
    post(browser, "/sign-in/code", email=ANA.email, code=supabase.mails()[-1].code)
    answer = choose(browser, password, again)
    assert (answer.status_code, words in answer.text) == (401, True)
    assert FRESH not in answer.text
    assert choose(browser).status_code == 303


def test_password_of_an_open_session_is_not_changed_without_a_mail(
    browser: TestClient, supabase: Supabase
) -> None:
    sign_in(browser)
    page = browser.get("/sign-in/password")
    assert "ask for a mail first" in page.text
    assert "<form" not in page.text
    with open_browser() as other:
        forget(other, BEN.email)
        post(other, "/sign-in/code", email=BEN.email, code=supabase.mails()[-1].code)
        ticket = other.cookies["domo_asked"]
        csrf, form = other.get("/sign-in/password"), other.cookies["domo_form"]
    browser.cookies.set("domo_asked", ticket, domain="127.0.0.1", path="/")
    browser.cookies.set("domo_form", form, domain="127.0.0.1", path="/")
    answer = send(browser, "/sign-in/password", csrf, password=FRESH, again=FRESH)
    assert (answer.status_code, "ask for a mail first" in answer.text) == (401, True)


def test_who_is_signed_in_may_ask_for_a_new_password(
    browser: TestClient, supabase: Supabase
) -> None:
    sign_in(browser)
    assert browser.get("/sign-in/mail").status_code == 303
    assert forget(browser).headers["location"] == "/sign-in/code"
    code = supabase.mails()[-1].code
    answer = post(browser, "/sign-in/code", email=ANA.email, code=code)
    assert answer.headers["location"] == "/sign-in/password"
    assert choose(browser).status_code == 303


def test_invited_user_chooses_a_password(browser: TestClient, supabase: Supabase) -> None:
    """Nobody's browser asked for an invitation, so any may open it."""
    token = "0" * 56
    now = datetime.now(UTC)
    supabase.change_user(
        BEN.user_id, confirmation_token=token, confirmation_sent_at=now, email_confirmed_at=None
    )
    page = browser.get(f"/sign-in/link?token_hash={token}&type=invite")
    answer = send(browser, "/sign-in/link", page)
    assert answer.headers["location"] == "/sign-in/password"
    assert choose(browser).status_code == 303
    assert who(browser) == BEN.email


def test_reset_of_an_unknown_address_sounds_the_same(
    browser: TestClient, supabase: Supabase
) -> None:
    assert forget(browser, "nobody@northwind.example").status_code == 303
    assert "If nobody@northwind.example has an account" in browser.get("/sign-in/code").text
    assert supabase.mails() == []


def test_accounts_are_not_made_where_that_is_off(browser: TestClient, supabase: Supabase) -> None:
    assert "/sign-in/new" not in browser.get("/sign-in").text
    page = browser.get("/sign-in/new")
    assert "Accounts are not made here" in page.text
    assert "<form" not in page.text
    forced = send(browser, "/sign-in/new", browser.get("/sign-in"), email=NEW, password=FRESH)
    assert (forced.status_code, "not made here" in forced.text) == (401, True)


@pytest.mark.parametrize("supabase", [Ways(sign_up=True)], indirect=True)
@pytest.mark.parametrize("by", ["code", "link"])
def test_new_account_is_confirmed_by_mail(browser: TestClient, supabase: Supabase, by: str) -> None:
    assert "/sign-in/new" in browser.get("/sign-in").text
    weak = post(browser, "/sign-in/new", email=NEW, password="short")
    assert (weak.status_code, "too weak" in weak.text) == (401, True)
    asked = post(browser, "/sign-in/new", email=NEW, password=FRESH)
    assert asked.headers["location"] == "/sign-in/code"
    with open_browser() as other:
        early = sign_in(other, email=NEW, password=FRESH)
        assert "not confirmed" in early.text
    mail = supabase.mails()[-1]
    assert mail.subject.startswith("Confirm")
    if by == "code":
        answer = post(browser, "/sign-in/code", email=NEW, code=mail.code)
    else:
        answer = send(browser, "/sign-in/link", browser.get(mail.path))
    assert (answer.headers["location"], who(browser)) == ("/", NEW)


@pytest.mark.parametrize("supabase", [Ways(sign_up=True)], indirect=True)
def test_taken_address_sounds_like_a_new_one(browser: TestClient, supabase: Supabase) -> None:
    taken = post(browser, "/sign-in/new", email=ANA.email, password=FRESH)
    assert taken.headers["location"] == "/sign-in/code"
    assert supabase.mails() == []
    with open_browser() as other:
        assert sign_in(other, password=FRESH).status_code == 401


@pytest.mark.parametrize("supabase", [Ways(sign_up=True, confirm=False)], indirect=True)
def test_new_account_without_confirmation(browser: TestClient, supabase: Supabase) -> None:
    assert post(browser, "/sign-in/new", email=NEW, password=FRESH).headers["location"] == "/"
    assert who(browser) == NEW
    with open_browser() as other:
        taken = post(other, "/sign-in/new", email=ANA.email, password=FRESH)
        assert (taken.status_code, "There is an account" in taken.text) == (401, True)
        odd = post(other, "/sign-in/new", email="a@b", password=FRESH)
        assert (odd.status_code, "No mail can be sent" in odd.text) == (401, True)


def test_mail_that_came_too_late_for_a_new_password(
    browser: TestClient, supabase: Supabase
) -> None:
    forget(browser)
    supabase.change_user(recovery_sent_at=datetime.now(UTC) - timedelta(hours=2))
    answer = send(browser, "/sign-in/link", browser.get(supabase.mails()[-1].path))
    assert "Ask for another mail" in answer.text
    assert 'href="/sign-in/reset"' in answer.text
