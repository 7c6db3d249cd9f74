"""What each part of a bench measures. Loads Streamlit, which takes a second: not for `--help`."""

from collections.abc import Callable
from typing import Any, Final

from domo_insights.bench import browser, documented, ingest, load, pages, people, searching, storm
from domo_insights.bench.measures import Given


def _pages(given: Given) -> dict[str, Any]:
    made = given.scratch
    persons = people.people(made.superuser)
    viewers = [person.viewer for person in persons]
    cookies = dict(zip(viewers, people.sign_in(made.superuser, viewers), strict=True))
    cells = pages.measure(made.engine, persons, cookies, given.repeat, given.progress)
    asked = documented.measure(made.superuser, persons[0].viewer, given.repeat, given.progress)
    return {
        **pages.figures(cells),
        **documented.figures(asked, cells),
        "viewers": {p.label: p.conversations for p in persons},
        "pages": [cell.as_json() for cell in cells],
        "documented": asked.as_json(),
    }


def _ingest(given: Given) -> dict[str, Any]:
    made = given.scratch
    return ingest.measure(made.superuser, made.engine, made.stack.data_dir, given.progress)


def _search(given: Given) -> dict[str, Any]:
    heaviest, *_ = people.people(given.scratch.superuser)
    return searching.measure(given.scratch.engine, heaviest, given.progress)


def _browser(given: Given) -> dict[str, Any]:
    made, folder = given.scratch, given.scratch.stack.data_dir
    heaviest, *_ = people.people(made.superuser)
    owners = people.owners(made.superuser, max(load.SIZES))
    heaviest_cookies, *cookies = people.sign_in(made.superuser, [heaviest.viewer, *owners])
    where = people.largest_demo(made.engine, heaviest.viewer)
    try:
        found = browser.measure(folder, heaviest_cookies, where, given.progress)
        found |= storm.measure(folder, heaviest_cookies, where, given.progress)
        return found | load.measure(folder, cookies, given.progress)
    finally:
        ingest.forget(made.superuser, made.engine, given.progress)


BY_NAME: Final[dict[str, Callable[[Given], dict[str, Any]]]] = {
    "pages": _pages,
    "ingest": _ingest,
    "search": _search,
    "browser": _browser,
}
