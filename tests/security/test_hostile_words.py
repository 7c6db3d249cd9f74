"""What others wrote is read on every page in a real browser, and does nothing there."""

from urllib.parse import urlencode

import pytest

from tests.conftest import create_database
from tests.factories import ANA, PIA
from tests.security import hostile
from tests.security.inventory import PAGES
from tests.security.live import serving

pytestmark = pytest.mark.browser
IDLE = '[data-test-script-state="notRunning"]'
TOLD = """
window.told = [];
document.addEventListener('securitypolicyviolation',
  e => window.told.push(`policy: ${e.violatedDirective} ${e.blockedURI} ${e.sample}`));
"""
INJECTED = """() => {
  const leads = e => e.getAttribute('href') || e.getAttribute('xlink:href')
    || e.getAttribute('src') || e.getAttribute('action') || '';
  const away = e => { const to = new URL(leads(e), document.baseURI);
    return !['data:', 'blob:'].includes(to.protocol) && to.origin !== location.origin; };
  return [
    ...document.querySelectorAll('iframe, object, embed, base, meta[http-equiv], .katex,'
      + '[onerror], [onload], [onclick], [style*="evil"]'),
    ...[...document.querySelectorAll('[href], [src], [action], svg a')].filter(away),
  ].map(e => e.outerHTML.slice(0, 300)); }"""
SAID = {
    "demo": hostile.short(1),
    "conversation": hostile.conversation_of(1),
    "question": hostile.words(0),
    "said": hostile.MARK,
}
"""The second demo, its newest conversation, a question, and words to search for."""
TEXT = """() => document.body.innerText + [...document.querySelectorAll(
  'canvas [role=gridcell], [role=gridcell], input, textarea, svg text')]
  .map(e => e.textContent + (e.value || '')).join(' ')"""


@pytest.fixture(scope="module")
def hostile_site(server, template, tmp_path_factory):
    made = create_database(server, "hostile_template", template)
    with made.admin.connect() as conn:
        demos = hostile.settle(conn.execution_options(isolation_level="AUTOCOMMIT"))
    made.admin.dispose()
    folder = tmp_path_factory.mktemp("hostile")
    with serving(server, made.name, None, folder, "hostile") as dashboard:
        yield dashboard, demos


@pytest.fixture
def window(hostile_site, browser):
    """A browser window of somebody; what happened in it that should not."""
    live, _ = hostile_site
    windows = []

    def opened(viewer):
        context = browser.new_context(viewport={"width": 1440, "height": 2600}, timezone_id="UTC")
        windows.append(context)
        context.set_default_timeout(60_000)
        context.add_cookies(
            [{"name": "domo_sid", "value": live.session_of(viewer), "url": live.url}]
        )
        context.add_init_script(TOLD)
        page = context.new_page()
        page.bad = []
        page.on("dialog", lambda dialog: (page.bad.append("dialog"), dialog.dismiss()))
        page.on("pageerror", lambda error: page.bad.append(f"error: {error}"))
        page.on("request", lambda asked: _note(page, asked.url, live.url))
        return page

    yield opened
    for context in windows:
        context.close()


def _note(page, url, inside):
    if not url.startswith((inside, inside.replace("http", "ws"), "data:", "blob:")):
        page.bad.append(f"request: {url[:200]}")


def settle(page):
    page.wait_for_selector(IDLE)
    page.wait_for_function("() => !document.querySelector('[data-stale=\"true\"]')")
    page.wait_for_timeout(150)


def harmless(page, where):
    """Nothing ran, nothing was fetched, nothing that was written became an element."""
    settle(page)
    assert page.evaluate(INJECTED) == [], where
    assert page.evaluate("() => window.owned") is None, where
    assert page.evaluate("() => window.told") == [], where
    assert page.bad == [], where
    return page.evaluate(TEXT)


def everything_of(page, where):
    """Open all that a page has; the texts that were seen."""
    seen = harmless(page, where)
    for tab in page.get_by_role("tab").all():
        tab.click()
        seen += harmless(page, f"{where}, a tab")
    for summary in page.locator("[data-testid=stExpander] summary").all()[:2]:
        if not summary.is_visible():
            continue
        summary.click()
        seen += harmless(page, f"{where}, an expander")
    for button in page.locator("[data-testid=stPopover] button").all()[:3]:
        if button.is_visible():
            button.click()
            seen += harmless(page, f"{where}, a popover")
            page.keyboard.press("Escape")
    for plot in page.locator(".js-plotly-plot .nsewdrag").all()[:2]:
        if plot.is_visible():
            plot.hover(force=True)
            seen += harmless(page, f"{where}, a hover")
    for table in page.locator("[data-testid=stDataFrame]").all()[:2]:
        if table.is_visible():
            table.click(position={"x": 16, "y": 52}, force=True)
            seen += harmless(page, f"{where}, a row")
    return seen


@pytest.mark.parametrize("name", sorted(PAGES - {"platform"}))
def test_words_do_nothing_to_their_owner(hostile_site, window, name):
    live, _ = hostile_site
    page = window(ANA)
    page.goto(f"{live.url}/{'' if name == 'overview' else name}?{urlencode(SAID)}")
    page.wait_for_selector('[data-testid="stHeading"]')
    assert hostile.MARK in everything_of(page, name)


@pytest.mark.parametrize("name", ["webhooks", "platform"])
def test_names_do_nothing_to_the_product_team(hostile_site, window, name):
    live, _ = hostile_site
    page = window(PIA)
    page.goto(f"{live.url}/{'' if name == 'overview' else name}")
    page.wait_for_selector('[data-testid="stHeading"]')
    harmless(page, name)
