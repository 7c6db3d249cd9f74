"""Those who come with something that is not theirs: tokens, session ids, forms, tabs, addresses."""

import base64
import json
import time
from uuid import uuid4

import httpx
import jwt
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from sqlalchemy import insert
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import ConnectionClosed, InvalidStatus

from domo_insights.auth import cookies as jar
from domo_insights.auth.web_sessions import _key
from domo_insights.database.tables_sessions import web_sessions
from domo_insights.ui.back_messages import is_dropped
from tests.factories import ANA, BEN, NOON, PIA
from tests.security.live import PASSWORD, asked

HOUR = 3600
KINDS = {
    "forged": {},
    "tampered": {},
    "none": {},
    "hs256 with the public key": {},
    "unknown key": {},
    "expired": {"iat": -2 * HOUR, "exp": -HOUR},
    "future": {"iat": HOUR, "exp": 2 * HOUR},
    "not yet": {"nbf": HOUR},
    "wrong issuer": {"iss": "https://evil.example/auth/v1"},
    "wrong audience": {"aud": "anon"},
    "service role": {"role": "service_role"},
    "not a user": {"sub": "' or 1=1 --"},
}
PRIVATE = ["/", "/conversations", "/export/demos.mine.csv", "/_stcore/host-config", "/media/x.png"]


def token_of(live, kind):
    """An access token that says it is Ana's, of one of KINDS."""
    now = int(time.time())
    said = {"iss": live.keys.issuer, "sub": str(ANA.user_id), "aud": "authenticated",
            "role": "authenticated", "iat": 0, "exp": HOUR, "email": ANA.email, "aal": "aal1",
            "app_metadata": {"role": "product_team"}} | KINDS[kind]  # fmt: skip
    said |= {name: now + said[name] for name in ("iat", "exp", "nbf") if name in said}
    genuine = live.keys.private_pem
    kid = {"kid": live.keys.kid}
    if kind == "none":
        return f"{_part({'alg': 'none', **kid})}.{_part(said)}."
    if kind == "hs256 with the public key":
        public = load_pem_private_key(genuine.encode(), None).public_key()
        pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        head = f"{_part({'alg': 'HS256', **kid})}.{_part(said)}"
        mark = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
        return f"{head}.{_coded(mark.sign(head.encode(), pem))}"
    if kind in {"forged", "unknown key"}:
        stranger = ec.generate_private_key(ec.SECP256R1())
        kid = {"kid": "another"} if kind == "unknown key" else kid
        return jwt.encode(said, stranger, "ES256", headers=kid)
    made = jwt.encode(said, genuine, "ES256", headers=kid)
    if kind != "tampered":
        return made
    head, _, signature = made.split(".")
    return f"{head}.{_part(said | {'sub': str(PIA.user_id)})}.{signature}"


def _part(content):
    return _coded(json.dumps(content).encode())


