"""Too much, too long, too slow, too often: each has an end, said in words."""

import json
import socket
import threading
from contextlib import contextmanager

import anyio
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from domo_insights import settings
from domo_insights.auth import forms
from domo_insights.auth.pace import Pace
from domo_insights.auth.routes import routes as sign_in_routes
from domo_insights.cli import patience
from domo_insights.cli.patience import PatientProtocol
from domo_insights.ingest import routes as webhooks
from domo_insights.ingest.webhook import token_of
from tests.factories import ANA, BEN
from tests.ingest.conversations import said
from tests.local.processes import eventually
from tests.security.live import memory_of


@contextmanager
def served(routes, middleware=()):
    """The port of a server that waits as ours does."""
    app = Starlette(routes=routes, middleware=middleware)
    config = uvicorn.Config(app, port=0, http=PatientProtocol, log_level="critical", lifespan="off")
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as bound:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
        thread.start()
        try:
            eventually(lambda: server.started, "the server answers")
            yield bound.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def line(port):
    with socket.create_connection(("127.0.0.1", port), 60) as opened:
        yield opened


def rest_of(opened):
    got = b""
    while piece := opened.recv(65536):
        got += piece
    return got


async def slow(_request):
    await anyio.sleep(0.6)
    return PlainTextResponse("done")


async def at_once(_request):
    return PlainTextResponse("done")


@pytest.mark.parametrize("begin", [b"", b"GET / HTT", b"GET / HTTP/1.1\r\nHost: x\r\nX-A: "])
def test_who_does_not_say_what_they_want_is_hung_up(monkeypatch, begin):
    monkeypatch.setattr(patience, "HEADER_SECONDS", 0.2)
    with served([Route("/", slow)]) as port, line(port) as opened:
        opened.sendall(begin)
        assert b"done" not in rest_of(opened)


def test_a_slow_answer_is_waited_for_and_the_next_request_has_its_own_time(monkeypatch):
    monkeypatch.setattr(patience, "HEADER_SECONDS", 0.2)
    ask = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    with served([Route("/", slow)]) as port, line(port) as opened:
        for _ in range(2):
            opened.sendall(ask)
            got = b""
            while b"done" not in got:
                got += opened.recv(65536)
        opened.sendall(ask[:10])
        assert rest_of(opened) == b""


