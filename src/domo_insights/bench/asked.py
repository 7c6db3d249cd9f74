"""What each page asks: heard from the page itself, run as the dashboard runs it."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from streamlit.logger import set_log_level
from streamlit.testing.v1 import AppTest

from domo_insights.errors import DomoInsightsError
from domo_insights.ui import data, places, session
from domo_insights.ui.data import Question
from domo_insights.ui.places import Place
from domo_insights.viewer import Viewer

FRAME: Final = Path(places.__file__).with_name("frame.py")
PATIENCE_SECONDS: Final = 600


@contextmanager
def browsing(cookies: Mapping[str, str]) -> Iterator[None]:
    """Pages that run inside the block are asked for by a browser that sends `cookies`."""
    before = session.cookies
    # A page without a browser has no request to read them from.
    session.cookies = lambda: cookies
    try:
        yield
    finally:
        session.cookies = before


def questions(
    viewer: Viewer, cookies: Mapping[str, str], period: str, zone: str
) -> dict[Place, list[Question]]:
    """What each page that `viewer` finds asks for `period`, each question once, in order.

    Raises: DomoInsightsError, when a page does not run.
    """
    found: dict[Place, list[Question]] = {}
    set_log_level("ERROR")  # it warns of what a page without a browser lacks
    with browsing(cookies):
        app = AppTest.from_file(FRAME, default_timeout=PATIENCE_SECONDS)
        app.context["timezone"] = "UTC"
        app.query_params["period"], app.query_params["zone"] = period, zone
        for place in places.open_to(viewer):
            data.forget()
            with data.overheard() as heard:
                if place is not places.ALL[0]:  # which is the one that opens
                    app.switch_page(os.path.relpath(place.path, FRAME.parent))
                app.run()
            if app.exception:
                raise DomoInsightsError(f"{place.title} does not run: {app.exception[0].value}")
            found[place] = _once(heard)
    return found


def _once(heard: list[Question]) -> list[Question]:
    once: dict[str, Question] = {}
    for asked in heard:
        once.setdefault(f"{asked.query.__module__}.{asked!r}", asked)
    return list(once.values())
