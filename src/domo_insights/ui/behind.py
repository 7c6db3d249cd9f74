"""What is behind a number: where its card leads, and in which words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from domo_insights.metrics import Metric
from domo_insights.queries.conversations_behind import ConversationMark
from domo_insights.queries.visitor_messages import Mark
from domo_insights.ui import filters, places, reading, sentiment_rows
from domo_insights.ui.places import Place
from domo_insights.ui.session import current_viewer


@dataclass(frozen=True, slots=True)
class Way:
    """A way to a page, and to `rows` on it; `spoken` rows are for those who may read them.

    No two cards of a row say the same `label`: who hears a list of links must tell them apart.
    """

    place: Place
    label: str
    rows: Mapping[str, str] = field(default_factory=dict)
    spoken: bool = False


def _felt(label: str, sentiment: str) -> Way:
    mark = {sentiment_rows.MARK: f"feelings?{Mark(sentiment=sentiment)}"}
    return Way(places.SENTIMENT, label, mark, spoken=True)


_LIST: Final = {reading.PAGE: "1"}
_ACTIVE: Final = {reading.BEHIND: str(ConversationMark(active=1))}
_WAYS: Final[Mapping[str, Way]] = {
    "conversations": Way(places.CONVERSATIONS, "See them all", _LIST),
    "active_share": Way(places.CONVERSATIONS, "See active ones", _ACTIVE),
    "messages": Way(places.CONVERSATIONS, "See who talks"),
    "median_duration": Way(places.CONVERSATIONS, "See durations"),
    "reply_p95": Way(places.CONVERSATIONS, "See reply times"),
    "negative_share": _felt("Read negative", "negative"),
    "positive_share": _felt("Read positive", "positive"),
    "unlabelled_share": _felt("Read unlabelled", ""),
    "chunks_without_embedding": Way(places.PLAYGROUND, "See knowledge"),
    "active_demos": Way(places.DEMOS, "See demos"),
    "handler_p95": Way(places.WEBHOOKS, "See handler times"),
}


def of(metric: Metric) -> Way | None:
    """The way from the card of `metric`; None where the page that is open shows no more of it."""
    way = _WAYS.get(metric.key)
    if way is None:
        return None
    if way.spoken and current_viewer().product_team:
        way = Way(way.place, way.label.replace("Read", "See"))
    return None if way.place.title == filters.page() and not way.rows else way
