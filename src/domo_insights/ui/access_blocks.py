"""Blocks of the access page: who the viewer is, and what the database lets them see."""

from typing import Any, Final

import pandas as pd
import streamlit as st

from domo_insights.auth import browser_sessions, sign_out_everywhere
from domo_insights.auth.cookies import session_id
from domo_insights.database.engine import engine_for
from domo_insights.database.self_test import Probe, self_test
from domo_insights.queries import Query
from domo_insights.settings import current
from domo_insights.ui import blocks, exports, filters, links, places, session, word_tables
from domo_insights.ui.data import load, wrote
from domo_insights.ui.plain import plain
from domo_insights.ui.session import current_viewer

PAGE: Final = 20
MOST_IN_A_FILE: Final = 10_000
_FEW: Final = 8
_ABOUT: Final = "the rows you can see of each, and the rule that limits them"
_TESTED: Final = "_self_test"
_ROLES: Final = {
    "insights_reader": "Demo owner: you read the rows of your own demos, and no others.",
    "insights_product": "Product team: you read rows of all demos, but no words of visitors or"
    " owners; owners are an e-mail domain and a short id.",
}
_DONE: Final = {
    "sign_in": "signed in",
    "sign_out": "signed out",
    "sign_out_everywhere": "signed out everywhere",
    "impersonate": "asked in your name",
    "export": "exported",
}
_NO_TABLE: Final = frozenset({"web_sessions", "queries"})
"""Where what was done says it all."""
_RULES: Final = (
    ("my_demo_ids", "viewer_id", "Rows of your demos, and rows with your user id"),
    ("my_demo_ids", "", "Rows of your demos"),
    ("is_product_team", "", "All rows, while your token says product team"),
    ("viewer_id", "", "Rows with your user id"),
)


def identity(query: Query, mine: Query) -> None:
    """Who is signed in, as what, and with which demos."""
    viewer = current_viewer()
    with blocks.card("You", key="identity"):
        row = load(query).iloc[0]
        st.text(plain(viewer.email))
        st.caption(f"User id {viewer.user_id}. The database takes you for {row['role']}.")
        st.write(_ROLES.get(str(row["role"]), "This role is not known here."))
        frame = load(mine)
        whose = "All demos" if viewer.product_team else "Your demos"
        st.markdown(f"**{whose}: {len(frame)}**")
        if frame.empty:
            return
        shown = frame.head(_FEW).assign(demo_id=frame["demo_id"].map(lambda demo: str(demo)[:8]))
        columns = {"demo": "Demo", "status": "Status", "demo_id": "Short id"}
        word_tables.table(shown, columns, about=f"{whose} with their status")
        if len(frame) > _FEW:
            links.to(places.DEMOS, f"{len(frame) - _FEW} more on Demos")


def tables(query: Query) -> None:
    """How many rows of each table the viewer sees, and which policy says so."""
    with blocks.card(
        "What you can see",
        "Counted in your name. The rule is a policy of the database, not of the page.",
        key="visible",
        export=exports.of(query, filters.asked()),
    ):
        frame = load(query)
        shown = frame.assign(rule=frame["rule"].map(in_words))
        columns = {"table": "Table", "rows": "Rows you see", "rule": "Limited to"}
        if frame["withheld"].any():
            columns["withheld"] = "Withheld columns"
        ours = shown["table"].str.startswith("insights.")
        word_tables.table(shown[~ours], columns, about="Tables of the platform: " + _ABOUT)
        with st.expander(f"What Domo Insights keeps itself: {ours.sum()} tables"):
            word_tables.table(shown[ours], columns, about="Tables of Domo Insights: " + _ABOUT)


def in_words(rule: str) -> str:
    """What the condition of a policy says; the condition itself where it is a new one."""
    for has, also, words in _RULES:
        if has in rule and also in rule:
            return words
    return "Everything" if rule == "true" else rule


