"""The evaluation page in a real browser: a replay, a gap that is closed, and what that fixed."""

import re
from urllib.parse import quote

import pytest

from tests.browser.conftest import open_page, settle

pytestmark = pytest.mark.browser


@pytest.fixture
def ana(site, visit):
    page = visit("ana", viewport={"width": 1440, "height": 1800})
    open_page(site, page)
    rows = page.request.get(f"{site.url}/export/demos.ranked.json?period=30d").json()["rows"]
    open_page(site, page, f"/evaluation?period=30d&demo={quote(rows[0]['demo'])}")
    return page


def replay(page):
    page.get_by_role("button", name="Replay now").click()
    page.get_by_text(re.compile("questions of .* messages")).wait_for()
    page.get_by_role("button", name="Stop").wait_for(state="detached")
    settle(page)


def test_a_gap_is_closed_and_the_next_replay_says_so(ana):
    block = ana.locator(".st-key-replay")
    replay(ana)
    box = block.get_by_test_id("stDataFrame").last.bounding_box()
    ana.mouse.click(box["x"] + 14, box["y"] + 52)
    gap = ana.locator(".st-key-gap")
    gap.get_by_role("link", name="Transcript 1").wait_for()
    gap.get_by_role("link", name="Try in playground").wait_for()
    form = ana.locator(".st-key-close_gap")
    form.get_by_label("Answer").fill("Yes. That is exactly what we do, and here is how.")
    form.get_by_role("button", name="Save").click()
    form.get_by_text("Saved.").wait_for()
    settle(ana)
    replay(ana)
    block.get_by_text(re.compile(r"Since the replay before: [1-9]\d* (fixed|better)")).wait_for()
    assert not ana.get_by_test_id("stException").count()


def test_a_replay_can_be_stopped_and_run_again(site, ana):
    def stored():
        answer = ana.request.get(f"{site.url}/export/replays.runs.json?period=30d&limit=1000")
        return len(answer.json()["rows"])

    ana.get_by_role("button", name="Replay now").click()
    ana.get_by_role("button", name="Stop").click()
    ana.get_by_role("button", name="Stop").wait_for(state="detached")
    settle(ana)
    before = stored()
    replay(ana)
    assert stored() == before + 1
    assert not ana.get_by_test_id("stException").count()
