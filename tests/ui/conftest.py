from pathlib import Path

import bcrypt
import pytest
from sqlalchemy import create_engine, update
from streamlit.testing.v1 import AppTest

from domo_insights import settings
from domo_insights.auth import cookies as jar
from domo_insights.auth import service, web_sessions
from domo_insights.database.engine import address
from domo_insights.local import auth_api
from domo_insights.local.auth_tables import users
from domo_insights.local.keys import keys_of
from domo_insights.ui import data

ROOT = Path(__file__).parents[2]
FRAME = ROOT / "src/domo_insights/ui/frame.py"
PASSWORD = "correct horse battery"


@pytest.fixture(scope="session")
def keys(tmp_path_factory):
    return keys_of(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def sign_in(database, keys):
    """Sign a viewer in for real; what their browser would send from then on."""
    superuser = create_engine(address(database.superuser_url))
    secret = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    with superuser.begin() as conn:
        conn.execute(update(users).values(encrypted_password=secret))
    superuser.dispose()
    with auth_api.running(database.superuser_url, keys) as url:
        issuer = {
            "supabase_url": url,
            "supabase_jwt_issuer": keys.issuer,
            "supabase_publishable_key": keys.publishable_key,
        }
        settings.activate(database.settings.model_copy(update=issuer))

        def signed_in(viewer):
            tokens = service.sign_in(viewer.email, PASSWORD)
            return {jar.SESSION: web_sessions.start(tokens)}

        yield signed_in


@pytest.fixture
def open_app(sign_in, monkeypatch):
    """Open the dashboard as a viewer. Nothing is patched but where the cookies come from."""

    def opened(viewer, page=None, **query):
        data.forget()
        cookies = sign_in(viewer) if viewer else {}
        monkeypatch.setattr("domo_insights.ui.session.cookies", lambda: cookies)
        app = AppTest.from_file(FRAME, default_timeout=60)
        app.context["timezone"] = query.pop("timezone", "UTC")
        for name, value in query.items():
            app.query_params[name] = value
        app.run()
        return app.switch_page(page_path(page)).run() if page else app

    yield opened
    data.forget()


def page_path(name):
    return f"../../../pages/{name}.py"