def trial() -> None:
    """Ask for what is not the viewer's, on request."""
    viewer = current_viewer()
    about = (
        "Asks every table, in your name, for the columns that are withheld from you."
        if viewer.product_team
        else "Asks every table, in your name, for rows of demos that are not yours. Some of the ids"
        " are made up, so the answer does not say whether one of them exists."
    )
    with blocks.card("Self-test", about, key="self_test"):
        if st.button("Run the self-test", icon=":material/verified_user:", key="run_self_test"):
            engine = engine_for(current().secret("database_url"))
            st.session_state[_TESTED] = self_test(engine, viewer)
        probes: list[Probe] = st.session_state.get(_TESTED, [])
        if not probes:
            return
        broken = [probe for probe in probes if not probe.held]
        if broken:
            st.error(f"{len(broken)} of {len(probes)} questions were answered.",
                     icon=":material/gpp_bad:")  # fmt: skip
            st.caption("Tell whoever runs this database: `domo-insights doctor` says more.")
        else:
            st.success(f"All {len(probes)} questions got nothing.", icon=":material/gpp_good:")
        found = pd.DataFrame(
            {
                "table": [probe.table for probe in probes],
                "what": [probe.what for probe in probes],
                "answer": ["nothing" if probe.held else "something" for probe in probes],
            }
        )
        columns = {"table": "Table", "what": "Asked for", "answer": "Came back"}
        with st.expander("Each question", expanded=bool(broken)):
            word_tables.table(found, columns, about="What was asked for and what came back")


def browsers() -> None:
    """Where the viewer is signed in, and a way to end that."""
    with blocks.card("Browsers", "Where you are signed in now.", key="browsers"):
        viewer, zone = current_viewer(), filters.zone()
        held = session_id(session.cookies()) or ""
        found = browser_sessions(viewer, held)
        shown = pd.DataFrame(
            {
                "browser": [s.name + (" (this one)" if s.this else "") for s in found],
                "since": [s.started_at for s in found],
                "seen": [s.last_seen_at for s in found],
                "ends": [s.ends_at for s in found],
            }
        )
        for name in ("since", "seen", "ends"):
            shown[name] = _local(shown[name], zone)
        columns = {"browser": "Browser", "since": "Signed in", "seen": "Last seen", "ends": "Ends"}
        word_tables.table(shown, columns, about="Browsers you are signed in with")
        with st.container(horizontal=True):
            if len(found) > 1 and st.button("Sign out the others", key="sign_out_others"):
                sign_out_everywhere(viewer, but=held)
                st.rerun()
            with st.popover("Sign out everywhere", icon=":material/logout:"):
                st.write("This browser is signed out as well.")
                if st.button("Yes, everywhere", key="sign_out_all", type="primary"):
                    sign_out_everywhere(viewer)
                    wrote()
                    st.rerun()


def audit_log(query: Query) -> None:
    """What was done to the viewer's demos; fields by name, values never."""
    theirs = not current_viewer().product_team
    with blocks.card(
        "Audit log of your demos",
        "Who did what, and when. Old and new values are kept, and not shown.",
        key="audit",
        export=exports.of(query, filters.asked(), limit=MOST_IN_A_FILE) if theirs else None,
    ):
        if not theirs:
            st.write("The log belongs to the owner of each demo: it holds what they wrote.")
            return
        held = int(st.session_state.get("audit_page", 1) or 1)
        frame = load(query, limit=PAGE, offset=(held - 1) * PAGE)
        if frame.empty:
            st.write("Nothing so far.")
            return
        _logged(frame)
        pages = -(-int(frame["of"].iloc[0]) // PAGE)
        if pages > 1:
            st.pagination(pages, key="audit_page")


def _logged(frame: pd.DataFrame) -> None:
    shown = frame.drop(columns="of").assign(
        at=_local(frame["at"], filters.zone()),
        demo=frame["demo"].map(plain),
        action=frame["action"].map(lambda done: _DONE.get(done, plain(done).replace("_", " "))),
        table=frame["table"].map(lambda name: "" if name in _NO_TABLE else plain(name)),
        changed=frame["changed"].map(masked),
    )
    columns = {
        "at": "When",
        "who": "Who",
        "action": "Did",
        "table": "To",
        "demo": "Demo",
        "changed": "Fields, values masked",
    }
    word_tables.table(shown, columns, about="The audit log, the latest first")


def masked(fields: str) -> str:
    """Changed fields with their values hidden: always as many dots, whatever was there."""
    return ", ".join(f"{name}: •••• → ••••" for name in plain(fields).split(", ") if name)


def _local(moments: Any, zone: str) -> Any:
    return pd.to_datetime(moments, utc=True).dt.tz_convert(zone).dt.tz_localize(None)
