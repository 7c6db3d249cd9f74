"""A tab of one owner that is driven by hand with what belongs to another: ids, widgets, fragments,
pages. Nothing of the other is answered, nothing of theirs is changed."""

import json

import pytest
from sqlalchemy import text
from streamlit.proto.WidgetStates_pb2 import WidgetState

from tests.factories import ANA, BEN, PIA
from tests.security.driven import tab_of
from tests.security.inventory import PAGES
from tests.security.test_surface import WHEN, found

SELECTED = {"selection": {"rows": [0], "columns": [], "cells": [], "points": [{"point_index": 0}]}}
THEIRS = text("""
select (select count(*) from insights.conversations c where c.demo_id = :d),
  (select count(*) from conversation_messages where demo_id = :d),
  (select count(*) from conversation_details where demo_id = :d and is_test),
  (select string_agg(r::text, '|' order by r::text) from insights.reviews r where demo_id = :d),
  (select string_agg(k::text, '|' order by k.id) from knowledge_chunks k where demo_id = :d),
  (select string_agg(v::text, '|' order by v::text) from insights.saved_views v
   where user_id = :u),
  (select count(*) from insights.question_sets where demo_id = :d),
  (select count(*) from insights.evaluation_runs where demo_id = :d),
  (select count(*) from insights.replay_runs where demo_id = :d),
  (select count(*) from processed_webhook_events where demo_id = :d),
  (select count(*) from insights_private.web_sessions where user_id = :u
     and signed_out_at is not null)
""")


@pytest.fixture
def theirs(live):
    """What there is of Ana's that somebody could change."""

    def asked():
        with live.database.admin.connect() as conn:
            given = {"d": live.world.ana.demo_id, "u": ANA.user_id}
            return conn.execute(THEIRS, given).one()

    return asked


def names_of(estate):
    """What a tab could say to mean something of `estate`."""
    ids = (estate.demo_id, estate.replays[0], estate.sets[0], estate.runs[0])
    return ["ANAMARK demo", estate.conversations[0], "ANAMARK set", "ANAMARK view", *map(str, ids)]


def state_of(widget, said):
    """A value of the widget's kind that says `said` where it can."""
    state = WidgetState(id=widget.id)
    match widget.kind:
        case "checkbox" | "popover" | "expandable":
            state.bool_value = True
        case "button":
            state.trigger_value = True
        case "button_group" | "multiselect":
            state.string_array_value.data.append(said)
        case "date_input":
            state.string_array_value.data.extend(["2026/02/01", "2026/04/01"])
        case "dataframe" | "arrow_data_frame" | "plotly_chart":
            state.string_value = json.dumps(SELECTED)
        case "number_input" | "slider":
            state.double_array_value.data.append(1)
        case "pagination":
            state.int_value = 2
        case _:
            state.string_value = said
    return state


@pytest.mark.parametrize("name", sorted(PAGES - {"platform"}))
def test_no_widget_of_a_page_can_be_made_to_say_anothers_rows(live, theirs, name):
    """Every widget of Ben's own page says what is Ana's, all of them at once, then one by one."""
    before, ana = theirs(), live.world.ana
    with tab_of(live, BEN) as tab:
        tab.open(name, **WHEN)
        widgets = [w for w in tab.widgets.values() if w.key != "sign_out_all"]
        assert widgets
        for said in names_of(ana):
            tab.states = {w.id: state_of(w, said) for w in widgets}
            assert not found(ana, tab.run(), names_of(ana))
        for widget in widgets:
            tab.states = {widget.id: state_of(widget, "ANAMARK demo")}
            assert not found(ana, tab.run(), names_of(ana)), widget
    assert theirs() == before


@pytest.mark.parametrize("name", sorted(PAGES - {"platform"}))
def test_widgets_and_fragments_of_anothers_page_do_nothing_in_ones_own(live, theirs, name):
    before, ana = theirs(), live.world.ana
    about = {"conversation": ana.conversations[0], "demo": "ANAMARK demo", **WHEN}
    with tab_of(live, ANA) as hers:
        shown = hers.open(name, **about)
        assert name == "my_access" or ana.is_in(shown)
        widgets, fragments, hashes = list(hers.widgets.values()), hers.fragments, hers.hashes
        session_id = hers.session_id
    with tab_of(live, BEN) as tab:
        assert session_id != tab.session_id
        assert not found(ana, tab.open(name, **about), about.values())
        for said in names_of(ana)[:3]:
            tab.states = {w.id: state_of(w, said) for w in widgets}
            assert not found(ana, tab.run(), [*names_of(ana), *(w.id for w in widgets)])
        tab.states = {}
        for fragment in fragments:
            shown = tab.run(fragment_id=fragment, is_auto_rerun=True)
            assert not found(ana, shown, about.values())
        shown = tab.run(cached_message_hashes=sorted(hashes))
        assert not found(ana, shown, about.values())
    assert theirs() == before


def test_a_page_of_the_product_team_does_not_open_by_its_hash(live):
    with tab_of(live, PIA) as hers:
        assert b"demo_id" in hers.open("platform", **WHEN) or hers.widgets
        pages = hers.pages
    assert "platform" in pages
    with tab_of(live, BEN) as tab:
        tab.open("overview")
        for query in ("", "demo=ANAMARK+demo", f"conversation={live.world.ana.conversations[0]}"):
            for name, page_hash in pages.items():
                shown = tab.run(page_hash=page_hash, query=query)
                assert not found(live.world.ana, shown, ["ANAMARK demo", query, "ANAMARK-talk-0"])
                if name == "platform":
                    assert b"This page is for the product team" in shown
        for made_up in ("0" * 32, "../platform", "platform", "\x00", str(ANA.user_id)):
            shown = tab.run(page_hash=made_up, page_name=made_up)
            assert not live.world.ana.is_in(shown)
    with tab_of(live, PIA) as hers:
        hers.open("overview")
        for page_hash in pages.values():
            for query in ("conversation=ANAMARK-talk-0", "said=ANAMARK", "demo=ANAMARK+demo"):
                shown = hers.run(page_hash=page_hash, query=query)
                for words in (b"ANAMARK says", b"ANAMARK visitor", b"ANAMARK content", b"ana@"):
                    assert words not in shown


def test_the_tab_of_another_is_not_driven_from_ones_own(live):
    """A rerun that names Ana's query while Ben's session is what it is; the tab stays Ben's."""
    with tab_of(live, ANA) as hers, tab_of(live, BEN) as tab:
        hers.open("conversations", conversation=live.world.ana.conversations[0])
        tab.open("conversations", **WHEN)
        for query in (
            f"conversation={live.world.ana.conversations[0]}",
            f"demo={live.world.ana.demo_id}&conversation={live.world.ana.conversations[0]}",
            "demo=ANAMARK+demo&said=ANAMARK&at=all",
        ):
            shown = tab.run(query=query, page_hash=hers.page_hash, is_history_navigation=True)
            sent = [*names_of(live.world.ana), "ANAMARK"]
            assert not found(live.world.ana, shown, sent)
        assert live.world.ben.is_in(tab.open("conversations", **WHEN))
