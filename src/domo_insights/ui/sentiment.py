"""How visitors feel and what they want, as charts. Each mark opens the messages behind it."""

from collections.abc import Callable
from typing import Any, Final

import pandas as pd
import streamlit as st

from domo_insights import metrics
from domo_insights.charts import calibration, quadrant, shares
from domo_insights.charts.words import two_lines
from domo_insights.metrics import Metric
from domo_insights.queries import intents, misses, turns
from domo_insights.queries.visitor_messages import Mark
from domo_insights.ui import blocks, exports
from domo_insights.ui.data import load, so_far
from domo_insights.ui.filters import Asked
from domo_insights.ui.plain import plain
from domo_insights.ui.sentiment_rows import can_open, opening

FEELINGS: Final[dict[str, Metric]] = {
    "negative": metrics.NEGATIVE_SHARE,
    "neutral": metrics.NEUTRAL_SHARE,
    "positive": metrics.POSITIVE_SHARE,
}
_LINES: Final = (metrics.NEGATIVE_SHARE, metrics.POSITIVE_SHARE, metrics.UNLABELLED_SHARE)
_LINE_MEANS: Final = ("negative", "positive", "")
_MOST_DEMOS: Final = 15
_INVITATION: Final = "Select a mark of a chart to read the messages behind it."
_OVER_TIME: Final = "Negative and positive: of messages with a sentiment. Unlabelled: of all."


def labelled_by(asked: Asked) -> None:
    """What the labels are worth: how many are missing, and how many were given here."""
    row = load(intents.kpis, *asked).iloc[0]
    if not row["user_messages"]:
        return
    words = [
        f"{metrics.WITHOUT_INTENT_SHARE.text(float(row['without_intent_share']))} of visitors'"
        " messages have no intent."
    ]
    if row["labelled_here"]:
        share = metrics.LABELLED_HERE_SHARE.text(float(row["labelled_here_share"]))
        words.append(
            f"{share} of the labelled ones were labelled by this dashboard: sentiment by a"
            " lexicon, intent by the nearest labelled example."
        )
    if can_open():
        words.append(_INVITATION)
    st.caption(" ".join(words))


def over_time(asked: Asked, query: Callable[..., pd.DataFrame]) -> None:
    """Negative, positive and unlabelled share in each bucket."""
    title = "Sentiment over time"
    with blocks.card(
        title,
        _OVER_TIME,
        key="feelings",
        meaning=_meanings(_LINES),
        export=exports.of(query, asked),
    ):
        frame = so_far(load(query, *asked), asked.period)
        buckets = asked.period.buckets()

        def marked(number: int, curve: int | None) -> Mark:
            bucket = buckets[number]
            feeling = None if curve is None else _LINE_MEANS[curve]
            return Mark(sentiment=feeling, since=bucket.start, until=bucket.end)

        blocks.chart(
            shares.lines_over_time(frame, _LINES),
            frame[["bucket", "user_messages", "labelled", *(m.key for m in _LINES)]],
            key="feelings",
            alt=_alt(title, frame, asked),
            pick=opening("feelings", marked),
        )


def by_demo(asked: Asked) -> None:
    """The demos side by side, the most unhappy first."""
    with blocks.card(
        "By demo",
        "Of visitors' messages with a sentiment; the most negative demo first.",
        key="by_demo",
        meaning=_meanings(FEELINGS.values()),
        export=exports.of(turns.by_demo, asked),
    ):
        frame = load(turns.by_demo, *asked).head(_MOST_DEMOS)
        if _nothing_felt(frame):
            return
        labels = [f"{two_lines(plain(name), 20)}{' ' * n}" for n, name in _apart(frame["demo"])]
        ids = frame["demo_id"].tolist()

        def marked(number: int, curve: int | None) -> Mark:
            return Mark(demo_id=ids[number], sentiment=_feeling(curve))

        blocks.chart(
            shares.feelings(labels, frame, FEELINGS, lying=True),
            frame.drop(columns="demo_id").assign(demo=frame["demo"].map(plain)),
            key="by_demo",
            alt=_told("Sentiment by demo", frame["demo"].map(plain).tolist(), frame),
            pick=opening("by_demo", marked),
        )


def by_turn(asked: Asked) -> None:
    """The visitor's first message, second, ... and how they felt in it."""
    title = "By turn number"
    with blocks.card(
        title,
        "Of visitors' messages with a sentiment: their first, second, and so on.",
        key="by_turn",
        meaning=_meanings(FEELINGS.values()),
        export=exports.of(turns.by_turn, asked),
    ):
        frame = load(turns.by_turn, *asked)
        if _nothing_felt(frame):
            return
        labels = [f"{turn}{'+' if turn == turns.LAST else ''}" for turn in frame["turn"]]
        turn_of = frame["turn"].tolist()

        def marked(number: int, curve: int | None) -> Mark:
            return Mark(turn=turn_of[number], sentiment=_feeling(curve))

        blocks.chart(
            shares.feelings(labels, frame, FEELINGS, lying=False),
            frame,
            key="by_turn",
            alt=_told("Sentiment by the number of the visitor's message", labels, frame),
            pick=opening("by_turn", marked),
        )


