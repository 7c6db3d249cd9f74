"""Links to files of videos, against an HTTP storage that asks the database's own policies."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import jwt
import psycopg
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from domo_insights import settings
from domo_insights.auth import storage
from domo_insights.exports.routes import routes
from tests.factories import ANA, BEN, PIA, demo, video
from tests.ui.conftest import keys, sign_in  # noqa: F401

_MINE = "select count(*) from storage.objects where bucket_id = %s and name = %s"


class Platform(ThreadingHTTPServer):
    """What answers at SUPABASE_URL: the sign-in service as it is, and a storage that signs what
    the policies of storage.objects let the token's user see. `asked` is what it was asked to sign.
    """

    def __init__(self, sign_in_url, database):
        super().__init__(("127.0.0.1", 0), self.Answers)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.sign_in_url, self.database, self.asked = sign_in_url, database, []

    def lets_see(self, claims, bucket, name):
        with psycopg.connect(self.database.superuser_url) as conn:
            conn.execute("set local role authenticated")
            conn.execute("select set_config('request.jwt.claims', %s, true)",
                         [json.dumps(claims)])  # fmt: skip
            return bool(conn.execute(_MINE, [bucket, name]).fetchone()[0])

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path == "/storage/v1/status":
                self.answer(200, {})
                return
            self.passed_on(httpx.get(self.server.sign_in_url + self.path))

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            sign = "/storage/v1/object/sign/"
            if not self.path.startswith(sign):
                sent = {"apikey": self.headers["apikey"], "content-type": "application/json"}
                address = self.server.sign_in_url + self.path
                self.passed_on(httpx.post(address, content=body, headers=sent))
                return
            bucket, _, name = self.path.removeprefix(sign).partition("/")
            scheme, _, token = self.headers["Authorization"].partition(" ")
            claims = jwt.decode(token, options={"verify_signature": False})
            seen = self.server.lets_see(claims, bucket, name)
            assert scheme == "Bearer"
            self.server.asked.append((claims["email"], name, json.loads(body)["expiresIn"]))
            if seen:
                self.answer(200, {"signedURL": f"/object/sign/{bucket}/{name}?token=t"})
            else:
                self.answer(400, {"statusCode": "404", "error": "not_found",
                                  "message": "Object not found"})  # fmt: skip

        def passed_on(self, found):
            self.answer(found.status_code, found.content)

        def answer(self, status, content):
            body = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_said):
            pass


@contextmanager
def platform(sign_in_url, database):
    with Platform(sign_in_url, database) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def watch(sign_in, database):  # noqa: F811
    """Ask for a video as somebody who is signed in for real."""
    embedded = settings.current().supabase_url
    with platform(embedded, database) as there:
        settings.activate(settings.current().model_copy(update={"supabase_url": there.url}))

        def watched(viewer, where, number=0):
            async def app(scope, receive, send):
                scope.setdefault("state", {})["viewer"] = viewer
                await Starlette(routes=routes)(scope, receive, send)

            client = TestClient(app, follow_redirects=False, cookies=sign_in(viewer))
            return client.get(f"/video/{where}/{number}")

        watched.url, watched.asked, watched.embedded = there.url, there.asked, embedded
        yield watched


@pytest.fixture
def storage_file(database):
    """Put a file into the bucket."""

    def kept(name):
        with psycopg.connect(database.superuser_url) as conn:
            made = "insert into storage.objects (bucket_id, name) values ('demo-videos', %s)"
            conn.execute(made, [name])

    return kept


def test_an_owner_is_sent_on_to_a_link_that_soon_ends(watch, rows, storage_file):
    where = demo(rows)
    address = watch.url + "/storage/v1/object/public/demo-videos/{}/a.mp4"
    for number, form in enumerate(("{}/a.mp4", "demo-videos/{}/a.mp4", address)):
        video(rows, where, storage_url=form.format(where), order_index=number)
    storage_file(f"{where}/a.mp4")
    for number in range(3):
        answer = watch(ANA, where, number)
        assert answer.status_code == 303
        signed = f"{watch.url}/storage/v1/object/sign/demo-videos/{where}/a.mp4?token=t"
        assert answer.headers["location"] == signed
        assert answer.headers["cache-control"] == "no-store"
    assert set(watch.asked) == {(ANA.email, f"{where}/a.mp4", "300")}


def test_nobody_else_gets_one(watch, rows, storage_file):
    where = demo(rows)
    video(rows, where, storage_url=f"{where}/a.mp4", order_index=0)
    storage_file(f"{where}/a.mp4")
    assert watch(BEN, where).status_code == 404
    assert watch(PIA, where).status_code == 403
    assert watch.asked == []
    # Whoever writes another's file into a row of their own is refused by the storage.
    own = demo(rows, BEN)
    video(rows, own, storage_url=f"{where}/a.mp4", order_index=0)
    answer = watch(BEN, own)
    assert answer.status_code == 404
    assert "no such file" in answer.text
    assert watch.asked == [(BEN.email, f"{where}/a.mp4", "300")]


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/storage/v1/object/public/demo-videos/a.mp4", "https://cdn.example/a.mp4",
     "../other/a.mp4", " "],
)  # fmt: skip
def test_what_lies_elsewhere_is_told_and_never_followed(watch, rows, elsewhere):
    where = demo(rows)
    video(rows, where, storage_url=elsewhere, order_index=0)
    answer = watch(ANA, where)
    assert answer.status_code == 404
    assert "does not lie in the platform" in answer.text
    assert watch.asked == []


@pytest.mark.parametrize("number", ["7", "x", "-1"])
def test_a_number_that_no_video_has(watch, rows, number):
    assert watch(ANA, demo(rows), number).status_code == 404


def test_a_storage_that_is_away_is_told_in_words(sign_in):  # noqa: F811
    away = {"supabase_url": "http://127.0.0.1:9"}
    settings.activate(settings.current().model_copy(update=away))
    with pytest.raises(storage.StorageError, match="does not answer"):
        storage.signed_link("token", "a.mp4")


def test_the_embedded_default_has_no_storage_and_the_platform_has(sign_in, watch):  # noqa: F811
    assert storage.is_there()
    settings.activate(settings.current().model_copy(update={"supabase_url": watch.embedded}))
    assert not storage.is_there()
