"""Words that a person needs are read whole, on a laptop and on a phone."""

import pytest

from tests.browser.conftest import open_page

pytestmark = pytest.mark.browser
CUT = """tables => tables.flatMap(table => {
  const edge = table.parentElement.getBoundingClientRect().right + 1;
  return [...table.querySelectorAll('th, td')]
    .filter(c => c.checkVisibility())
    .filter(c => !c.closest('thead') || getComputedStyle(c.closest('thead')).clipPath === 'none')
    .filter(c => c.scrollWidth > c.clientWidth + 1 || c.getBoundingClientRect().right > edge)
    .map(c => c.innerText) })"""


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", ["ana", "pia"])
def test_what_somebody_may_see_is_read_whole(site, visit, name, width):
    page = visit(name, viewport={"width": width, "height": 900})
    open_page(site, page, "/my_access")
    page.get_by_role("button", name="Run the self-test").click()
    page.get_by_text("questions got nothing").wait_for()
    for closed in page.locator("[data-testid=stExpander] summary").all():
        closed.click()
    page.get_by_role("table", name="What was asked for").wait_for()
    tables = page.locator(".words table")
    assert tables.count() >= 5
    assert page.get_by_test_id("stDataFrame").count() == 0
    assert tables.evaluate_all(CUT) == []
    beside = page.get_by_role("table", name="Tables of the platform").get_by_role("columnheader")
    assert (beside.first.bounding_box()["width"] > 50) is (width > 500)


@pytest.mark.parametrize("width", [1280, 390])
def test_owners_and_types_of_the_platform_are_read_whole(site, visit, width):
    page = visit("pia", viewport={"width": width, "height": 900})
    open_page(site, page, "/platform")
    page.get_by_role("table", name="Demos with conflicts").wait_for()
    tables = page.locator(".words table")
    assert tables.count() == 3
    assert tables.evaluate_all(CUT) == []
