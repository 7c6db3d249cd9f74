import pytest
from starlette.responses import HTMLResponse, JSONResponse

from domo_insights.preload import Preload, needed
from tests.loops import run


def answered(answer, state):
    found = {}

    async def send(message):
        if message["type"] == "http.response.start":
            found.update((name.decode(), value.decode()) for name, value in message["headers"])

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "state": state}
    run(Preload(answer)(scope, receive, send))
    return found


def test_a_page_names_what_draws_charts_and_tables():
    found = answered(HTMLResponse("<p>page"), {"viewer": object()})
    names = [part.partition(";")[0] for part in found["link"].split(", ")]
    assert len(names) == len(needed()) == 3
    assert names[0].startswith("</static/js/PlotlyChart.")
    assert all(part.endswith("; rel=modulepreload") for part in found["link"].split(", "))


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (HTMLResponse("<p>sign in"), {}),
        (JSONResponse({}), {"viewer": object()}),
        (HTMLResponse("gone", 404), {"viewer": object()}),
    ],
    ids=["nobody", "data", "missing"],
)
def test_nothing_else_does(answer, state):
    assert "link" not in answered(answer, state)
