"""Open pages and what arrives: in real tabs, through the demo's own webhook address."""

import json
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from uuid import uuid4

import psycopg
import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from domo_insights.local.server import PostgresServer
from domo_insights.metrics import THIN
from tests.browser.conftest import numbers, open_page
from tests.local.processes import eventually

pytestmark = pytest.mark.browser
TABS = ("/webhooks", "/", "/webhooks")


def address(page):
    """The address that the page tells its owner to give to Tavus."""
    return "".join(page.locator(".st-key-address code").first.inner_text().split())


def deliver(where, **properties):
    body = {
        "conversation_id": f"live{uuid4().hex[:8]}",
        "event_type": "conversation.utterance",
        "message_type": "conversation",
        "timestamp": datetime.now(UTC).isoformat(),
        "inference_id": uuid4().hex,
        "properties": {"role": "user", "speech": "Hello"} | properties,
    }
    sent = urllib.request.Request(
        where, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(sent, timeout=60) as answer:
        assert answer.status == 200


def events(page):
    """The number on the card; none while the page is being drawn."""
    shown = numbers(page).get("Events")
    return int(shown.replace(THIN, "")) if shown else None


def stays(page):
    """Mark the document: the mark goes when the page is loaded anew."""
    page.evaluate("() => { window.never_reloaded = true }")


def listeners(site, *, end_all=False):
    """How many connections of the app listen; or end every connection that it has."""
    with psycopg.connect(PostgresServer(site.folder).url("supabase_admin")) as conn:
        found = conn.execute(
            "select pid, query from pg_stat_activity where usename = 'domo_insights'"
        ).fetchall()
        if end_all:
            for pid, _ in found:
                conn.execute("select pg_terminate_backend(%s)", (pid,))
    return sum(query.startswith("listen ") for _, query in found)


def test_a_test_event_is_seen_to_arrive(site, visit):
    page = visit("ana")
    open_page(site, page, "/webhooks")
    before = events(page)
    stays(page)
    page.get_by_role("button", name="Send a test event").click()
    page.get_by_text("Arrived: answered with 200").wait_for()
    eventually(lambda: events(page) == before + 1, "the event is counted")
    assert page.evaluate("() => window.never_reloaded")


def test_a_storm_reaches_every_tab_of_its_owner_and_nobody_else(site, visit):
    page, other = visit("ana"), visit("ben")
    open_page(site, page, "/webhooks")
    open_page(site, other, "/webhooks")
    where, before, theirs = address(page), events(page), events(other)
    tabs = [page, *(page.context.new_page() for _ in TABS[1:])]
    for tab, path in zip(tabs[1:], TABS[1:], strict=True):
        open_page(site, tab, path)
    for tab in tabs:
        stays(tab)
    said = f"x{uuid4().hex[:6]} https://evil.example"
    with ThreadPoolExecutor(4) as many:
        list(many.map(lambda n: deliver(where, speech=f"{said} {n}"), range(24)))
    for tab, path in zip(tabs, TABS, strict=True):
        if path == "/webhooks":
            eventually(lambda tab=tab: events(tab) == before + 24, "the storm is counted")
        assert tab.evaluate("() => window.never_reloaded")
    assert events(other) == theirs
    assert listeners(site) == 1


def test_only_what_came_out_differently_is_sent(site, visit):
    page, got = visit("ana"), []
    page.on("websocket", lambda line: line.on("framereceived", lambda raw: got.append(raw)))
    open_page(site, page, "/webhooks")
    where, whole = address(page), len(got)
    page.locator("summary", has_text="Numbers").first.click()  # open, and it stays open
    for _ in range(5):
        so_far, before = len(got), events(page)
        deliver(where)
        eventually(lambda: events(page) == before + 1, "the event is counted")  # noqa: B023
        heard = [ForwardMsg.FromString(raw) for raw in got[so_far:]]
        heard = [said for said in heard if not said.HasField("session_status_changed")]
        if all(said.HasField("delta") for said in heard):
            break  # else the browser, which asks now and then, was first
    assert heard
    assert {said.WhichOneof("type") for said in heard} == {"delta"}
    assert len(heard) < whole / 4
    assert page.locator(".st-key-percentiles_numbers details[open]").count() == 1


def test_what_somebody_reads_stays_where_it_is(site, visit):
    page = visit("ana")
    open_page(site, page, "/webhooks")
    where = address(page)
    deliver(where, speech="Read me")
    eventually(lambda: page.get_by_text("They appear by themselves.").count() == 1, "it is live")
    open_page(site, page, "/webhooks")
    before = events(page)
    rows = page.locator(".st-key-newest_event_rows")
    rows.scroll_into_view_if_needed()
    rows.click(position={"x": 16, "y": 52})  # the mark of the first row
    page.locator(".st-key-newest_events").get_by_text("Read me").first.wait_for()
    deliver(where, speech="Newer")
    eventually(lambda: events(page) == before + 1, "the event is counted")
    page.get_by_text("There are newer rows.").wait_for()
    assert page.locator(".st-key-newest_events").get_by_text("Read me").count()


def test_the_database_goes_and_comes_back_under_an_open_page(site, visit):
    page = visit("ana")
    open_page(site, page, "/webhooks")
    where, before = address(page), events(page)
    stays(page)
    listeners(site, end_all=True)
    eventually(lambda: listeners(site) == 1, "it listens again")
    deliver(where)
    eventually(lambda: events(page) == before + 1, "the page goes on")
    assert page.evaluate("() => window.never_reloaded")
