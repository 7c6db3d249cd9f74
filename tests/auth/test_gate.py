"""Nothing but what signing in needs is answered to nobody."""

from typing import Any

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from domo_insights.auth.gate import is_public
from domo_insights.auth.routes import routes
from tests.auth.conftest import SITE, Issuer, activate, open_browser, sign_in, site
from tests.factories import ANA
from tests.loops import run

STREAM = "ws://127.0.0.1:8501/_stcore/stream"
PUBLIC = [
    "/healthz",
    "/readyz",
    "/_stcore/health",
    "/favicon.png",
    "/static/js/index.DormvYxC.js",
    "/static/css/index.C1JORDN2.css",
    "/static/media/KaTeX_Main-Bold.x.woff2",
    "/app/static/inter-latin-wght-normal.woff2",
    "/webhooks/tavus",
    "/webhooks/tavus/6f1f6a52-0000-0000-0000-000000000001",
]
SIGN_IN = {
    "/sign-in",
    "/sign-in/code",
    "/sign-in/link",
    "/sign-in/mail",
    "/sign-in/mark.svg",
    "/sign-in/new",
    "/sign-in/password",
    "/sign-in/reset",
    "/sign-in/return",
    "/sign-in/style.css",
    "/sign-in/with/{provider}",
    "/sign-out",
}
PAGES = ["/", "/conversations", "/overview", "/a/b", "/index.html", "/healthz/x", "/sign-inx"]
DATA = [
    "/media/0123.png",
    "/webhooks/other/6f1f6a52-0000-0000-0000-000000000001",
    "/webhooks/tavus/6f1f6a52-0000-0000-0000-000000000001/more",
    "/_stcore/host-config",
    "/component/x/index.html",
    "/_stcore/health/x",
]
CLOSED = [
    "/_stcore/agent",
    "/_stcore/agent/interact",
    "/_stcore/agent/mcp",
    "/_stcore/agent/openapi.json",
    "/_stcore/metrics",
    "/_stcore/script-health-check",
    "/_stcore/upload_file/session/file",
    "/auth/login",
    "/auth/logout",
    "/oauth2callback",
]
TRICKS = [
    "/webhooks/../conversations",
    "/webhooks/..%2fconversations",
    "/webhooks//tavus",
    "/webhooks/./tavus",
    "/webhooks/%2e%2e/conversations",
    "/webhooks/%252e%252e/conversations",
    "/webhooks\\..\\conversations",
    "/webhooks/tavus/",
    "//healthz",
    "/healthz/",
    "/healthz/../conversations",
    "/healthz%00",
    "/healthz%0a",
    "/healthz;x",
    "/HEALTHZ",
    "/static/../conversations",
    "/static/js/../../media/x.png",
    "/static/js/.hidden",
    "/app/static/../../conversations",
    "/app/static/%2e%2e/x",
    "/sign-in/../conversations",
    "/sign-in/with/../../conversations",
    "/sign-in/with/%2e%2e",
    "/sign-in/with/GitHub",
    "/sign-in/with/github/x",
    "/sign-in/link/",
    "/sign-in/other",
    "/_stcore/health/../stream",
    "/conversations/_stcore/health",
    "/conversations?/healthz",
]


@pytest.mark.parametrize("path", PUBLIC)
def test_public_paths_need_no_session(visitor: TestClient, path: str) -> None:
    assert visitor.get(path).text == f"app {path} -"


def test_every_way_in_is_named_here_and_open() -> None:
    assert {route.path for route in routes} == SIGN_IN
    for path in SIGN_IN:
        assert is_public(path.format(provider="linkedin_oidc"))


@pytest.mark.parametrize("path", sorted(SIGN_IN - {"/sign-in/with/{provider}"}))
def test_ways_in_run_no_script_and_are_not_framed(visitor: TestClient, path: str) -> None:
    page = visitor.get(path)
    assert page.headers["x-frame-options"] == "DENY"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for word in ("<script", "style=", "onclick", "http://", "https://"):
        assert word not in page.text.replace("http://www.w3.org/2000/svg", "")


@pytest.mark.parametrize("path", PAGES)
def test_pages_lead_to_the_sign_in(visitor: TestClient, path: str) -> None:
    answer = visitor.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in")


@pytest.mark.parametrize("path", DATA)
def test_data_is_refused(visitor: TestClient, path: str) -> None:
    answer = visitor.get(path)
    assert (answer.status_code, answer.json()["error"]) == (401, "not_signed_in")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_refused(visitor: TestClient, method: str) -> None:
    assert visitor.request(method, "/conversations").status_code == 401