def intent_quadrant(asked: Asked) -> None:
    """What many want and what makes them unhappy."""
    about = "Volume against negative share; the larger, the surer the label."
    meaning = _meanings((metrics.INTENT_SHARE, metrics.NEGATIVE_SHARE, metrics.AVERAGE_CONFIDENCE))
    with blocks.card(
        "Intents", about, key="intents", meaning=meaning, export=exports.of(intents.ranked, asked)
    ):
        frame = load(intents.ranked, *asked)
        if frame.empty:
            st.write("No message of this period has an intent.")
            return
        drawn = frame.dropna(subset="negative_share").reset_index(drop=True)
        if _nothing_felt(frame):
            st.dataframe(
                frame[["intent", "user_messages"]].assign(intent=frame["intent"].map(plain)),
                hide_index=True,
                alt="Intents with their number of messages",
                column_config={"intent": "Intent", "user_messages": "User messages"},
            )
            return
        worst = drawn.sort_values("negative_share", ascending=False).head(3)
        every, shown = frame["intent"].tolist(), drawn["intent"].tolist()

        def marked(number: int, curve: int | None) -> Mark:
            return Mark(intent=(every if curve is None else shown)[number])

        blocks.chart(
            quadrant.quadrant(
                drawn, "intent", metrics.USER_MESSAGES, metrics.NEGATIVE_SHARE,
                metrics.AVERAGE_CONFIDENCE,
            ),
            frame.assign(intent=frame["intent"].map(plain)),
            key="intents",
            alt=f"{len(frame)} intents. Most negative: {', '.join(map(plain, worst['intent']))}.",
            pick=opening("intents", marked),
        )  # fmt: skip


def confidence(asked: Asked) -> None:
    """Whether a sure label is a right one, as far as what followed can tell."""
    about = "How it went on after messages of each confidence."
    meaning = metrics.WENT_WELL_SHARE.meaning
    with blocks.card(
        "Confidence calibration",
        about,
        key="confidence",
        meaning=meaning,
        export=exports.of(misses.calibration, asked),
    ):
        frame = load(misses.calibration, *asked)
        if frame.empty:
            st.write("No message of this period has a confidence.")
            return
        labels = [f"{step / 10:.1f} to {(step + 1) / 10:.1f}" for step in frame["step"]]
        told = [metrics.WENT_WELL_SHARE.text(share) for share in frame["went_well_share"]]
        steps = frame["step"].tolist()

        def marked(number: int, curve: int | None) -> Mark | None:
            return None if curve == 0 else Mark(step=steps[number])

        blocks.chart(
            calibration.calibration(frame, metrics.WENT_WELL_SHARE, metrics.AVERAGE_CONFIDENCE),
            frame.assign(confidence=labels).drop(columns="step"),
            key="confidence",
            alt="Confidence and the share that went on well. "
            + ", ".join(f"{a}: {b}" for a, b in zip(labels, told, strict=True)),
            pick=opening("confidence", marked),
        )


def _nothing_felt(frame: pd.DataFrame) -> bool:
    """Whether no message has a sentiment; if so, says how they get one."""
    if frame["negative_share"].notna().any():
        return False
    st.write("No message of this period has a sentiment.")
    if can_open():
        st.caption("Callbacks bring it, labels from a file, or the command that reads the words:")
        st.code("domo-insights label --local", language=None)
    return True


def _feeling(curve: int | None) -> str | None:
    return None if curve is None else list(FEELINGS)[curve]


def _meanings(wanted: Any) -> str:
    return "\n\n".join(f"{metric.label}: {metric.meaning}" for metric in wanted)


def _apart(names: pd.Series) -> Any:
    """Each name with how often it came before: two demos of one name are two bars."""
    return zip(names.groupby(names).cumcount(), names, strict=True)


def _alt(title: str, frame: pd.DataFrame, asked: Asked) -> str:
    labelled, users = frame["labelled"].sum(), frame["user_messages"].sum()
    if not labelled:
        return f"{title}: no message has a sentiment."
    whole = {name: float(frame[name].sum() / labelled) for name in FEELINGS}
    told = ", ".join(f"{name} {FEELINGS[name].text(share)}" for name, share in whole.items())
    missing = metrics.UNLABELLED_SHARE.text(float(1 - labelled / users))
    return f"{title}, {asked.period.text}. In all {told}; unlabelled {missing}."


def _told(title: str, labels: list[str], frame: pd.DataFrame) -> str:
    shares_ = [metrics.NEGATIVE_SHARE.text(float(share)) for share in frame["negative_share"]]
    told = ", ".join(f"{a.strip()}: {b}" for a, b in zip(labels, shares_, strict=True))
    return f"{title}. Negative share: {told}." if told else f"{title}: nothing to show."