def _coded(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def nobody(live, cookie=None, **headers):
    """Nothing that is behind the sign-in opens, by any way in."""
    if cookie is not None:
        headers["Cookie"] = f"domo_sid={cookie}"
    with live.client(None, **headers) as browser:
        for path in PRIVATE:
            assert browser.get(path).status_code in {303, 401, 404}, path
    with pytest.raises((ConnectionClosed, InvalidStatus)), live.socket(cookie) as tab:
        asked(tab, "overview", {})


@pytest.mark.parametrize("kind", KINDS)
def test_no_made_up_token_opens_anything(live, kind):
    token = token_of(live, kind)
    nobody(live, Authorization=f"Bearer {token}")
    nobody(live, token)
    key = live.settings.supabase_publishable_key
    answer = httpx.get(f"{live.settings.supabase_url}/auth/v1/user", trust_env=False,
                       headers={"apikey": key, "Authorization": f"Bearer {token}"})  # fmt: skip
    assert answer.status_code in {401, 403}, answer.text


@pytest.mark.parametrize("kind", KINDS)
def test_no_made_up_token_is_believed_in_a_session_either(live, kind):
    """As somebody who can write the table and encrypt, but not sign."""
    session, held = jar.new_id(), {"access_token": token_of(live, kind), "refresh_token": "x"}
    with live.database.admin.begin() as conn:
        conn.execute(
            insert(web_sessions).values(
                id_hash=_key(session), user_id=ANA.user_id, email=ANA.email, product_team=True,
                tokens=live.settings.session_cipher.encrypt(orjson.dumps(held)), csrf="x",
                expires_at=NOON.replace(year=2100),
            )
        )  # fmt: skip
    nobody(live, session)


def test_a_stolen_id_ends_with_the_sign_out_even_in_an_open_tab(live):
    stolen = live.new_session(BEN)
    with live.socket(stolen) as tab:
        assert live.world.ben.is_in(asked(tab, "demos", {}))
        with live.client(None, Cookie=f"domo_sid={stolen}") as browser:
            token = browser.get("/sign-out").text.split('name="csrf" value="')[1].split('"')[0]
            assert browser.post("/sign-out", data={"csrf": "x" * 43}).status_code == 403
            assert browser.post("/sign-out", data={"csrf": token}).status_code == 303
        shown = asked(tab, "conversations", {"period": "90d"})
        assert not live.world.ben.is_in(shown)
        assert b"Nobody is signed in" in shown
    nobody(live, stolen)
    nobody(live, stolen)


def test_an_id_that_was_planted_is_not_taken_over(live):
    planted = jar.new_id()
    nobody(live, planted)
    given = live.new_session(BEN, domo_sid=planted)
    assert given != planted
    nobody(live, planted)


@pytest.mark.parametrize("change", ["reversed", "shortened", "of another case", "hashed"])
def test_a_session_id_is_not_guessed_from_another(live, change):
    mine = live.session_of(BEN)
    changed = {"reversed": mine[::-1], "shortened": mine[:-1], "of another case": mine.swapcase(),
               "hashed": _coded(_key(mine))}[change]  # fmt: skip
    nobody(live, changed)


ORIGINS = ["http://evil.example", "null", "https://127.0.0.1", "http://127.0.0.1.evil.example",
           "http://localhost", "file://", ""]  # fmt: skip


@pytest.mark.parametrize("origin", ORIGINS)
def test_no_other_site_posts_or_listens_in_a_users_name(live, origin):
    session = live.session_of(BEN)
    if origin:
        with (
            pytest.raises((ConnectionClosed, InvalidStatus)),
            live.socket(session, origin=origin) as tab,
        ):
            asked(tab, "overview", {})
    with live.client(BEN, Origin=origin) as browser:
        token = browser.get("/sign-out").text.split('name="csrf" value="')[1].split('"')[0]
        assert browser.post("/sign-out", data={"csrf": token}).status_code == 403
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            assert browser.request(method, "/media/x").status_code == 403
    with live.client(None, Origin=origin) as browser:
        page = browser.get("/sign-in")
        token = page.text.split('name="csrf" value="')[1].split('"')[0]
        form = {"csrf": token, "email": BEN.email, "password": PASSWORD}
        assert browser.post("/sign-in", data=form).status_code == 403
    assert live.page(BEN, "overview")


@pytest.mark.parametrize(
    "leads_to",
    ["//evil.example", "/\\evil.example", "https://evil.example", "/%2f/evil.example", "\t//evil",
     "/%5cevil.example", "javascript:alert(1)", "/..//evil.example", "///evil.example",
     "/\r\nSet-Cookie: a=b", "@evil.example", ".evil.example"],
)  # fmt: skip
def test_the_sign_in_leads_nowhere_else(live, leads_to):
    with live.client(BEN) as browser:
        answer = browser.get("/sign-in", params={"next": leads_to})
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert "a=b" not in str(answer.headers)
    with live.client() as browser:
        page = browser.get("/sign-in", params={"next": leads_to})
        assert 'name="next" value="/"' in page.text


def test_a_tab_of_another_user_is_not_taken_over(live):
    with live.socket(live.session_of(ANA)) as tab:
        shown = asked(tab, "conversations", {"conversation": live.world.ana.conversations[0]})
        assert live.world.ana.is_in(shown)
        with live.socket(live.session_of(ANA)) as other:
            other.send(_rerun())
            first = ForwardMsg.FromString(other.recv(timeout=60))
            ids = first.new_session.initialize.session_id
    assert ids
    with live.socket(live.session_of(BEN), tab=ids) as taken:
        shown = asked(taken, "conversations", {"period": "90d"})
    assert not live.world.ana.is_in(shown)
    with live.socket(live.session_of(BEN), tab=str(uuid4())) as made_up:
        assert not live.world.ana.is_in(asked(made_up, "overview", {}))


def _rerun():
    back = BackMsg()
    back.rerun_script.page_name = "overview"
    return back.SerializeToString()


def test_a_browser_asks_streamlit_for_nothing_that_is_the_servers(live):
    with live.socket(live.session_of(BEN)) as tab:
        for name in ("load_git_info", "clear_cache", "set_run_on_save", "debug_shutdown_runtime"):
            tab.send(BackMsg(**{name: True}).SerializeToString())
        tab.send(b"\xff\xff no message at all")
        tab.send(_rerun())
        kinds = []
        while "script_finished" not in kinds:
            kinds.append(ForwardMsg.FromString(tab.recv(timeout=60)).WhichOneof("type"))
    assert not {"git_info_changed", "file_urls_response"} & set(kinds)
    with live.client() as browser:
        assert browser.get("/healthz").status_code == 200


def test_only_messages_that_draw_pages_reach_streamlit():
    for name in ("load_git_info", "clear_cache", "set_run_on_save"):
        assert is_dropped(BackMsg(**{name: True}).SerializeToString())
    assert is_dropped(b"\xff\xff")
    assert not is_dropped(_rerun())
    assert not is_dropped(BackMsg(app_heartbeat=True).SerializeToString())
