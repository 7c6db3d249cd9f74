"""What is behind a number: where its card leads, and in which words."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from domo_insights.queries.conversations_behind import ConversationMark
from domo_insights.queries.visitor_messages import Mark
from domo_insights.ui import filters, places, reading, sentiment_rows
from domo_insights.ui.places import Place
from domo_insights.ui.session import current_viewer


@dataclass(frozen=True, slots=True)
class Way:
    """A way to a page, and to `rows` on it; `spoken` rows are for those who may read them. On the
    page itself it leads to the block `block`, where one demo is chosen to `of_one`. Who may not
    read words finds what they may know at `closed`.

    No two cards of a row say the same `label`: who hears a list of links must tell them apart.
    """

    place: Place
    label: str
    rows: Mapping[str, str] = field(default_factory=dict)
    spoken: bool = False
    block: str = ""
    of_one: str = ""
    closed: "Way | None" = None


def _felt(label: str, sentiment: str) -> Way:
    mark = {sentiment_rows.MARK: f"feelings?{Mark(sentiment=sentiment)}"}
    return Way(places.SENTIMENT, label, mark, spoken=True)


_LIST: Final = {reading.PAGE: "1"}
_ACTIVE: Final = {reading.BEHIND: str(ConversationMark(active=1))}
_OF_WORDS: Final = (places.PLAYGROUND, places.EVALUATION)
"""Pages that end below the cards for who may not read words."""
_WAYS: Final[Mapping[str, Way]] = {
    "conversations": Way(places.CONVERSATIONS, "See them all", _LIST),
    "active_share": Way(places.CONVERSATIONS, "See active ones", _ACTIVE),
    "messages": Way(places.CONVERSATIONS, "See who talks", block="volume"),
    "median_length": Way(places.CONVERSATIONS, "See lengths", block="lengths"),
    "median_duration": Way(places.CONVERSATIONS, "See durations", block="durations"),
    "reply_p50": Way(places.CONVERSATIONS, "See reply times", block="reply_time"),
    "reply_p95": Way(places.CONVERSATIONS, "See reply times", block="reply_time"),
    "negative_share": _felt("Read negative", "negative"),
    "positive_share": _felt("Read positive", "positive"),
    "unlabelled_share": _felt("Read unlabelled", ""),
    "chunks_without_embedding": Way(places.PLAYGROUND, "See knowledge"),
    "intents": Way(places.SENTIMENT, "See intents", block="intents"),
    "average_confidence": Way(places.SENTIMENT, "See confidence", block="confidence"),
    "confident_misses": Way(places.SENTIMENT, "See misses", block="confident_misses"),
    "demos_published": Way(places.DEMOS, "See demos", block="all_demos", of_one="persona"),
    "videos_waiting": Way(places.DEMOS, "See videos", block="all_demos", of_one="videos"),
    "active_demos": Way(places.DEMOS, "See demos"),
    "events": Way(places.WEBHOOKS, "See events", block="throughput"),
    "handler_p50": Way(places.WEBHOOKS, "See the spread", block="distribution"),
    "handler_p95": Way(places.WEBHOOKS, "See over time", block="percentiles"),
    "handler_p99": Way(places.WEBHOOKS, "See slowest", block="slowest"),
    "lag_p95": Way(places.WEBHOOKS, "See newest", block="newest_events"),
    "silent_hours": Way(places.WEBHOOKS, "See hours", block="silence"),
    "active_owners": Way(places.PLATFORM, "See owners", block="owners"),
    "unmapped_events": Way(places.PLATFORM, "See conflicts", block="conflicts"),
    "chunks": Way(places.PLAYGROUND, "See them all", block="edit",
                  closed=Way(places.DEMOS, "See the demo")),
    "not_embedded": Way(places.EVALUATION, "See which",
                        closed=Way(places.DEMOS, "See its knowledge")),
    "model": Way(places.EVALUATION, "See its runs", closed=Way(places.PLATFORM, "See adoption")),
    "threshold": Way(places.EVALUATION, "See if it fits",
                     closed=Way(places.EVALUATION, "See coverage")),
    "coverage": Way(places.EVALUATION, "See the replay", block="replay",
                    closed=Way(places.PLAYGROUND, "See its knowledge")),
    "recall@5": Way(places.EVALUATION, "See runs", block="runs"),
    "mrr@10": Way(places.EVALUATION, "See question sets", block="sets"),
    "below_threshold": Way(places.EVALUATION, "See the threshold", block="calibration"),
}  # fmt: skip


def of(key: str) -> Way | None:
    """The way from the card `key`, a metric's or a fact's; None where the page that is open shows
    no more of it to whoever is there."""
    way = _WAYS.get(key)
    if way is None:
        return None
    here = way.place.title == filters.page()
    if current_viewer().product_team:
        if way.closed or (here and way.place in _OF_WORDS):
            return way.closed
        if way.spoken:
            way = Way(way.place, way.label.replace("Read", "See"))
    if filters.demo() != filters.ALL and way.of_one:
        way = replace(way, block=way.of_one)
    return None if here and not (way.rows or way.block) else way
