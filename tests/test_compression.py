"""What the middleware changes about static files, and what it leaves alone."""

import gzip

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from domo_insights.compression import Compressed
from tests import loops

WORDS = b"export const answer = 42;\n" * 1000


@pytest.fixture
def site(tmp_path):
    (tmp_path / "js").mkdir()
    (tmp_path / "js/index.D9Z0_fxz.js").write_bytes(WORDS)
    (tmp_path / "js/tiny.js").write_bytes(b"1")
    (tmp_path / "icon.png").write_bytes(WORDS)
    return Compressed(Starlette(routes=[Mount("/static", StaticFiles(directory=tmp_path))]))


def ask(site, path, encoding="gzip, br", **headers):
    async def asked():
        transport = httpx.ASGITransport(site)
        async with (
            httpx.AsyncClient(transport=transport, base_url="http://site") as client,
            client.stream("GET", path, headers={"Accept-Encoding": encoding, **headers}) as answer,
        ):
            return answer, b"".join([part async for part in answer.aiter_raw()])

    return loops.run(asked())


def test_a_file_goes_out_compressed_and_is_the_same(site):
    answer, body = ask(site, "/static/js/index.D9Z0_fxz.js")
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) == len(body) < len(WORDS) / 20
    assert gzip.decompress(body) == WORDS
    assert "Accept-Encoding" in answer.headers["vary"]
    assert answer.headers["content-type"].startswith("text/javascript")


def test_it_is_made_once(site, tmp_path):
    _, before = ask(site, "/static/js/index.D9Z0_fxz.js")
    (tmp_path / "js/index.D9Z0_fxz.js").unlink()
    _, after = ask(site, "/static/js/index.D9Z0_fxz.js")
    assert after == before
    assert ask(site, "/static/js/index.D9Z0_fxz.js", "identity")[0].status_code == 404


def test_who_leaves_before_the_answer_spoils_it_for_nobody(site):
    path = "/static/js/index.D9Z0_fxz.js"

    async def left():
        async def gone():
            return {"type": "http.disconnect"}

        async def unheard(_message):
            pass

        headers = [(b"accept-encoding", b"gzip")]
        scope = {"type": "http", "method": "GET", "path": path, "headers": headers}
        await site({**scope, "query_string": b"", "root_path": ""}, gone, unheard)

    loops.run(left())
    answer, body = ask(site, path)
    assert int(answer.headers["content-length"]) == len(body)
    assert gzip.decompress(body) == WORDS


@pytest.mark.parametrize(
    ("path", "encoding", "headers"),
    [
        ("/static/js/index.D9Z0_fxz.js", "identity", {}),
        ("/static/js/index.D9Z0_fxz.js", "br", {}),
        ("/static/js/index.D9Z0_fxz.js", "gzip", {"Range": "bytes=0-9"}),
        ("/static/icon.png", "gzip", {}),
        ("/static/js/tiny.js", "gzip", {}),
    ],
)
def test_what_is_left_as_it_is(site, path, encoding, headers):
    answer, body = ask(site, path, encoding, **headers)
    assert "content-encoding" not in answer.headers
    assert answer.status_code == (206 if headers else 200)
    assert body in (WORDS, WORDS[:10], b"1")


def test_what_is_not_there_is_not_kept(site, tmp_path):
    assert ask(site, "/static/js/late.js")[0].status_code == 404
    (tmp_path / "js/late.js").write_bytes(WORDS)
    answer, body = ask(site, "/static/js/late.js")
    assert answer.status_code == 200
    assert gzip.decompress(body) == WORDS
