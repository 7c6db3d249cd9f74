"""A demo's webhook address, a test event through it, and what arrived last."""

from typing import Any, Final
from uuid import UUID

import pandas as pd
import streamlit as st
from streamlit import config

from domo_insights.errors import DomoInsightsError, NotAllowedError
from domo_insights.ingest.trial import EVENT_TYPE, Trial, send_trial
from domo_insights.ingest.webhook import webhook_url
from domo_insights.metrics import HANDLER_P50
from domo_insights.queries import Query, demos
from domo_insights.settings import current
from domo_insights.ui import blocks, live, webhooks_events
from domo_insights.ui.data import load, wrote
from domo_insights.ui.filters import Asked
from domo_insights.ui.plain import plain
from domo_insights.ui.session import current_viewer

NEWEST: Final = 8
_TRIAL: Final = "_webhook_trial"


def address(asked: Asked, newest: Query, payload: Query) -> None:
    """Where Tavus sends to, with a way to try it; owners only."""
    if not current_viewer().product_team:
        with blocks.card(
            "Webhook address",
            "Give it to Tavus as the callback address of the demo. It is a secret: who has it can"
            " send events for this demo.",
            key="address",
        ):
            demo_id = _demo(asked)
            if demo_id is None:
                st.write("You have no demo yet.")
            else:
                _show(demo_id, newest)
    about = "They appear by themselves." if live.is_live() else "Reload to see newer ones."
    with blocks.card("Newest events", about, key="newest_events"):
        frame = load(newest, asked.demo_id, limit=NEWEST)
        if frame.empty:
            st.write("No event has arrived so far.")
            return
        opened = webhooks_events.table(frame, asked, key="newest_event_rows", which="newest")
        if opened is not None:
            webhooks_events.read(load(payload, opened), key="newest_payload")


def nothing_yet(asked: Asked, newest: Query, payload: Query) -> bool:
    """Whether no event ever came; then the address is all there is to show."""
    if len(load(newest, asked.demo_id, limit=NEWEST)):
        return False
    with st.container(border=True, key="empty"):
        st.subheader("No webhook event yet", anchor=False)
        st.write("Events come to a demo's own address, or out of a file:")
        st.code("domo-insights ingest FILE", language=None)
    address(asked, newest, payload)
    return True


def base() -> str:
    """Where this server is reached: the public address, else its own on this machine."""
    host = config.get_option("server.address") or "127.0.0.1"
    host = f"[{host}]" if ":" in host else host
    return current().insights_public_url or f"http://{host}:{config.get_option('server.port')}"


def _demo(asked: Asked) -> UUID | None:
    """The demo that the page is about; with all demos, one that is chosen here."""
    mine = load(demos.mine)
    if asked.demo_id is not None or mine.empty:
        return asked.demo_id
    names = dict(zip(mine["demo_id"], mine["demo"].map(plain), strict=True))
    chosen: Any = st.selectbox(
        "Demo",
        list(names),
        format_func=lambda demo: f"{names[demo]} · {str(demo)[:8]}",
        key="address_demo",
        label_visibility="collapsed",
    )
    return UUID(str(chosen))


def _show(demo_id: UUID, newest: Query) -> None:
    st.code(webhook_url(demo_id, base()), language=None, wrap_lines=True)
    st.button(
        "Send a test event",
        icon=":material/send:",
        key="send_trial",
        on_click=_send,
        args=(demo_id,),
        help="Goes through this address like one of Tavus. It counts on this page and nowhere"
        " else: its conversation is marked as a test.",
    )
    held = st.session_state.get(_TRIAL)
    if held and held[0] == demo_id:
        _outcome(held[1], load(newest, demo_id, limit=NEWEST))


def _send(demo_id: UUID) -> None:
    try:
        if demo_id not in set(load(demos.mine)["demo_id"]):
            raise NotAllowedError
        outcome: Trial | DomoInsightsError = send_trial(demo_id, base())
    except DomoInsightsError as problem:
        outcome = problem
    st.session_state[_TRIAL] = (demo_id, outcome)
    wrote()


def _outcome(outcome: Trial | DomoInsightsError, frame: pd.DataFrame) -> None:
    if isinstance(outcome, DomoInsightsError):
        blocks.error(outcome, "trial")
        return
    if not outcome.stored:
        st.error(f"The route answered {outcome.status}.", icon=":material/error:")
        st.text(plain(outcome.reason))
        return
    there = frame[(frame["event_type"] == EVENT_TYPE) & (frame["processed_at"] >= outcome.sent_at)]
    if there.empty:
        took = f"{outcome.seconds * 1000:.0f} ms"
        st.info(
            f"Sent, answered with 200 in {took}. Waiting to see it.", icon=":material/schedule:"
        )
        return
    took = HANDLER_P50.text(float(there["handler_ms"].iloc[0]))
    st.success(
        f"Arrived: answered with 200 in {outcome.seconds * 1000:.0f} ms, handled in {took}.",
        icon=":material/check_circle:",
    )