@pytest.mark.parametrize("first", [b"", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"])
@pytest.mark.parametrize(("size", "code"), [(60_000, b"200"), (66_000, b"400")])
def test_a_head_that_comes_in_one_piece_has_a_limit_too(first, size, code):
    head = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Big: " + b"a" * size
    with served([Route("/", at_once)]) as port, line(port) as opened:
        opened.sendall(first + head + b"\r\n\r\n")
        answers = rest_of(opened).split(b"HTTP/1.1 ")[1:]
    assert [answer[:3] for answer in answers] == [b"200"] * bool(first) + [code]


def test_a_callback_whose_body_does_not_come_is_refused(database, world, monkeypatch):
    monkeypatch.setattr(webhooks, "BODY_SECONDS", 0.2)
    mine = world.ana.demo_id
    path = f"/webhooks/tavus/{mine}?token={token_of(mine)}".encode()
    head = b"POST " + path + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 400\r\n\r\n{"
    with served(webhooks.routes) as port, line(port) as opened:
        opened.sendall(head)
        assert opened.recv(65536).startswith(b"HTTP/1.1 408")


def test_a_form_that_does_not_come_is_no_form(database, monkeypatch):
    monkeypatch.setattr(forms, "_FORM_SECONDS", 0.2)
    head = (
        b"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 400\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n\r\nemail="
    )
    with served(sign_in_routes) as port, line(port) as opened:
        opened.sendall(head)
        assert opened.recv(65536).startswith(b"HTTP/1.1 403")


def test_headers_without_end_are_refused_and_not_kept(live):
    before, port = memory_of(live), int(live.url.rpartition(":")[2])
    refused = 0
    for _ in range(3):
        with line(port) as opened:
            opened.sendall(b"GET /sign-in HTTP/1.1\r\nHost: x\r\nX-Big: ")
            try:
                for _ in range(40):
                    opened.sendall(b"a" * 1_000_000)
                refused += rest_of(opened).startswith(b"HTTP/1.1 4")
            except OSError:
                refused += 1
    assert refused == 3
    assert memory_of(live) - before < 60_000_000


@pytest.mark.parametrize("path", ["/sign-in", "/sign-in/mail", "/sign-in/new", "/sign-out"])
def test_bodies_without_end_are_refused(live, path):
    def parts():
        for _ in range(40):
            yield b"email=" + b"a" * 100_000

    form = {"Content-Type": "application/x-www-form-urlencoded"}
    with live.client() as browser:
        answer = browser.post(path, content=parts(), headers=form)
    assert answer.status_code in {303, 403}


def test_a_long_address_is_refused_or_leads_nowhere(live):
    with live.client(BEN) as browser:
        for path in ("/sign-in?next=/" + "a" * 30_000, "/" + "a" * 30_000, "/export/" + "b" * 9000):
            assert browser.get(path).status_code < 500


def test_an_address_takes_so_many_callbacks_a_minute(database, world):
    settings.activate(database.settings.model_copy(update={"insights_webhooks_per_minute": 3}))
    webhooks._pace = Pace()
    try:
        with TestClient(Starlette(routes=webhooks.routes)) as web:
            answers = [
                web.post(
                    f"/webhooks/tavus/{world.ana.demo_id}?token={token_of(world.ana.demo_id)}",
                    content=b"not json",
                )
                for _ in range(5)
            ]
            other = world.ben.demo_id
            theirs = web.post(f"/webhooks/tavus/{other}?token={token_of(other)}", content=b"x")
    finally:
        webhooks._pace = Pace()
    assert [answer.status_code for answer in answers] == [422, 422, 422, 429, 429]
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert theirs.status_code == 422


def test_a_pace_fills_up_again_and_forgets():
    now = [0.0]
    pace = Pace(lambda: now[0])
    assert [pace.wait("a", 2) for _ in range(3)] == [0, 0, 30]
    assert pace.wait("b", 2) == 0
    now[0] = 31.0
    assert [pace.wait("a", 2) for _ in range(2)] == [0, 29]
    assert [pace.wait("c", 0) for _ in range(9)] == [0] * 9
    for number in range(20_000):
        pace.wait(str(number), 1)
    assert len(pace._left) == 10_000


def test_tokens_of_addresses_are_not_guessed(live):
    right = live.own_address(live.world.ana.demo_id).partition("token=")[2]
    near = [right[:-1] + ("0" if right[-1] != "0" else "1"), right[:-1], right + "0", right.upper(),
            "", "é", right[::-1], f" {right}", "0" * 64]  # fmt: skip
    body = json.dumps(said(1, "Hi")).encode()
    for demo in (live.world.ana.demo_id, live.world.ben.demo_id, "x", "../tavus"):
        for token in near:
            with live.client() as sender:
                path = f"/webhooks/tavus/{demo}"
                answer = sender.post(path, params={"token": token}, content=body)
            assert answer.status_code in {303, 401}, (demo, token)
    with live.client() as sender:
        theirs = f"/webhooks/tavus/{live.world.ben.demo_id}"
        assert sender.post(theirs, params={"token": right}, content=body).status_code == 401


def test_guessing_is_slowed_down_for_an_account_that_is_not_there_too(live):
    for email in ("nobody@nowhere.example", ANA.email.replace("ana", "mallory")):
        with live.client() as browser:
            said_last = [_attempt(browser, email) for _ in range(10)]
        assert said_last[0] == 401
        assert said_last[-1] == 429


def _attempt(browser, email):
    token = browser.get("/sign-in").text.split('name="csrf" value="')[1].split('"')[0]
    form = {"csrf": token, "email": email, "password": "a guess of mine", "next": "/"}
    return browser.post("/sign-in", data=form).status_code
