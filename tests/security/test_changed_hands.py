"""One tab, whose viewer is another one from run to run, over the answers that are kept."""

import pytest
from streamlit.testing.v1 import AppTest

from domo_insights.ui import data
from domo_insights.viewer import Viewer
from tests.factories import ANA, BEN, PIA
from tests.security.inventory import PERIOD
from tests.security.world import found_in


def shown(viewer, period):
    import streamlit as st

    from domo_insights.queries import conversations, demos
    from domo_insights.ui import data

    st.session_state["_viewer"] = viewer
    for frame in (
        data.load(demos.mine),
        data.load(demos.ranked, period, None, include_test=True),
        data.load(conversations.listing, period, None, True, limit=500),
    ):
        st.session_state["shown"] = st.session_state.get("shown", "") + frame.to_csv()


@pytest.fixture(autouse=True)
def nothing_kept():
    data.forget()
    yield
    data.forget()


def seen_by(tab, viewer):
    """What a tab shows when it is run for `viewer`, whoever it was run for before."""
    tab.session_state["shown"] = ""
    tab.args = (viewer, PERIOD)
    tab.run(timeout=60)
    assert not tab.exception
    return tab.session_state["shown"]


def test_a_tab_that_changes_hands_or_role_is_given_nothing_of_before(database, world):
    tab = AppTest.from_function(shown, default_timeout=60)
    promoted = Viewer(BEN.user_id, BEN.email, product_team=True)
    everybodys = seen_by(tab, PIA)
    for before, viewer in ((PIA, ANA), (ANA, BEN), (promoted, BEN), (BEN, ANA)):
        seen_by(tab, before)
        seen = [seen_by(tab, viewer)]
        assert not found_in(world.foreign_to(viewer), seen)
    assert seen_by(tab, promoted) == everybodys != seen_by(tab, BEN)
