import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from domo_insights.exports.routes import routes


@pytest.fixture
def ask(database):
    """Ask a route as somebody; the gate that finds out who asks has tests of its own."""

    def asked(viewer, path, **said):
        async def app(scope, receive, send):
            if viewer is not None:
                scope.setdefault("state", {})["viewer"] = viewer
            await Starlette(routes=routes)(scope, receive, send)

        return TestClient(app).get(path, params=said or None)

    return asked
