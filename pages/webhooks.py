"""Is the pipe healthy?"""

import streamlit as st

from domo_insights import metrics
from domo_insights.queries import webhooks, webhooks_rows, webhooks_silence
from domo_insights.ui import cards, filters, webhooks_address, webhooks_charts, webhooks_events

asked = filters.asked()
if webhooks_address.nothing_yet(asked, webhooks_rows.newest, webhooks_rows.payload):
    st.stop()

cards.row(
    asked,
    {
        metrics.EVENTS: webhooks,
        metrics.HANDLER_P50: webhooks,
        metrics.HANDLER_P95: webhooks,
        metrics.HANDLER_P99: webhooks,
        metrics.LAG_P95: webhooks,
        metrics.SILENT_HOURS: webhooks_silence,
    },
)

webhooks_charts.percentiles(asked, webhooks.by_type_over_time)

left, right = st.columns(2)
with left:
    webhooks_charts.throughput(asked, webhooks.by_type_over_time)
with right:
    webhooks_charts.distribution(asked, webhooks.distribution, webhooks.kpis)

webhooks_events.slowest(asked, webhooks_rows.slowest, webhooks_rows.payload)

left, right = st.columns(2)
with left:
    webhooks_events.silence(asked, webhooks_silence.hours)
with right:
    webhooks_events.unfitting(
        asked, webhooks_rows.without_events, webhooks_rows.without_conversation
    )

webhooks_address.address(asked, webhooks_rows.newest, webhooks_rows.payload)