def test_a_script_asking_a_page_is_refused_in_json(visitor: TestClient) -> None:
    answer = visitor.get("/conversations", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()["error"]) == (401, "not_signed_in")


@pytest.mark.parametrize("raw", TRICKS)
def test_no_spelling_of_a_path_opens_anything(issuer: Issuer, raw: str) -> None:
    status, reached = run(_ask(raw))
    assert status in {303, 401}
    assert not reached


def test_every_path_class_opens_after_sign_in(browser: TestClient) -> None:
    sign_in(browser)
    for path in [*PAGES, *DATA]:
        assert browser.get(path).text == f"app {path} {ANA.email}"


@pytest.mark.parametrize("value", ["", "x", "é" * 43, "A" * 4000, "A;B", '"quoted"'])
def test_cookies_that_are_no_session_open_nothing(visitor: TestClient, value: str) -> None:
    headers = {"Cookie": f"domo_sid={value}".encode()}
    assert visitor.get("/", headers=headers).status_code == 303  # type: ignore[arg-type]


def test_websocket_needs_a_session(visitor: TestClient) -> None:
    with (
        pytest.raises(WebSocketDisconnect) as closed,
        visitor.websocket_connect(STREAM, headers={"Origin": SITE}),
    ):
        pass
    assert closed.value.code == 4401


def test_websocket_knows_the_viewer(browser: TestClient) -> None:
    sign_in(browser)
    with browser.websocket_connect(STREAM, headers={"Origin": SITE}) as socket:
        assert socket.receive_text() == ANA.email


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:9999"])
def test_websocket_from_another_site_is_closed(browser: TestClient, origin: str) -> None:
    sign_in(browser)
    with (
        pytest.raises(WebSocketDisconnect) as closed,
        browser.websocket_connect(STREAM, headers={"Origin": origin}),
    ):
        pass
    assert closed.value.code == 4403


def test_writing_from_another_site_is_refused(browser: TestClient) -> None:
    sign_in(browser)
    foreign = {"Origin": "http://evil.example"}
    answer = browser.put("/media/x.png", headers=foreign)
    assert (answer.status_code, answer.json()["error"]) == (403, "foreign_origin")


def test_database_away_is_said_in_words(browser: TestClient) -> None:
    from pydantic import SecretStr

    sign_in(browser)
    activate(database_url=SecretStr("postgresql://domo_insights@127.0.0.1:9/postgres"))
    page = browser.get("/conversations?period=7d")
    assert page.status_code == 503
    assert page.headers["refresh"].startswith("5; url=/")
    assert "The database cannot be reached." in page.text
    assert 'href="/conversations?period=7d"' in page.text
    data = browser.get("/media/x.png")
    assert (data.status_code, data.json()["error"]) == (503, "unavailable")
    assert browser.get("/sign-in").status_code == 503
    assert browser.get("/healthz").status_code == 200


@pytest.mark.parametrize("path", CLOSED)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_what_no_page_needs_is_closed_to_everybody(
    browser: TestClient, path: str, method: str
) -> None:
    assert browser.request(method, path).status_code == 404
    sign_in(browser)
    assert browser.request(method, path).status_code == 404


def test_the_whole_of_a_path_decides() -> None:
    assert not is_public("/conversations\n/healthz")
    assert not is_public("/healthz\n")


def test_below_a_prefix_of_the_server(visitor: TestClient) -> None:
    with TestClient(site(), base_url=SITE, root_path="/insights", follow_redirects=False) as client:
        assert client.get("/insights/healthz").status_code == 200
        assert client.get("/insights/media/x").status_code == 401


def test_invented_id_opens_nothing(browser: TestClient) -> None:
    headers = {"Cookie": f"domo_sid={'A' * 43}"}
    assert browser.get("/", headers=headers).status_code == 303


def test_other_sessions_do_not_mix(browser: TestClient) -> None:
    sign_in(browser)
    with open_browser() as other:
        assert other.get("/").status_code == 303


async def _ask(raw: str) -> tuple[int, bool]:
    """Status of GET `raw`, the path as uvicorn would give it, and whether the app was reached."""
    from urllib.parse import unquote

    from domo_insights.auth.gate import Gate

    reached, started = [], []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        reached.append(scope["path"])

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            started.append(message["status"])

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    path, _, query = raw.partition("?")
    scope = {
        "type": "http",
        "method": "GET",
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(b"host", b"127.0.0.1:8501"), (b"accept", b"text/html")],
    }
    await Gate(app)(scope, receive, send)
    return (started or [0])[0], bool(reached)
