"""A sign-in service that is away, slow, or answers something else."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from domo_insights import settings
from domo_insights.auth import service, transport
from domo_insights.errors import AuthServiceError


@contextmanager
def answering(status, body, kind, hang=None):
    class Answer(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers.get("content-length", 0)))
            if hang is not None:
                hang.wait(30)
                return
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        settings.activate(
            settings.Settings(
                supabase_url=f"http://127.0.0.1:{server.server_address[1]}",
                supabase_publishable_key="sb_publishable_test",
            )
        )
        try:
            yield
        finally:
            if hang is not None:
                hang.set()
            settings.activate(None)
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b"<html>Under maintenance</html>", "text/html"),
        (200, b"", "application/json"),
        (200, b"[1, 2, 3]", "application/json"),
        (200, b'{"access_token": 7}', "application/json"),
        (200, b'{"access_token": "x", "user": null}', "application/json"),
        (500, b"oh", "text/plain"),
        (503, b"{}", "application/json"),
        (302, b"", "text/plain"),
    ],
)
def test_an_answer_that_is_none_is_told_as_such(status, body, kind):
    with answering(status, body, kind), pytest.raises(AuthServiceError):
        service.sign_in("ana@northwind.example", "correct horse")


def test_one_that_never_answers_is_given_up(monkeypatch):
    monkeypatch.setattr(transport, "TIMEOUT", 0.2)
    with answering(200, b"", "", threading.Event()), pytest.raises(AuthServiceError):
        service.sign_in("ana@northwind.example", "correct horse")


def test_one_that_is_away_is_told_as_such():
    settings.activate(
        settings.Settings(
            supabase_url="http://127.0.0.1:9", supabase_publishable_key="sb_publishable_test"
        )
    )
    with pytest.raises(AuthServiceError, match="does not answer"):
        service.sign_in("ana@northwind.example", "correct horse")
    settings.activate(None)
