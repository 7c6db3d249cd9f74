"""The real thing: `domo-insights up` on its sample data, in Chromium."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select

from domo_insights.database.tables import conversation_messages, demos
from domo_insights.metrics import THIN
from tests.browser.conftest import numbers, open_page, settle, sign_in, wait_for_numbers
from tests.factories import conversation, message
from tests.queries.plain import talks

pytestmark = pytest.mark.browser
EVIL = (
    "![x](http://evil.example/pixel.png) [link](http://evil.example/) <img src=//evil.example/i>"
    " <script>document.title='owned'</script> :material/delete: :red[red] $\\frac{1}{2}$ **bold**"
)


def counted(site, name, days):
    """Conversations and messages of the last local days, counted from rows in plain Python."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    start, end = today - timedelta(days=days - 1), today + timedelta(days=1)
    with site.owner() as conn:
        mail = conn.exec_driver_sql("select id from auth.users where email = %s",
                                    (site.email(name),)).scalar_one()  # fmt: skip
        mine = set(conn.scalars(select(demos.c.id).where(demos.c.user_id == mail)))
        found = [t for t in talks(conn) if t.demo_id in mine and not t.is_test]
    started = [t for t in found if t.started_at and start <= t.started_at < end]
    said = [m for t in found for m in t.messages
            if m.role != "system" and start <= m.occurred_at < end]  # fmt: skip
    return {"Conversations": f"{len(started):,}".replace(",", THIN),
            "Messages": f"{len(said):,}".replace(",", THIN)}  # fmt: skip


def test_the_numbers_are_those_of_the_rows_and_stay_after_a_reload(site, visit):
    page = visit("ana")
    open_page(site, page)
    wait_for_numbers(page, counted(site, "ana", 30))
    page.reload()
    settle(page)
    wait_for_numbers(page, counted(site, "ana", 30))
    second = page.context.new_page()
    open_page(site, second, "/conversations")
    wait_for_numbers(second, counted(site, "ana", 30))
    assert page.outside == set()


def test_the_period_goes_into_the_url_and_along_to_the_next_page(site, visit):
    page = visit("ana")
    open_page(site, page)
    page.get_by_text("7d", exact=True).click()
    page.wait_for_url("**/?period=7d")
    settle(page)
    wait_for_numbers(page, counted(site, "ana", 7))
    page.get_by_role("link", name="Conversations").click()
    page.wait_for_url("**/conversations?period=7d")
    settle(page)
    wait_for_numbers(page, counted(site, "ana", 7))
    page.go_back()
    page.wait_for_url("**/?period=7d")


def test_a_deep_link_opens_after_sign_in_with_its_filters(site, visit):
    page = visit(None)
    page.goto(site.url + "/conversations?period=90d&zone=Asia%2FKolkata")
    assert "/sign-in" in page.url
    email = site.email("ben")
    page.fill("input[name=email]", email)
    page.fill("input[type=password]", site.logins[email])
    page.click("button[type=submit]")
    page.wait_for_url("**/conversations?**")
    settle(page)
    assert "period=90d" in page.url
    assert "Asia/Kolkata" in page.inner_text('[data-testid="stMain"]')
    assert numbers(page)["Conversations"] != counted(site, "ben", 30)["Conversations"]


def test_nobody_else_finds_what_is_in_a_url(site, visit):
    with site.owner() as conn:
        row = conn.execute(
            select(conversation_messages.c.conversation_id, conversation_messages.c.content)
            .join(demos, demos.c.id == conversation_messages.c.demo_id)
            .where(demos.c.user_id == conn.exec_driver_sql(
                "select id from auth.users where email = %s", (site.email("ana"),)).scalar_one())
            .limit(1)
        ).one()  # fmt: skip
    for name, sees in (("ana", True), ("ben", False), ("pia", False)):
        page = visit(name)
        open_page(site, page, f"/conversations?conversation={row.conversation_id}")
        shown = page.inner_text('[data-testid="stMain"]')
        assert (row.content in shown) is sees


def test_selecting_a_row_opens_its_transcript_and_the_url_keeps_it(site, visit):
    page = visit("ana", viewport={"width": 1440, "height": 2200})
    open_page(site, page, "/conversations")
    page.get_by_role("tab", name="Search and read").click()
    table = page.locator(".st-key-all canvas").first
    table.wait_for()
    table.click(position={"x": 16, "y": 50}, force=True)
    page.wait_for_url("**conversation=*")
    page.wait_for_selector('[data-testid="stChatMessage"]')
    page.reload()
    page.wait_for_selector('[data-testid="stChatMessage"]')


def test_what_visitors_write_does_nothing(site, visit):
    now = datetime.now(UTC)
    with site.owner() as conn:
        mine = conn.exec_driver_sql(
            "select d.id from public.demos d join auth.users u on u.id = d.user_id"
            " where u.email = %s limit 1", (site.email("ana"),)).scalar_one()  # fmt: skip
        made = conversation(conn, mine, tavus_conversation_id=f"x{uuid4()}", started_at=now,
                            is_test=True)  # fmt: skip
        message(conn, made, at=now, content=EVIL, message_id=str(uuid4()), intent=EVIL,
                sentiment=EVIL)  # fmt: skip
    page = visit("ana")
    open_page(site, page, f"/conversations?conversation={made}")
    page.wait_for_selector('[data-testid="stChatMessage"]')
    shown = page.locator('[data-testid="stChatMessage"]')
    assert EVIL in shown.inner_text()
    ours = (
        "nodes => nodes.filter(n => !n.closest('[data-testid=stPageLink]')).map(n => n.outerHTML)"
    )
    assert shown.locator("img, a, script, strong, .katex").evaluate_all(ours) == []
    assert page.outside == set()
    assert page.title() != "owned"


def test_signing_out_ends_the_other_tab(site, visit):
    page = visit("pia", fresh=True)
    other = page.context.new_page()
    open_page(site, other)
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in**")
    other.get_by_text("7d", exact=True).click()
    other.get_by_text("Nobody is signed in.").wait_for()
    other.goto(site.url + "/")
    assert "/sign-in" in other.url
    sign_in(site, other, "pia")
    assert numbers(other)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("path", ["/", "/conversations"])
def test_it_fits_the_window(site, visit, tmp_path, path, width, scheme):
    height = 1350 if width > 500 else 844
    page = visit("ana", viewport={"width": width, "height": height}, color_scheme=scheme)
    open_page(site, page, path)
    numbers(page)
    page.screenshot(path=tmp_path / f"{path.strip('/') or 'overview'}-{width}-{scheme}.png")
    overflow = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert overflow <= 0
    cards = page.locator('[data-testid="stMetric"]').evaluate_all(
        "found => found.map(card => card.getBoundingClientRect().top)"
    )
    assert cards.count(cards[0]) == (6 if width > 500 else 2)
    cut = page.locator('[data-testid="stMetricValue"] *').evaluate_all(
        "found => found.filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.textContent)"
    )
    assert cut == []
