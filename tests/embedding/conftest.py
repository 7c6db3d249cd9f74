"""A service on 127.0.0.1 that answers like OpenAI, or as badly as a test wants."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from domo_insights import settings

KEY = "sk-a-secret-of-the-tests"


class StandIn(ThreadingHTTPServer):
    """`script` is what the next answers are: (status, headers, body); then it behaves."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script, self.asked, self.keys = [], [], []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/v1"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.asked.append(body)
        self.server.keys.append(self.headers["authorization"])
        status, headers, answer = (
            self.server.script.pop(0) if self.server.script else (200, {}, well(body["input"]))
        )
        sent = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    def log_message(self, *_):
        pass


def vector(text):
    """A vector that tells texts apart."""
    made = [0.0] * 1536
    for word in text.lower().split():
        made[sum(word.encode()) % 1536] += 1.0
    return made if any(made) else [1.0] * 1536


def well(texts):
    rows = [{"index": n, "embedding": vector(text)} for n, text in enumerate(texts)]
    return {"data": rows[::-1], "model": "x"}


@pytest.fixture
def openai(monkeypatch):
    server = StandIn()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    settings.activate(None)
    yield server
    settings.activate(None)
    server.shutdown()
    thread.join()
    server.server_close()
