from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).parents[2]
FRAME = ROOT / "src/domo_insights/ui/frame.py"


@pytest.fixture
def open_app(database, monkeypatch):
    """Open the dashboard for a viewer: nothing is patched but where cookies come from."""

    def opened(viewer, page=None, **query):
        monkeypatch.setattr("domo_insights.ui.session.cookies", lambda: cookies_of(viewer))
        st.cache_data.clear()
        app = AppTest.from_file(FRAME, default_timeout=60)
        for name, value in query.items():
            app.query_params[name] = value
        if page:
            app.switch_page(page)
        return app

    return opened


def cookies_of(viewer):
    return {}
