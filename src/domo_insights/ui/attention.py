"""What needs somebody now, each with its reason and a way there."""

from typing import Any, Final

import streamlit as st

from domo_insights.exports import reasons
from domo_insights.metrics import RULES
from domo_insights.queries import attention
from domo_insights.settings import current
from domo_insights.ui import blocks, exports, links, places, spoken
from domo_insights.ui.data import load
from domo_insights.ui.filters import Asked
from domo_insights.ui.plain import show

SHOWN: Final = 6
_LEADS_TO: Final = {
    "negative_share_rose": places.SENTIMENT,
    "handler_slow": places.WEBHOOKS,
    "coverage_fell": places.EVALUATION,
    "chunks_unembedded": places.PLAYGROUND,
}
_ICONS: Final[dict[str, Any]] = {
    "went_quiet": (":material/bedtime:", "gray"),
    "negative_share_rose": (":material/sentiment_dissatisfied:", "red"),
    "handler_slow": (":material/hourglass_bottom:", "orange"),
    "videos_failed": (":material/videocam_off:", "red"),
    "coverage_fell": (":material/trending_down:", "orange"),
    "chunks_unembedded": (":material/search_off:", "orange"),
}


def needs_attention(asked: Asked) -> None:
    """The demos that a rule holds for; the rules are one click away."""
    limit = current().insights_handler_p95_ms
    export = exports.of(attention.needs, asked, handler_p95_ms=limit)
    with blocks.card("Needs attention", key="attention", export=export):
        found = load(attention.needs, *asked, handler_p95_ms=limit)
        rows = list(found.itertuples())
        if not rows:
            st.success("Nothing does by the rules below.", icon=":material/check_circle:")
        for row in rows[:SHOWN]:
            _need(row)
        if len(rows) > SHOWN:
            with st.expander(f"{len(rows) - SHOWN} more"):
                for row in rows[SHOWN:]:
                    _need(row)
        with st.expander("The rules", icon=":material/rule:"):
            st.markdown(
                "\n".join(f"- **{reasons.TITLES[rule]}.** {words}" for rule, words in RULES.items())
            )
            st.caption(f"The limit of the handler time is {limit:,} ms.")


def _need(row: Any) -> None:
    icon, colour = _ICONS[row.rule]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        with st.container(gap=None):
            st.badge(reasons.TITLES[row.rule], icon=icon, color=colour)
            show(row.demo)
            st.caption(reasons.need(row))
        label = spoken.label("Look", f"{row.demo}, {reasons.TITLES[row.rule]}")
        links.to(_LEADS_TO.get(row.rule, places.DEMOS), label, row.demo_id)
