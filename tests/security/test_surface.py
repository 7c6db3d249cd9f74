"""Every address, asked by everybody who should get nothing from it."""

import ast
import importlib
import io
import json
import pkgutil
import zipfile
from operator import attrgetter
from pathlib import Path
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlsplit

import pytest

from domo_insights import settings, ui
from domo_insights.auth.response_headers import headers_for
from domo_insights.queries import QUERIES
from tests.factories import ANA, BEN, PIA
from tests.local.processes import python
from tests.security.inventory import PAGES
from tests.security.live import asked
from tests.security.surface import PARAMETERS, PRIVATE, PUBLIC, STREAMLIT

PROBE = """
import json
from streamlit import config
config.set_option("server.scriptHealthCheckEnabled", True)
import app
from streamlit.web.server.starlette.starlette_app import create_streamlit_routes
theirs = create_streamlit_routes(app.app._create_runtime())
ours = app.app._user_routes
print(json.dumps([sorted({getattr(r, "path", None) or "/" for r in some})
                  for some in (ours, theirs)]))
"""
WHEN = {"period": "Custom", "days": "2026-02-01,2026-04-01"}
SQL = ["' OR 1=1 --", "'; DROP TABLE demos; --", "\\", "%", "_", "$1", "{}", "') UNION SELECT 1 --"]
FOUND = "/export/text_search.messages.csv"
NOISE = [*SQL, "\x00", "\ud83d", "é" * 3000, "<script>", "../../etc/passwd", "NaN", "-1", "9" * 400]


@pytest.fixture(scope="module")
def served():
    with python(PROBE) as process:
        out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return json.loads(out.splitlines()[-1])


def told(address, estate):
    return address.format(demo=estate.demo_id, talk=estate.conversations[0], event=estate.events[0])


def test_every_address_is_known_to_the_suite(served):
    ours, theirs = served
    assert set(ours) == set(PUBLIC) | set(PRIVATE)
    assert set(theirs) == set(STREAMLIT)


def test_every_page_is_known_to_the_suite():
    files = {path.stem for path in (Path(__file__).parents[2] / "pages").glob("*.py")}
    assert files == PAGES


def test_every_parameter_of_an_address_is_known_to_the_suite():
    found = set()
    for module in pkgutil.iter_modules(ui.__path__, f"{ui.__name__}."):
        spec = Path(ui.__path__[0]) / f"{module.name.rpartition('.')[2]}.py"
        tree = ast.parse(spec.read_text())
        names = [_key(node) for node in ast.walk(tree) if isinstance(node, ast.Call)]
        names = [name for name in names if name]
        names += [
            node.slice.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Subscript)
            and isinstance(node.slice, ast.Name)
            and ast.unparse(node.value) == "st.query_params"
        ]
        if names:
            loaded = importlib.import_module(module.name)
            constants = [name for name in names if name.rpartition(".")[2].isupper()]
            found |= {attrgetter(name)(loaded) for name in constants}
    assert found == PARAMETERS


def _key(call):
    """The name of what a widget is kept under in the address, or what is read from it."""
    said = {keyword.arg: keyword.value for keyword in call.keywords}
    bound = said.get("bind")
    if isinstance(bound, ast.Constant) and bound.value == "query-params":
        return ast.unparse(said["key"])
    if ast.unparse(call.func) in {"st.query_params.get", "st.query_params.pop"}:
        return ast.unparse(call.args[0])
    return None


@pytest.mark.parametrize("address", [a for asked in PRIVATE.values() for a in asked])
def test_what_asks_who_is_there_tells_nobody_and_no_other(live, address):
    path = told(address, live.world.ana)
    with live.client() as browser:
        answer = browser.get(path)
        assert answer.status_code in {303, 401}
        assert not live.world.ana.is_in(answer.text)
        script = browser.get(path, headers={"Accept": "application/json"})
        assert script.status_code == 401
    with live.client(BEN) as browser:
        answer = browser.get(path)
        assert answer.status_code in {200, 403, 404}
        asked = dict(parse_qsl(urlsplit(path).query)).values()
        assert not found(live.world.ana, answer.content, [path, *asked])
    with live.client(PIA) as browser:
        answer = browser.get(path)
        assert answer.status_code in {200, 403, 404}
        assert b"ANAMARK says" not in answer.content
        assert b"ana@" not in answer.content


