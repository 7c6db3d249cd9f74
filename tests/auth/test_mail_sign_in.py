"""In by a code or a link of a mail."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from starlette.testclient import TestClient

from domo_insights.auth import limits
from domo_insights.local.auth_mail import Mailbox
from domo_insights.local.auth_ways import Ways
from tests.auth.conftest import Supabase, activate, open_browser
from tests.auth.mails import post, send
from tests.factories import ANA, BEN

ENDED = "wrong, was used already, or has ended"
OTHER = "only in the browser that asked"
SCANNER = {"Accept": "*/*", "User-Agent": "mail scanner"}


def ask(client: TestClient, email: str = ANA.email, leads_to: str = "/demos") -> httpx.Response:
    return post(client, f"/sign-in/mail?next={leads_to}", email=email)


def who(client: TestClient) -> str:
    answer = client.get("/")
    return answer.text.rpartition(" ")[2] if answer.status_code == 200 else ""


def test_code_signs_in_and_leads_where_one_wanted_to_go(
    browser: TestClient, supabase: Supabase
) -> None:
    assert ask(browser).headers["location"] == "/sign-in/code"
    page = browser.get("/sign-in/code")
    assert "No mail leaves this machine" in page.text
    assert f"If {ANA.email} has an account, a mail is on its way." in page.text
    mail = supabase.mails()[-1]
    assert mail.to == ANA.email
    spaced = f" {mail.code[:3]} {mail.code[3:]} "
    answer = post(browser, "/sign-in/code", email=ANA.email, code=spaced)
    assert (answer.status_code, answer.headers["location"]) == (303, "/demos")
    assert who(browser) == ANA.email


def test_code_works_anywhere_and_once(browser: TestClient, supabase: Supabase) -> None:
    ask(browser)
    typed = {"email": ANA.email.upper(), "code": supabase.mails()[-1].code}
    with open_browser() as phone:
        assert post(phone, "/sign-in/code", **typed).status_code == 303
        assert who(phone) == ANA.email
    again = post(browser, "/sign-in/code", **typed)
    assert (again.status_code, ENDED in again.text, who(browser)) == (401, True, "")


def test_link_is_confirmed_by_a_post_and_scanners_do_not_use_it_up(
    browser: TestClient, supabase: Supabase
) -> None:
    ask(browser)
    link = supabase.mails()[-1].path
    with open_browser() as scanner:
        for _ in range(3):
            assert scanner.get(link, headers=SCANNER).status_code == 200
            assert scanner.head(link, headers=SCANNER).status_code in {200, 405}
    page = browser.get(link)
    assert f"You go on as {ANA.email}." in page.text
    assert who(browser) == ""
    answer = send(browser, "/sign-in/link", page)
    assert (answer.status_code, answer.headers["location"]) == (303, "/demos")
    assert who(browser) == ANA.email
    with open_browser() as other:
        ask_again = post(other, "/sign-in/mail", email=BEN.email)
        assert ask_again.status_code == 303
        used = send(other, "/sign-in/link", other.get(link))
        assert (used.status_code, ENDED in used.text) == (401, True)


def test_link_does_nothing_in_another_browser(browser: TestClient, supabase: Supabase) -> None:
    ask(browser)
    mail = supabase.mails()[-1]
    with open_browser() as other:
        page = other.get(mail.path)
        assert OTHER in page.text
        assert "<form" not in page.text
        csrf = other.get("/sign-in")
        token = mail.path.partition("token_hash=")[2].partition("&")[0]
        forced = send(other, "/sign-in/link", csrf, token_hash=token, type="magiclink")
        assert (forced.status_code, OTHER in forced.text, who(other)) == (401, True, "")
    assert send(browser, "/sign-in/link", browser.get(mail.path)).status_code == 303


def test_link_of_another_account_is_refused_where_one_asked_for_ones_own(
    browser: TestClient, supabase: Supabase
) -> None:
    with open_browser() as attacker:
        ask(attacker, BEN.email)
    planted = supabase.mails()[-1].path
    ask(browser)
    answer = send(browser, "/sign-in/link", browser.get(planted))
    assert (answer.status_code, OTHER in answer.text, who(browser)) == (401, True, "")
    assert supabase.open_sessions == 0


@pytest.mark.parametrize("supabase", [Ways(own_links=False)], indirect=True)
def test_link_by_way_of_supabase_needs_the_verifier(
    browser: TestClient, supabase: Supabase
) -> None:
    ask(browser)
    back = httpx.get(supabase.mails()[-1].link).headers["location"]
    path = back.removeprefix(str(browser.base_url))
    assert path.startswith("/sign-in/link?code=")
    with open_browser() as other:
        assert OTHER in other.get(path).text
        ask(other, BEN.email)
        wrong = send(other, "/sign-in/link", other.get(path))
        assert (wrong.status_code, OTHER in wrong.text) == (401, True)
    assert send(browser, "/sign-in/link", browser.get(path)).status_code == 303
    assert who(browser) == ANA.email
    used = httpx.get(supabase.mails()[0].link).headers["location"]
    assert ENDED in browser.get(used.removeprefix(str(browser.base_url))).text


@pytest.mark.parametrize("by", ["code", "link"])
def test_ended_mails(browser: TestClient, supabase: Supabase, by: str) -> None:
    ask(browser)
    mail = supabase.mails()[-1]
    supabase.change_user(recovery_sent_at=datetime.now(UTC) - timedelta(minutes=61))
    if by == "code":
        answer = post(browser, "/sign-in/code", email=ANA.email, code=mail.code)
    else:
        answer = send(browser, "/sign-in/link", browser.get(mail.path))
    assert (answer.status_code, ENDED in answer.text) == (401, True)


def test_newer_mail_ends_the_older(browser: TestClient, supabase: Supabase) -> None:
    ask(browser)
    supabase.change_user(recovery_sent_at=datetime.now(UTC) - timedelta(minutes=2))
    httpx.post(
        f"{supabase.url}/auth/v1/otp",
        headers={"apikey": supabase.keys.publishable_key},
        json={"email": ANA.email, "create_user": False},
    ).raise_for_status()
    old, new = supabase.mails()
    assert post(browser, "/sign-in/code", email=ANA.email, code=old.code).status_code == 401
    assert post(browser, "/sign-in/code", email=ANA.email, code=new.code).status_code == 303


def test_guessing_codes_is_limited(browser: TestClient, supabase: Supabase) -> None:
    ask(browser)
    code = supabase.mails()[-1].code
    wrong = f"{(int(code) + 1) % 10**6:06}"
    for _ in range(limits.PER_ACCOUNT):
        assert post(browser, "/sign-in/code", email=ANA.email, code=wrong).status_code == 401
    answer = post(browser, "/sign-in/code", email=ANA.email, code=code)
    assert (answer.status_code, "Too many attempts" in answer.text) == (429, True)
    assert int(answer.headers["retry-after"]) > 0


def test_whether_there_is_an_account_is_not_told(browser: TestClient, supabase: Supabase) -> None:
    answers = {}
    for email in (ANA.email, "nobody@northwind.example"):
        with open_browser() as client:
            first, second = ask(client, email), ask(client, email)
            page = client.get("/sign-in/code").text.replace(email, "x")
            answers[email] = (first.status_code, second.status_code, page.split('value="')[0])
    known, unknown = answers.values()
    assert known == unknown
    assert known[:2] == (303, 429)
    assert [mail.to for mail in supabase.mails()] == [ANA.email]


def test_mails_from_one_address_are_limited(browser: TestClient) -> None:
    for n in range(limits.MAILS.per_address):
        limits.begin("testclient", f"user{n}@northwind.example", limits.MAILS)
    assert ask(browser).status_code == 429


def test_service_away(browser: TestClient) -> None:
    activate(supabase_url="http://127.0.0.1:9")
    for _ in range(2):
        answer = ask(browser)
        assert (answer.status_code, "does not answer" in answer.text) == (503, True)
    typed = post(browser, "/sign-in/code", email=ANA.email, code="123456")
    assert (typed.status_code, "does not answer" in typed.text) == (503, True)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"banned_until": datetime.now(UTC) + timedelta(days=1)}, "suspended"),
        ({"deleted_at": datetime.now(UTC)}, ENDED),
    ],
)
def test_users_who_may_not_come_in(
    browser: TestClient, supabase: Supabase, change: dict[str, object], words: str
) -> None:
    ask(browser)
    supabase.change_user(**change)
    answer = post(browser, "/sign-in/code", email=ANA.email, code=supabase.mails()[-1].code)
    assert (answer.status_code, words in answer.text) == (401, True)


def test_second_factor(browser: TestClient, supabase: Supabase) -> None:
    supabase.add_factor("verified")
    ask(browser)
    answer = post(browser, "/sign-in/code", email=ANA.email, code=supabase.mails()[-1].code)
    assert (answer.status_code, "second factor" in answer.text) == (401, True)
    assert supabase.open_sessions == 0


def test_code_confirms_an_address(browser: TestClient, supabase: Supabase) -> None:
    supabase.change_user(email_confirmed_at=None)
    ask(browser)
    mail = supabase.mails()[-1]
    assert mail.subject.startswith("Confirm")
    assert post(browser, "/sign-in/code", email=ANA.email, code=mail.code).status_code == 303


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("error=access_denied&error_code=otp_expired&error_description=x", ENDED),
        ("error=server_error&error_description=<script>", ENDED),
        ("error=access_denied&error_code=user_banned", "suspended"),
        ("", ENDED),
        ("token_hash=abc&type=magiclink", OTHER),
        ("code=abc", OTHER),
    ],
)
def test_links_that_lead_nowhere(browser: TestClient, query: str, words: str) -> None:
    page = browser.get(f"/sign-in/link?{query}")
    assert words in page.text
    assert "<form" not in page.text
    assert "<script" not in page.text


def test_forged_request_cookie_is_nothing(browser: TestClient, supabase: Supabase) -> None:
    ask(browser)
    link = supabase.mails()[-1].path
    for value in ("x", "gAAAA" + "A" * 100, "é"):
        headers = {"Cookie": f"domo_asked={value}".encode()}
        with open_browser() as other:
            assert OTHER in other.get(link, headers=headers).text  # type: ignore[arg-type]


def test_mails_are_for_their_owner_alone_and_not_kept_for_ever(tmp_path: Path) -> None:
    said: list[str] = []
    mailbox = Mailbox(tmp_path / "mail", said.append)
    for n in range(55):
        mailbox.send("a@b.example", "Sign in", f"{n:06}", "http://127.0.0.1/x")
    files = sorted((tmp_path / "mail").glob("*"))
    assert len(files) == 50
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE((tmp_path / "mail").stat().st_mode) == 0o700
    assert "000054" in files[-1].read_text()
    assert "000054" in said[-1]
