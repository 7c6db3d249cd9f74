"""A storm of events under many open tabs, in a real Chromium on the same machine."""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import SplitResult, urlsplit
from uuid import UUID

from domo_insights.bench.browser import Progress, painted, window
from domo_insights.bench.figures import Sample
from domo_insights.bench.ingest import events, send
from domo_insights.bench.served import served
from domo_insights.ingest.webhook import webhook_url
from domo_insights.ui import places

if TYPE_CHECKING:
    from playwright.sync_api import Page

TABS: Final = 10
SECONDS: Final = 20
PER_SECOND: Final = 10
PATIENCE_SECONDS: Final = 60.0
_EVENTS: Final = """() => {
  const cards = [...document.querySelectorAll('[data-testid="stMetric"]')];
  const card = cards.find(one => one.innerText.startsWith('Events'));
  const value = card && card.querySelector('[data-testid="stMetricValue"]');
  return value ? Number(value.innerText.replace(/\\D/g, '')) : null;
}"""


def measure(
    folder: Path, cookies: Mapping[str, str], demo_id: UUID, progress: Progress
) -> dict[str, Any]:
    """How long after the last of many events the tabs of one owner count all of them."""
    progress("storm: ten tabs", 0.0)
    with served(folder) as site, window(site, cookies) as first:
        tabs = [first, *(first.context.new_page() for _ in range(TABS - 1))]
        for number, tab in enumerate(tabs):
            tab.goto(f"{site.url}/webhooks")
            painted(tab, places.WEBHOOKS.title)
            progress("storm: ten tabs", 0.5 * number / TABS)
        before = [tab.evaluate(_EVENTS) for tab in tabs]
        ended: list[float] = []
        where = urlsplit(webhook_url(demo_id, site.url))
        storm = Thread(target=_storm, args=(where, demo_id, lambda: ended.append(time.monotonic())))
        storm.start()
        right, apart = _watched(tabs, [count + SECONDS * PER_SECOND for count in before])
        storm.join()
    progress("storm", 1.0)
    late = Sample.of([max(moment - ended[0], 0.0) for moment in right])
    return {
        "storm_last_tab_s": max(late.values),
        "storm": {"last_event_to_right_s": late.as_json(), "between_updates_s": apart.as_json()},
    }


def _storm(where: SplitResult, demo_id: UUID, done: Callable[[], None]) -> None:
    begun = time.monotonic()
    for number, event in enumerate(events(SECONDS * PER_SECOND, "storm", demo_id)):
        time.sleep(max(0.0, begun + number / PER_SECOND - time.monotonic()))
        send(where, [json.dumps(event)])
    done()


def _watched(tabs: list["Page"], final: list[int]) -> tuple[list[float], Sample]:
    """When each tab was right, and the seconds between updates of a tab."""
    begun = time.monotonic()
    changed: list[tuple[float, int | None]] = [(begun, None)] * len(tabs)
    right: dict[int, float] = {}
    apart: list[float] = []
    while len(right) < len(tabs):
        if time.monotonic() - begun > SECONDS + PATIENCE_SECONDS:
            raise TimeoutError("Some tabs never counted all events of the storm.")
        for number, tab in enumerate(tabs):
            count, (since, last), now = tab.evaluate(_EVENTS), changed[number], time.monotonic()
            if count is not None and count != last:
                apart.append(now - since)
                changed[number] = now, count
            if count is not None and count >= final[number]:
                right.setdefault(number, now)
        time.sleep(0.1)
    return [right[number] for number in range(len(tabs))], Sample.of(apart)
