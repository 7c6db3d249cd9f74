import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from domo_insights.database.engine import address
from domo_insights.local.server import PostgresServer
from tests.local.processes import eventually

IDLE = '[data-test-script-state="notRunning"]'


@dataclass
class Site:
    """A real `domo-insights up` with its sample data."""

    url: str
    folder: Path
    logins: dict[str, str]
    states: dict[str, object] = field(default_factory=dict)

    def email(self, name):
        return next(email for email in self.logins if email.startswith(name))

    @contextmanager
    def owner(self):
        """A connection of the database's owner, each statement committed."""
        engine = create_engine(address(PostgresServer(self.folder).url("postgres")))
        with engine.connect() as conn:
            yield conn.execution_options(isolation_level="AUTOCOMMIT")
        engine.dispose()


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site") / "data"
    command = [sys.executable, "-c", "from domo_insights.cli import main; main()"]
    command += ["up", "--data-dir", str(folder), "--port", "0", "--sign-up"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            lines = [process.stdout.readline() for _ in range(4)]
            url = re.search(r"at (\S+)", lines[0])[1]
            logins = dict(re.findall(r"(\S+@\S+)  password (\S+)", "".join(lines)))
            yield Site(url, folder, logins)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


@pytest.fixture
def visit(site, browser):
    """Open a browser window for somebody; signs in once per person and test run."""
    windows = []

    def opened(name, *, fresh=False, **window):
        window = {"viewport": {"width": 1440, "height": 1350}, "timezone_id": "UTC"} | window
        state = None if fresh else site.states.get(name)
        context = browser.new_context(storage_state=state, **window)
        windows.append(context)
        context.set_default_timeout(60_000)
        page = context.new_page()
        page.outside = set()
        page.on("request", lambda request: _note(page.outside, request.url, site.url))
        if state is None and name:
            sign_in(site, page, name)
            if not fresh:
                site.states[name] = context.storage_state()
        return page

    yield opened
    for context in windows:
        context.close()


def sign_in(site, page, name):
    email = site.email(name)
    page.goto(f"{site.url}/sign-in")
    page.fill("input[name=email]", email)
    page.fill("input[type=password]", site.logins[email])
    page.click("button[type=submit]")
    settle(page)


def settle(page):
    """Wait until the script has run and nothing on the page is about to change."""
    page.wait_for_selector(IDLE, timeout=60_000)
    page.wait_for_function("() => !document.querySelector('[data-stale=\"true\"]')")
    page.wait_for_timeout(400)
    page.wait_for_selector(IDLE, timeout=60_000)


def open_page(site, page, path="/"):
    page.goto(site.url + path)
    page.wait_for_selector('[data-testid="stHeading"]', timeout=60_000)
    settle(page)


_CARDS = """() => [...document.querySelectorAll('[data-testid="stMetric"]')]
  .map((card) => ["Label", "Value"].map(
    (part) => card.querySelector(`[data-testid="stMetric${part}"]`)?.innerText ?? ""))"""


def numbers(page):
    """The row of cards: label to value."""
    page.locator('[data-testid="stMetricValue"]').nth(5).wait_for()
    # Read at once: cards that are drawn anew between two readings do not fit together.
    return dict(page.evaluate(_CARDS))


def wait_for_numbers(page, expected):
    """Wait until the cards show `expected`; how long that takes is not what is tested."""
    eventually(lambda: expected.items() <= numbers(page).items(), f"the cards show {expected}")


def _note(outside, url, inside):
    host = inside.split("//")[1]
    if url.split(":")[0] in ("http", "https", "ws", "wss") and url.split("/")[2] != host:
        outside.add(url)
