"""Behind a proxy: TLS, a path, forwarded addresses, two processes."""

import re
from urllib.parse import urljoin

import httpx
import pytest
from playwright.sync_api import Browser

from tests.auth.mails import mail_of
from tests.factories import ANA, BEN, PIA
from tests.hosting.conftest import PASSWORD, Behind


def sign_in(site: Behind, client: httpx.Client, email: str = ANA.email) -> httpx.Response:
    page = client.get(f"{site.url}/sign-in")
    csrf = page.text.split('name="csrf" value="')[1].split('"')[0]
    form = {"csrf": csrf, "email": email, "password": PASSWORD, "next": "/conversations"}
    return client.post(f"{site.url}/sign-in", data=form)


def test_everything_leads_below_the_path(behind: Behind) -> None:
    with behind.client() as client:
        bare = client.get(behind.url)
        assert (bare.status_code, bare.headers["location"]) == (308, "/dash/")
        turned_away = client.get(f"{behind.url}/conversations?period=7d")
        assert turned_away.headers["location"] == (
            "/dash/sign-in?next=%2Fconversations%3Fperiod%3D7d"
        )
        page = client.get(f"{behind.url}/sign-in")
        leads = re.findall(r'(?:href|src|action)="([^"]+)"', page.text)
        assert leads
        assert all(lead.startswith("/dash/") for lead in leads), leads
        for lead in set(re.findall(r'(?:href|src)="([^"]+)"', page.text)):
            assert client.get(urljoin(behind.url, lead)).status_code == 200, lead
        style = client.get(f"{behind.url}/sign-in/style.css")
        font = style.text.split('url("')[1].split('"')[0]
        assert client.get(urljoin(str(style.url), font)).status_code == 200


def test_sign_in_and_out_over_tls(behind: Behind) -> None:
    with behind.client() as client:
        answer = sign_in(behind, client)
        assert (answer.status_code, answer.headers["location"]) == (303, "/dash/conversations")
        cookie = next(c for c in answer.headers.get_list("set-cookie") if "domo_sid=" in c)
        assert cookie.startswith("__Host-domo_sid=")
        assert "Path=/;" in cookie
        assert "Secure" in cookie
        html = client.get(f"{behind.url}/conversations")
        assert html.status_code == 200
        script = re.search(r'src="([^"]+\.js)"', html.text)
        assert script
        assert client.get(urljoin(f"{behind.url}/", script[1])).status_code == 200
        assert client.get(f"{behind.url}/_stcore/health").status_code == 200
        page = client.get(f"{behind.url}/sign-out")
        csrf = page.text.split('name="csrf" value="')[1].split('"')[0]
        assert 'action="/dash/sign-out"' in page.text
        out = client.post(f"{behind.url}/sign-out", data={"csrf": csrf})
        assert out.headers["location"] == "/dash/sign-in?note=out"
        assert client.get(f"{behind.url}/").status_code == 303


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "https://localhost:1"])
def test_forms_of_other_sites_are_refused(behind: Behind, origin: str) -> None:
    with behind.client(Origin=origin) as client:
        assert sign_in(behind, client).status_code == 403


def test_one_session_is_known_to_both_processes_and_stays_with_one(behind: Behind) -> None:
    seen = set()
    for email in (ANA.email, BEN.email, PIA.email) * 4:
        with behind.client() as client:
            sign_in(behind, client, email)
            asked = [client.get(f"{behind.url}/_stcore/host-config") for _ in range(3)]
            assert {answer.status_code for answer in asked} == {200}
            served = {answer.headers["x-served-by"] for answer in asked}
            assert len(served) == 1, "not sticky"
            seen |= served
            sid = client.cookies["__Host-domo_sid"]
        for app in behind.apps:
            direct = httpx.get(
                f"http://127.0.0.1:{app}/dash/_stcore/host-config",
                headers={"Cookie": f"__Host-domo_sid={sid}"},
            )
            assert direct.status_code == 200
        if len(seen) == 2:
            break
    assert len(seen) == 2, "one process got everybody"


def test_forwarded_names_of_a_visitor_are_not_believed(behind: Behind) -> None:
    forged = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "http"}
    with behind.client(**forged) as client:
        assert "__Host-domo_sid" in sign_in(behind, client).headers["set-cookie"]


def test_links_of_mails_lead_to_the_public_address(behind: Behind) -> None:
    with behind.client() as client:
        page = client.get(f"{behind.url}/sign-in/mail")
        csrf = page.text.split('name="csrf" value="')[1].split('"')[0]
        asked = client.post(f"{behind.url}/sign-in/mail", data={"csrf": csrf, "email": BEN.email})
        assert asked.headers["location"] == "/dash/sign-in/code"
        mail = mail_of(sorted(behind.mails.glob("*.eml"))[-1])
        assert mail.link.startswith(f"{behind.url}/sign-in/link?")
        assert "You go on as" in client.get(mail.link).text


def test_tokens_of_webhook_addresses_stay_out_of_the_proxys_log(behind: Behind) -> None:
    with behind.client() as client:
        client.post(f"{behind.url}/webhooks/tavus?token=not-for-the-log", content=b"{}")
        client.get(f"{behind.url}/healthz")
    told = behind.log.read_text()
    assert "/dash/webhooks/tavus" in told
    assert "not-for-the-log" not in told


@pytest.mark.browser
def test_dashboard_in_a_browser(behind: Behind, browser: Browser) -> None:
    with browser.new_context(ignore_https_errors=True) as window:
        page = window.new_page()
        page.set_default_timeout(30_000)
        page.goto(f"{behind.url}/conversations")
        page.fill("input[name=email]", ANA.email)
        page.fill("input[type=password]", PASSWORD)
        page.click("button[type=submit]")
        page.wait_for_selector('[data-testid="stHeading"]')
        assert page.url.startswith(f"{behind.url}/conversations")
        page.click('[data-testid="stSidebarNav"] a >> nth=0')
        page.wait_for_url(re.compile(re.escape(behind.url) + r"/(overview)?(\?.*)?$"))
        page.wait_for_selector('[data-testid="stHeading"]')
        page.click('[data-testid="stSidebar"] button:has-text("Sign out")')
        page.wait_for_url(f"{behind.url}/sign-in?note=out")
        assert "You are signed out." in page.inner_text("main")