def test_the_owner_gets_what_the_others_were_refused(live):
    with live.client(ANA) as browser:
        for addresses in PRIVATE.values():
            for address in addresses:
                answer = browser.get(told(address, live.world.ana))
                if address.startswith("/video/"):
                    # As far as the storage, of which there is none here; tests/exports has one.
                    assert "storage has no such file" in answer.text
                    continue
                assert answer.status_code == 200
                if "style" not in address:
                    assert found(live.world.ana, answer.content, []), address


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_no_export_gives_anothers_rows(live, name):
    """Every query through its address: with what is Ana's said in every parameter there is."""
    ana = live.world.ana
    said = {
        "period": "2026-02-01..2026-04-01",
        "demo": str(ana.demo_id),
        "conversation_id": ana.conversations[0],
        "event_id": str(ana.events[0]),
        "run_id": str((ana.replays if name.startswith(("replays", "xray")) else ana.runs)[0]),
        "words": "ANAMARK says",
        "question": "ANAMARK",
        "tests": "1",
    }
    for form in ("csv", "json"):
        for without in ((), ("demo",)):
            asks = {key: value for key, value in said.items() if key not in without}
            with live.client(BEN) as browser:
                answer = browser.get(f"/export/{name}.{form}", params=asks)
            assert answer.status_code in {200, 403, 404, 422}, answer.text
            assert not found(ana, answer.content, asks.values())
    with live.client() as browser:
        assert browser.get(f"/export/{name}.csv", params=said).status_code == 303


@pytest.mark.parametrize("noise", NOISE)
def test_no_text_in_an_address_breaks_an_export(live, noise):
    text = noise.encode("utf-8", "surrogatepass")
    asks = [(FOUND, key) for key in ("period", "demo", "zone", "as_of", "words", "limit")]
    asks += [("/export/conversations.transcript.json", "conversation_id")]
    asks += [("/export/transcript.md", "conversation")]
    asks += [(f"/summary/{live.world.ben.demo_id}", "period")]
    with live.client(BEN) as browser:
        for path, key in asks:
            answer = browser.get(path, params={key: text})
            assert answer.status_code in {200, 404, 422}, (path, key, answer.text)
            assert not live.world.ana.is_in(answer.text)


@pytest.mark.parametrize("name", sorted(PAGES))
def test_no_address_of_a_page_shows_anothers_rows(live, name):
    ana = live.world.ana
    theirs = {
        "demo": "ANAMARK demo",
        "conversation": ana.conversations[0],
        "question": "What does ANAMARK say?",
        "said": "ANAMARK",
        "tests": "true",
        "mark": "intents?ANAMARK_intent",
        "behind": f"2026-03-02T12:00:00+00:00~{ana.conversations[0]}",
        "at": "all",
        "page": "2",
        **WHEN,
    }
    shown = live.page(BEN, name, **theirs)
    assert not found(ana, shown, theirs.values())
    assert not found(ana, live.page(BEN, name, demo=str(ana.demo_id), **WHEN), [str(ana.demo_id)])
    shown = live.page(PIA, name, **theirs)
    for words in (b"ANAMARK says", b"ANAMARK visitor", b"ANAMARK content", b"ana@"):
        assert words not in shown


@pytest.mark.parametrize("name", sorted(PAGES - {"platform", "my_access"}))
def test_the_owner_sees_their_own_page(live, name):
    """Else the test above would hold for a page that shows nothing."""
    ana = live.world.ana
    shown = live.page(ANA, name, demo="ANAMARK demo", conversation=ana.conversations[0], **WHEN)
    assert ana.is_in(shown)
    assert not live.world.ben.is_in(shown)


@pytest.mark.parametrize("noise", NOISE)
def test_no_text_in_an_address_breaks_a_page(live, noise):
    noise = noise.encode("utf-8", "replace").decode()
    with live.socket(live.session_of(BEN)) as tab:
        for name in ("overview", "conversations", "playground"):
            shown = asked(tab, name, dict.fromkeys(PARAMETERS, noise))
            assert b"Traceback" not in shown
            assert not live.world.ana.is_in(shown)


