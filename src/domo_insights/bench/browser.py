"""What a person waits for, in a real Chromium: navigation until the last chart is painted."""

import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from domo_insights.bench.figures import Sample
from domo_insights.bench.ingest import events, send
from domo_insights.bench.served import Site, served
from domo_insights.errors import WrongUseError
from domo_insights.ingest.webhook import webhook_url
from domo_insights.ui import places

if TYPE_CHECKING:
    from playwright.sync_api import Page

FLAGS: Final = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
CHROMIUM: Final = ("chromium", "chromium-browser", "google-chrome")
VISITED: Final = (places.OVERVIEW, places.CONVERSATIONS, places.SENTIMENT, places.WEBHOOKS)
ROUNDS: Final = 3
IDLE_SECONDS: Final = 15.0
_PAINTED: Final = """title => {
  const app = document.querySelector('[data-test-script-state="notRunning"]');
  const heading = document.querySelector('h1');
  const charts = [...document.querySelectorAll('[data-testid="stPlotlyChart"]')];
  return app && heading && heading.textContent.trim() === title
    && !document.querySelector('[data-testid="stSkeleton"]')
    && !document.querySelector('[data-stale="true"]')
    && charts.every(chart => chart.querySelector('.main-svg, canvas'));
}"""
_PATIENCE_MS: Final = 120_000
Progress = Callable[[str, float], None]


def measure(
    folder: Path, cookies: Mapping[str, str], demo_id: UUID, progress: Progress
) -> dict[str, Any]:
    """All browser figures, in the name of the owner whose `cookies` these are."""
    progress("start", 0.0)
    with served(folder) as site, window(site, cookies) as page:
        traffic, began = _listened(page), time.perf_counter()
        page.goto(site.url)
        painted(page, places.OVERVIEW.title)
        first_page = site.took + time.perf_counter() - began
        visits = _visits(page, traffic, progress)
        progress("browser: filter change", 0.8)
        changes = Sample.of([_filter(page, n) for n in ("7d", "90d", "24h", "30d", "7d", "30d")])
        progress("browser: a new event", 0.9)
        fresh = _fresh(page, site, demo_id)
        progress("browser: idle", 0.95)
        idle = _idle(site)
    progress("browser", 1.0)
    warm = {name: Sample.of(times[1:]) for name, times in visits.took.items()}
    cold = {name: times[0] for name, times in visits.took.items()}
    return {
        "first_answer_s": site.took,
        "first_page_s": first_page,
        "page_cold_ms": max(cold.values()),
        "page_warm_ms": max(sample.median for sample in warm.values()),
        "filter_change_ms": changes.median,
        "fresh_on_page_s": fresh,
        "idle_page_core_percent": idle,
        "browser": {
            "cold_ms": cold,
            "warm_ms": {name: sample.as_json() for name, sample in warm.items()},
            "filter_change_ms": changes.as_json(),
            "websocket_kb": visits.kilobytes,
        },
    }


@dataclass(slots=True)
class _Visits:
    """Per page the ms of each visit, the first one cold, and what the last one brought."""

    took: dict[str, list[float]] = field(default_factory=dict)
    kilobytes: dict[str, float] = field(default_factory=dict)


def _visits(page: "Page", traffic: list[int], progress: Progress) -> _Visits:
    visits, rounds = _Visits(), ROUNDS + 1
    for turn in range(rounds):
        for number, place in enumerate((*VISITED[1:], VISITED[0])):
            progress(f"browser: {place.title}", 0.8 * (turn + number / len(VISITED)) / rounds)
            traffic.clear()
            visits.took.setdefault(place.title, []).append(_visit(page, place.title))
            visits.kilobytes[place.title] = round(sum(traffic) / 1024, 1)
    return visits


def _listened(page: "Page") -> list[int]:
    """The bytes of each message that comes to `page`, from now on."""
    traffic: list[int] = []
    page.on("websocket", lambda ws: ws.on("framereceived", lambda f: traffic.append(len(f))))
    return traffic


@contextmanager
def window(site: Site, cookies: Mapping[str, str]) -> Iterator["Page"]:
    """A page of a Chromium that is signed in. Raises: WrongUseError where there is none."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as problem:
        raise WrongUseError(
            "The browser part needs playwright.", hint="`make install` brings it."
        ) from problem
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if program is None:
        raise WrongUseError(
            "The browser part needs Chromium.", hint="Install it, or leave out `browser`."
        )
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=FLAGS)
        context = chromium.new_context(
            viewport={"width": 1440, "height": 1350}, timezone_id="UTC", locale="en-GB"
        )
        context.set_default_timeout(_PATIENCE_MS)
        context.add_cookies(
            [{"name": name, "value": value, "url": site.url} for name, value in cookies.items()]
        )
        try:
            yield context.new_page()
        finally:
            chromium.close()


def painted(page: "Page", title: str) -> None:
    """Wait until the last chart of the page with this title is there."""
    page.wait_for_function(_PAINTED, arg=title, timeout=_PATIENCE_MS)


def _visit(page: "Page", title: str) -> float:
    """ms from the click in the menu until the last chart of the page is there."""
    link = page.get_by_test_id("stSidebarNavLink").filter(has_text=title).first
    began = time.perf_counter()
    link.click()
    painted(page, title)
    return (time.perf_counter() - began) * 1000


def _filter(page: "Page", period: str) -> float:
    """ms from the choice of a period until the page shows it."""
    said = page.get_by_text("compared with").first
    before = said.inner_text()
    began = time.perf_counter()
    page.get_by_test_id("stButtonGroup").get_by_text(period, exact=True).first.click()
    page.wait_for_function(
        "before => ![...document.querySelectorAll('p')].some(p => p.innerText === before)",
        arg=before,
    )
    painted(page, VISITED[0].title)
    return (time.perf_counter() - began) * 1000


def _fresh(page: "Page", site: Site, demo_id: UUID) -> float:
    """Seconds from the acknowledgement of a conversation's events until an open page counts it."""
    number = page.get_by_test_id("stMetricValue").first
    before = number.inner_text()
    bodies = [json.dumps(event) for event in events(10, "fresh", demo_id)]
    send(urlsplit(webhook_url(demo_id, site.url)), bodies)
    began = time.perf_counter()
    page.wait_for_function(
        "before => document.querySelector('[data-testid=\"stMetricValue\"]').innerText !== before",
        arg=before,
    )
    return time.perf_counter() - began


def _idle(site: Site) -> float:
    """Percent of a core that the server takes while a page is open and nothing happens."""
    time.sleep(5)
    used, began = _cpu(site), time.perf_counter()
    time.sleep(IDLE_SECONDS)
    return (_cpu(site) - used) / (time.perf_counter() - began) * 100


def _cpu(site: Site) -> float:
    spent = site.process.cpu_times()
    return float(spent.user + spent.system)
