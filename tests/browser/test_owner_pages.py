"""The owner's pages in a real browser: what opens, what leaves, and who can use it."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.browser.conftest import open_page, settle

pytestmark = pytest.mark.browser
AXE = Path(__file__).parent / "vendor" / "axe.min.js"
# Streamlit's own: groups inside its navigation's list, and the unnamed points of its sparklines.
STREAMLITS = """{exclude: [['[data-testid="stSidebarNav"]'], ['[data-testid="stMetricChart"]']]}"""
PAGES = ("/", "/demos", "/demos?demo={demo}", "/conversations", "/sentiment", "/webhooks",
         "/my_access", "/platform")  # fmt: skip
DEEPER = ("/conversations?conversation={conversation}", "/playground?demo={demo}&question=How+much",
          "/sentiment?mark=feelings%3Fsentiment%3Dnegative", "/evaluation?demo={demo}")  # fmt: skip
OF_WORDS = ("/playground?demo={demo}", "/evaluation?demo={demo}")


def demo_of(page):
    """The first demo of the table's export, through the browser's own session."""
    answer = page.request.get("/export/demos.ranked.json?period=30d")
    return answer.json()["rows"][0]


@pytest.fixture
def ana(site, visit):
    page = visit("ana", base_url=site.url)
    open_page(site, page)
    return page


def test_a_receipt_says_what_the_number_rests_on(ana):
    ana.get_by_test_id("stPopover").filter(has_text="was").first.get_by_role("button").click()
    body = ana.get_by_test_id("stPopoverBody")
    body.get_by_text("insights.conversation_counts(").wait_for()
    said = body.inner_text()
    assert "Conversations that started in the period." in said
    assert "Counted: " in said
    assert "of test conversations" in said
    assert '"conversation_counts_2"' in said
    assert "As of " in said


def test_an_export_is_what_the_page_shows(ana):
    ana.locator(".st-key-newest").get_by_role("button", name="Export").click()
    with ana.expect_download() as waiting:
        ana.get_by_role("link", name="CSV file").click()
    text = Path(waiting.value.path()).read_text()
    rows = [line for line in text.splitlines() if not line.startswith("# ")]
    assert len(list(csv.DictReader(io.StringIO("\n".join(rows))))) == 8
    assert "# as of: " in text


def test_no_table_gives_a_file_that_does_not_escape_formulas(ana):
    table = ana.locator(".st-key-newest").get_by_test_id("stDataFrame")
    table.scroll_into_view_if_needed()
    table.hover()
    ana.get_by_role("button", name="Fullscreen: Conversations").wait_for()
    assert ana.get_by_role("button", name="Download as CSV").count() == 0


def test_a_review_is_kept_and_taken_off_the_list(ana):
    block = ana.locator(".st-key-read_next")
    before = block.get_by_role("link", name="Read").count()
    assert before
    first = block.get_by_test_id("stCaptionContainer").first.inner_text()
    block.get_by_role("button", name="Review").first.click()
    body = ana.get_by_test_id("stPopoverBody")
    body.get_by_text("Reviewed").first.click()
    body.get_by_label("Note").fill("Call them back **soon**")
    body.get_by_label("Note").blur()
    body.get_by_role("button", name="Keep").click()
    settle(ana)
    ana.wait_for_function("said => !document.querySelector('.st-key-read_next')"
                          ".innerText.includes(said)", arg=first)  # fmt: skip
    block.get_by_text("Show reviewed ones as well").click()
    settle(ana)
    told = ana.request.get("/export/read_next.ranked.json?period=30d&reviewed=1&limit=1000").json()
    assert "Call them back **soon**" in [row["note"] for row in told["rows"]]


def test_the_summary_is_a_page_for_its_owner_alone(site, ana, visit):
    where = f"/summary/{demo_of(ana)['demo_id']}?period=30d"
    ana.goto(where)
    assert ana.get_by_role("heading", level=1).inner_text() == demo_of(ana)["demo"]
    assert ana.locator("rect").count() >= 29
    assert visit("ben", base_url=site.url).request.get(where).status == 404
    stranger = visit(None, base_url=site.url)
    assert stranger.request.get(where, headers={"accept": "application/json"}).status == 401


def barriers(page):
    """What axe finds serious in what is ours."""
    page.evaluate(AXE.read_text())
    found = page.evaluate(f"axe.run({STREAMLITS}, {{resultTypes: ['violations']}})")
    return [
        (broken["id"], node["html"][:200])
        for broken in found["violations"]
        if broken["impact"] in ("serious", "critical")
        for node in broken["nodes"]
    ]


@pytest.fixture(params=[("light", 1440), ("dark", 1440), ("light", 390), ("dark", 390)], ids=str)
def looked_at(request, site, visit):
    """Opens a window in each scheme, on a laptop and on a phone."""
    scheme, width = request.param

    def opened(name):
        return visit(name, base_url=site.url, color_scheme=scheme,
                     viewport={"width": width, "height": 1350 if width > 500 else 844})  # fmt: skip

    return opened


@pytest.mark.parametrize("path", PAGES + DEEPER)
def test_no_serious_barrier(site, looked_at, path):
    page = looked_at("pia" if path == "/platform" else "ana")
    open_page(site, page)
    demo = demo_of(page)["demo"].replace(" ", "+")
    read = page.request.get("/export/conversations.listing.json?period=30d&limit=1").json()["rows"]
    conversation = read[0]["conversation_id"] if read else ""
    open_page(site, page, path.format(demo=demo, conversation=conversation))
    found = barriers(page)
    assert found == [], json.dumps(found, indent=1)


def test_no_serious_barrier_in_what_opens(site, looked_at):
    page = looked_at("ana")
    open_page(site, page)
    for name in ("receipt of Conversations", "Export Newest", "Review", "Views", "Filters"):
        page.get_by_role("button", name=name).first.click()
        body = page.get_by_test_id("stPopoverBody")
        body.wait_for()
        settle(page)
        found = barriers(page)
        assert found == [], f"{name}: {json.dumps(found, indent=1)}"
        page.keyboard.press("Escape")
        body.wait_for(state="detached")


def test_no_serious_barrier_where_a_conversation_is_erased(site, looked_at):
    page = looked_at("ana")
    open_page(site, page)
    read = page.request.get("/export/conversations.listing.json?period=30d&limit=1").json()["rows"]
    open_page(site, page, f"/conversations?conversation={read[0]['conversation_id']}")
    page.get_by_role("button", name="Erase").click()
    page.get_by_role("button", name="Erase for good").wait_for()
    settle(page)
    found = barriers(page)
    assert found == [], json.dumps(found, indent=1)


def test_no_serious_barrier_where_somebody_signs_out_everywhere(site, looked_at):
    page = looked_at("ana")
    open_page(site, page, "/my_access")
    page.get_by_role("button", name="Sign out everywhere").click()
    page.get_by_role("button", name="Yes, everywhere").wait_for()
    settle(page)
    found = barriers(page)
    assert found == [], json.dumps(found, indent=1)


@pytest.mark.parametrize("path", ["", "/mail", "/reset", "/code", "/new", "/link", "/password"])
def test_no_serious_barrier_before_the_door(site, looked_at, path):
    page = looked_at(None)
    page.goto(f"/sign-in{path}")
    found = barriers(page)
    assert found == [], json.dumps(found, indent=1)


def test_the_first_controls_are_reached_by_keyboard_alone(ana):
    reached = []
    for _ in range(30):
        ana.keyboard.press("Tab")
        reached.append(ana.evaluate(
            "(document.activeElement.getAttribute('aria-label') || "
            "document.activeElement.innerText || '').trim()"))  # fmt: skip
    said = " ".join(reached)
    assert "Overview" in said
    assert "Filters" in said
    assert "Views" in said


def test_from_a_chart_to_the_playground_and_back(site, visit):
    page = visit("ana", base_url=site.url, viewport={"width": 1440, "height": 1700})
    open_page(site, page, "/conversations?period=90d")
    cells = page.locator(".st-key-starts .nsewdrag").first.bounding_box()
    counts = page.request.get("/export/conversations_shape.starts.json?period=90d").json()["rows"]
    best = max(counts, key=lambda slot: slot["conversations"])
    page.mouse.click(cells["x"] + cells["width"] * (best["hour"] + 0.5) / 24,
                     cells["y"] + cells["height"] * (best["weekday"] + 0.5) / 7)  # fmt: skip
    page.wait_for_url("**behind=**")
    page.get_by_text("Only those started on").wait_for()
    page.get_by_text(f"{best['conversations']} conversations.").wait_for()
    rows = page.url
    page.locator(".st-key-all canvas").first.click(position={"x": 16, "y": 50}, force=True)
    page.wait_for_url("**conversation=**")
    read = page.url
    page.get_by_role("link", name="Try in playground").first.click()
    page.wait_for_url("**/playground**question=**")
    settle(page)
    page.go_back()
    page.wait_for_url(read)
    page.get_by_test_id("stChatMessage").first.wait_for()
    page.go_back()
    page.wait_for_url(rows)
    page.get_by_text("Only those started on").wait_for()
    page.get_by_test_id("stChatMessage").first.wait_for(state="detached")
    page.go_back()
    page.wait_for_url("**/conversations?period=90d")
    page.locator(".st-key-starts .nsewdrag").first.wait_for()


def test_rows_open_with_every_control_set_and_the_way_back_closes_them(site, visit):
    page = visit("ana", base_url=site.url, viewport={"width": 1440, "height": 2600})
    where = "/?period=7d&zone=Asia%2FKolkata"
    open_page(site, page, where)
    page.locator(".st-key-newest canvas").first.click(position={"x": 16, "y": 50}, force=True)
    page.wait_for_url("**conversation=**")
    page.get_by_test_id("stChatMessage").first.wait_for()
    page.go_back()
    page.wait_for_url(f"**{where}")
    page.get_by_test_id("stChatMessage").first.wait_for(state="detached")


def test_a_mark_of_sentiment_opens_its_messages_and_they_their_conversation(site, visit):
    page = visit("ana", base_url=site.url, viewport={"width": 1440, "height": 3200})
    open_page(site, page, "/sentiment")
    page.locator(".st-key-by_turn .point path").nth(2).click(force=True)
    page.wait_for_url("**mark=by_turn**")
    page.get_by_text("messages labelled negative, in turn 3").wait_for()
    page.locator(".st-key-by_turn_behind canvas, .st-key-behind_by_turn_rows canvas").first.click(
        position={"x": 16, "y": 50}, force=True
    )
    page.wait_for_url("**conversation=**")
    page.get_by_test_id("stChatMessage").first.wait_for()


def test_each_card_leads_to_what_is_behind_it(ana):
    cards = ana.locator(".st-key-kpis")
    names = [name.split("\n")[-1] for name in cards.get_by_role("link").all_inner_texts()]
    assert len(set(names)) == 6
    cards.get_by_role("link", name="Read negative").click()
    ana.wait_for_url("**/sentiment**mark=**")
    settle(ana)
    ana.get_by_text("messages labelled negative").wait_for()
    # Rows of the page itself are a button away, and a step of the browser's history.
    cards.get_by_role("button", name="Read unlabelled").first.click()
    ana.get_by_text("messages without sentiment").wait_for()
    ana.go_back()
    ana.get_by_text("messages labelled negative").wait_for()


@pytest.mark.parametrize("path", [*(page for page in PAGES if page != "/my_access"), *OF_WORDS])
def test_every_card_leads_on_and_every_control_has_a_name_of_its_own(site, visit, path):
    page = visit("pia" if path == "/platform" else "ana", base_url=site.url)
    open_page(site, page)
    open_page(site, page, path.format(demo=demo_of(page)["demo"].replace(" ", "+")))
    number = 4 if path in OF_WORDS else 6
    page.locator('.st-key-kpis [class*="st-key-card_"]').nth(number - 1).wait_for()
    settle(page)
    cards = page.locator('.st-key-kpis [class*="st-key-card_"]').evaluate_all(
        "all => all.map(c => c.querySelectorAll('a, [class*=st-key-behind_] button').length > 0)"
    )
    assert cards == [True] * number
    names = page.locator('[data-testid="stMain"]').evaluate(
        "main => [...main.querySelectorAll('[data-testid=stPopoverButton], summary, a')]"
        ".filter(e => e.checkVisibility()).map(e => e.innerText.trim())"
    )
    assert sorted(names) == sorted(set(names))
    for way in page.locator('.st-key-kpis a[href^="#"]').all():
        way.click()
        block = page.locator(f"[id='{way.get_attribute('href')[1:]}']")
        page.wait_for_function("e => e.getBoundingClientRect().top < innerHeight",
                               arg=block.element_handle())  # fmt: skip


@pytest.mark.parametrize("path", ["/", "/conversations", "/sentiment", "/demos"])
def test_on_a_laptop_the_top_line_is_one_and_no_label_is_cut(site, visit, path):
    page = visit("ana", base_url=site.url)
    open_page(site, page, path)
    page.get_by_test_id("stMetricLabel").nth(5).wait_for()
    title = page.get_by_role("heading", level=1).bounding_box()
    views = page.get_by_role("button", name="Views").bounding_box()
    assert views["y"] < title["y"] + title["height"]
    cut = page.locator('[data-testid="stMetricLabel"] p').evaluate_all(
        "all => all.filter(p => p.scrollWidth > p.clientWidth + 1).map(p => p.innerText)"
    )
    assert cut == []


def test_where_no_period_counts_its_controls_are_hidden_and_keep_what_they_say(site, visit):
    page = visit("ana", base_url=site.url)
    open_page(site, page, "/?period=7d")
    page.get_by_role("link", name="My access").click()
    page.get_by_role("heading", name="My access").wait_for()
    page.get_by_role("radiogroup", name="Period").wait_for(state="hidden")
    page.get_by_role("combobox", name="Demo").wait_for(state="hidden")
    assert page.get_by_role("button", name="Time zone").is_visible()
    settle(page)
    page.get_by_role("link", name="Overview").click()
    page.get_by_role("heading", name="Overview").wait_for()
    page.get_by_role("radiogroup", name="Period").wait_for()
    settle(page)
    assert "period=7d" in page.url


def test_a_period_of_one_day_is_shared_by_its_address(site, visit):
    page = visit("ana", base_url=site.url)
    day = datetime.now(UTC).date() - timedelta(days=3)
    open_page(site, page, f"/?period=Custom&days={day}&days={day}")
    for _ in range(2):  # as it was written, and as the browser has it now: with the day once
        page.get_by_text("compared with").first.wait_for()
        assert page.get_by_text("The period has no").count() == 0
        page.reload()
        page.get_by_role("heading", name="Overview").wait_for()
        settle(page)


def test_days_that_no_calendar_has_room_for_are_not_kept(site, visit):
    page = visit("ana", base_url=site.url)
    open_page(site, page, "/my_access?period=Custom&days=0001-01-01&days=9999-12-31")
    page.get_by_role("heading", name="Audit log of your demos").wait_for()
    assert page.get_by_test_id("stException").count() == 0


def test_a_link_chooses_its_demo(ana):
    block = ana.locator(".st-key-attention")
    name = block.get_by_test_id("stText").first.inner_text()
    block.get_by_role("link", name="Look").first.click()
    ana.wait_for_url("**demo=**")
    settle(ana)
    assert ana.get_by_role("combobox", name="Demo").first.input_value() == name
    ana.go_back()
    settle(ana)
    assert ana.get_by_role("combobox", name="Demo").first.input_value() == "All demos"


def test_a_kept_view_opens_from_another_page(site, visit):
    page = visit("ben", base_url=site.url)
    open_page(site, page, "/conversations?period=7d&zone=Asia%2FKolkata")
    page.get_by_role("button", name="Views").click()
    page.get_by_label("Keep this view as").fill("Kolkata's week")
    page.get_by_role("button", name="Keep", exact=True).click()
    page.get_by_test_id("stPopoverBody").get_by_text("Kolkata's week").wait_for()
    settle(page)
    open_page(site, page, "/sentiment?period=90d")
    page.get_by_role("button", name="Views").click()
    steps = page.evaluate("history.length")
    page.get_by_test_id("stPopoverBody").get_by_role("link", name="Kolkata's week").click()
    page.wait_for_url("**/conversations?**")
    page.get_by_text("Asia/Kolkata").first.wait_for()
    settle(page)
    assert "period=7d" in page.url
    assert "zone=Asia%2FKolkata" in page.url
    assert page.evaluate("history.length") == steps + 1
    page.go_back()
    page.wait_for_url("**/sentiment?period=90d**")
