"""A tab of one owner that is driven by hand with what belongs to another: ids, widgets, fragments,
pages. Nothing of the other is answered, nothing of theirs is changed."""

import json
from dataclasses import dataclass

import pytest
from sqlalchemy import insert, select, text
from streamlit.proto.WidgetStates_pb2 import WidgetState

from domo_insights.database.tables_kept import saved_views
from tests.factories import ANA, BEN, PIA
from tests.local.processes import eventually
from tests.security.driven import tab_of
from tests.security.inventory import PAGES
from tests.security.live import serving
from tests.security.test_surface import WHEN
from tests.security.world import Estate

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


@pytest.fixture(scope="module")
def live(server, world_template, tmp_path_factory):
    """A dashboard of these tests' own: they press every button."""
    with serving(server, *world_template, tmp_path_factory.mktemp("driven"), "driven") as mine:
        yield mine


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


def told(shown, sent):
    """What is Ana's in `shown`, beside what the asker said themselves: the address is told back to
    a browser, and a view may be kept under any name."""
    rests = " says", " visitor", " content", " note", " objective", "_intent", "-talk-1", "-talk-2"
    words = {f"ANAMARK{rest}" for rest in rests}
    ids = {trace for trace in sent.ana.traces if not any(trace in name for name in sent.names)}
    return [word for word in sorted(words | ids | {ANA.email}) if word.encode() in shown]


@dataclass(frozen=True)
class Sent:
    """What is known of an estate by whoever attacks it."""

    ana: Estate
    names: list[str]


@pytest.fixture
def sent(live):
    return Sent(live.world.ana, names_of(live.world.ana))


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
def test_no_widget_of_a_page_can_be_made_to_say_anothers_rows(live, theirs, sent, name):
    """Every widget of Ben's own page says what is Ana's, all of them at once, then one by one."""
    before, ana = theirs(), sent.ana
    with tab_of(live, BEN) as tab:
        tab.open(name, **WHEN)
        widgets = [w for w in tab.widgets.values() if w.key != "sign_out_all"]
        assert widgets
        for said in names_of(ana):
            tab.states = {w.id: state_of(w, said) for w in widgets}
            assert not told(tab.run(), sent)
        for widget in widgets:
            tab.states = {widget.id: state_of(widget, "ANAMARK demo")}
            assert not told(tab.run(), sent), widget
    assert theirs() == before


@pytest.mark.parametrize("name", sorted(PAGES - {"platform"}))
def test_widgets_and_fragments_of_anothers_page_do_nothing_in_ones_own(live, theirs, sent, name):
    before, ana = theirs(), sent.ana
    about = {"conversation": ana.conversations[0], "demo": "ANAMARK demo", **WHEN}
    with tab_of(live, ANA) as hers:
        shown = hers.open(name, **about)
        assert name == "my_access" or told(shown, sent)
        widgets, fragments, hashes = list(hers.widgets.values()), hers.fragments, hers.hashes
        session_id = hers.session_id
    with tab_of(live, BEN) as tab:
        assert session_id != tab.session_id
        assert not told(tab.open(name, **about), sent)
        for said in sent.names[:3]:
            tab.states = {w.id: state_of(w, said) for w in widgets}
            assert not told(tab.run(), sent)
        tab.states = {}
        for fragment in fragments:
            shown = tab.run(fragment_id=fragment, is_auto_rerun=True)
            assert not told(shown, sent)
        shown = tab.run(cached_message_hashes=sorted(hashes))
        assert not told(shown, sent)
    assert theirs() == before


def test_a_view_is_forgotten_by_its_owner_alone_and_its_address_shows_everybody_their_own(
    live, sent
):
    talk = live.world.ana.conversations[0]
    view = {"user_id": ANA.user_id, "name": "Shared", "page": "conversations",
            "query": f"demo=ANAMARK+demo&conversation={talk}&said=ANAMARK"}  # fmt: skip
    with live.database.admin.begin() as conn:
        made = conn.execute(insert(saved_views).values(view).returning(saved_views.c.id)).scalar()

    def is_there():
        with live.database.admin.connect() as conn:
            return conn.execute(select(saved_views.c.id).where(saved_views.c.id == made)).first()

    with tab_of(live, ANA) as hers:
        found = []

        def is_offered():  # views have no version: another test's answer is kept for seconds
            hers.open("overview", **WHEN)
            found[:] = [w for w in hers.widgets.values() if w.key == f"forget_{made}"]
            return found

        eventually(is_offered, "the view is in the menu")
        (forget,) = found
        for viewer in (BEN, PIA):
            with tab_of(live, viewer) as tab:
                tab.open("overview", **WHEN)
                tab.states = {forget.id: state_of(forget, "")}
                shown = tab.run()
                assert b"Shared" not in shown
                shown = tab.run(query=view["query"], page_hash=tab.pages["conversations"])
                assert not told(shown, sent)
            assert is_there()
        hers.states = {forget.id: state_of(forget, "")}
        hers.run()
    assert not is_there()


def test_a_page_of_the_product_team_does_not_open_by_its_hash(live, sent):
    with tab_of(live, PIA) as hers:
        assert b"demo_id" in hers.open("platform", **WHEN) or hers.widgets
        pages = hers.pages
    assert "platform" in pages
    with tab_of(live, BEN) as tab:
        tab.open("overview")
        for query in ("", "demo=ANAMARK+demo", f"conversation={live.world.ana.conversations[0]}"):
            for name, page_hash in pages.items():
                shown = tab.run(page_hash=page_hash, query=query)
                assert not told(shown, sent)
                if name == "platform":
                    assert b"This page is for the product team" in shown
        for made_up in ("0" * 32, "../platform", "platform", "\x00"):
            shown = tab.run(page_hash=made_up, page_name=made_up)
            assert not told(shown, sent)
    with tab_of(live, PIA) as hers:
        hers.open("overview")
        for page_hash in pages.values():
            for query in ("conversation=ANAMARK-talk-0", "said=ANAMARK", "demo=ANAMARK+demo"):
                shown = hers.run(page_hash=page_hash, query=query)
                for words in (b"ANAMARK says", b"ANAMARK visitor", b"ANAMARK content", b"ana@"):
                    assert words not in shown


def test_the_tab_of_another_is_not_driven_from_ones_own(live, sent):
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
            assert not told(shown, sent)
        assert live.world.ben.is_in(tab.open("conversations", **WHEN))
