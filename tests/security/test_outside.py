"""Answers made before or after everything of ours has run say what a browser may do as well."""

import socket

import httpx
import pytest
from starlette.middleware import Middleware
from starlette.responses import StreamingResponse
from starlette.routing import Route
from websockets.exceptions import InvalidStatus

from domo_insights.auth.response_headers import ResponseHeaders, headers_for
from tests.factories import BEN
from tests.security.test_limits import line, rest_of, served


def headers_in(raw):
    head = raw.partition(b"\r\n\r\n")[0].decode()
    return {name.lower(): value for name, _, value in
            (row.partition(": ") for row in head.splitlines()[1:])}  # fmt: skip


def test_no_answer_names_the_server(live):
    with live.client() as nobody:
        for path in ("/sign-in", "/healthz", "/_stcore/agent", "/overview", "/static/js/none.js"):
            assert "server" not in nobody.get(path).headers, path


def every_header_is_in(said):
    for name, value in headers_for("http").items():
        assert said[name.lower()] == value, name


BROKEN = [
    b"no request at all\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\nContent-Length: a\r\n\r\n",
    b"GET / HTTP/1.1\r\n bad: folded\r\n\r\n",
    b"GET / HTTX/9.9\r\nHost: x\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS hello\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: nonsense\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 70_000,
]


@pytest.mark.parametrize("sent", BROKEN, ids=range(len(BROKEN)))
def test_a_request_that_cannot_be_read(live, sent):
    with line(int(live.url.rpartition(":")[2])) as opened:
        opened.sendall(sent)
        opened.shutdown(socket.SHUT_WR)
        answer = rest_of(opened)
    assert answer.startswith(b"HTTP/1.1 4")
    every_header_is_in(headers_in(answer))


async def fails(_request):
    raise ValueError("a secret of ours")


async def fails_midway(_request):
    async def parts():
        yield b"a beginning"
        raise ValueError

    return StreamingResponse(parts())


@pytest.fixture
def broken():
    routes = [Route("/fails", fails), Route("/midway", fails_midway)]
    with served(routes, [Middleware(ResponseHeaders)]) as port:
        yield f"http://127.0.0.1:{port}"


def test_what_fails_without_an_answer(database, broken):
    for method in ("GET", "HEAD"):
        answer = httpx.request(method, f"{broken}/fails", trust_env=False)
        assert answer.status_code == 500
        every_header_is_in(answer.headers)
        assert "secret" not in answer.text
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"{broken}/midway", trust_env=False)


@pytest.mark.parametrize("who", ["nobody", "another site", "an address that is none"])
def test_a_websocket_that_is_refused(live, who):
    session = None if who == "nobody" else live.session_of(BEN)
    origin = "http://evil.example" if who == "another site" else None
    with pytest.raises(InvalidStatus) as told, live.socket(
        session, origin=origin, path="/nowhere" if who.startswith("an") and not origin else ""
    ):  # fmt: skip
        pass
    assert told.value.response.status_code == 403
    every_header_is_in({name.lower(): v for name, v in told.value.response.headers.raw_items()})


@pytest.mark.parametrize("path", ["/static/none.js", "/app/static/x.png", "/nowhere", "/media/x"])
def test_what_is_not_there(live, path):
    with live.client(BEN) as browser:
        every_header_is_in(browser.get(path).headers)