@pytest.mark.parametrize("path", [path for path, what in STREAMLIT.items() if what == "closed"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS"])
def test_streamlits_own_doors_stay_closed_even_where_they_were_turned_on(live, path, method):
    path = path.format(session_id="x", file_id="y")
    for viewer in (None, ANA, PIA):
        with live.client(viewer) as browser:
            assert browser.request(method, path).status_code == 404
    headers = {"X-Streamlit-User": ANA.email, "Authorization": "Bearer x"}
    with live.client(None, **headers) as browser:
        assert browser.request(method, path).status_code == 404


@pytest.mark.parametrize(
    "path", [path for path, what in STREAMLIT.items() if what in {"behind", "dashboard"}]
)
def test_what_streamlit_serves_is_behind_the_sign_in(live, path):
    path = path.replace("{file_id:path}", "x.png").replace("{path:path}", "x/index.html")
    with live.client() as browser:
        assert browser.get(path).status_code in {303, 401}


def test_the_agent_api_is_off_in_our_settings():
    text = (Path(__file__).parents[2] / ".streamlit/config.toml").read_text()
    assert "\nenableAgentApi = false" in text


TRAVERSALS = [
    "/app/static/../frame.py",
    "/app/static/..%2fframe.py",
    "/app/static/%2e%2e/frame.py",
    "/app/static/%252e%252e/frame.py",
    "/app/static/..\\frame.py",
    "/app/static//etc/passwd",
    "/static/../../../../etc/passwd",
    "/static/js/%2e%2e/%2e%2e/index.html",
    "/static/js/..%5c..%5cindex.html",
    "/component/../../etc/passwd",
    "/media/..%2f..%2fetc%2fpasswd",
    "/sign-in/../healthz/../app.py",
    "/export/..%2f..%2fapp.py",
    "/export/demos.mine.csv%00.json",
    "/summary/..%2fstyle.css",
]


@pytest.mark.parametrize("path", TRAVERSALS)
def test_no_path_leads_to_a_file(live, path):
    for viewer in (None, BEN):
        with live.client(viewer) as browser:
            request = browser.build_request("GET", live.url)
            request.url = request.url.copy_with(raw_path=path.encode())
            answer = browser.send(request)
        assert answer.status_code < 500
        assert "root:" not in answer.text
        assert "import streamlit" not in answer.text


def found(estate, content, sent):
    """Traces of `estate` in what was answered, beside what the asker wrote themselves."""
    for value in sorted({str(s) for s in sent} | {unquote(str(s)) for s in sent}, key=len)[::-1]:
        for form in (value, quote(value), quote(value, safe=""), quote_plus(value)):
            content = content.replace(form.encode(), b"")
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as files:
            content = b"".join(files.read(name) for name in files.namelist())
    return [trace for trace in estate.traces if trace.encode() in content]


def test_every_answer_says_what_a_browser_may_do_with_it(live):
    addresses = [*PUBLIC, *STREAMLIT, *(a for asks in PRIVATE.values() for a in asks), "/nowhere",
                 "/healthz/", "/static/js/none.js"]  # fmt: skip
    for viewer in (None, ANA):
        with live.client(viewer) as browser:
            for address in addresses:
                if viewer and address == "/sign-out":
                    continue
                plain = address.replace("{provider}", "google").replace("{file_id:path}", "x")
                path = told(plain.replace("{path:path}", "x").replace("{demo_id}", "x")
                            .replace("{session_id}", "x").replace("{file_id}", "x"),
                            live.world.ana)  # fmt: skip
                for method in ("GET", "HEAD", "POST", "OPTIONS", "TRACE"):
                    answer = browser.request(method, path)
                    said = answer.headers
                    where = (viewer, method, path, dict(said))
                    policy = said["content-security-policy"]
                    assert "default-src 'none'" in policy, where
                    assert "unsafe-eval" not in policy.replace("'wasm-unsafe-eval'", ""), where
                    script = policy.partition("script-src")[2].partition(";")[0]
                    assert "unsafe-inline" not in script, where
                    assert "frame-ancestors 'none'" in policy or "sandbox" in policy, where
                    assert said["x-frame-options"] == "DENY", where
                    assert said["x-content-type-options"] == "nosniff", where
                    assert said["referrer-policy"] == "same-origin", where
                    assert "camera=()" in said["permissions-policy"], where
                    assert "access-control-allow-origin" not in said, where
                    assert "strict-transport-security" not in said, where


@pytest.mark.parametrize(
    ("public", "scheme", "told"),
    [
        ("https://insights.example", "http", True),
        ("", "https", True),
        ("http://127.0.0.1:8501", "http", False),
    ],
)
def test_browsers_are_told_to_stay_with_tls_where_there_is_some(database, public, scheme, told):
    settings.activate(database.settings.model_copy(update={"insights_public_url": public}))
    assert ("Strict-Transport-Security" in headers_for(scheme)) is told
