"""Questions about what visitors want, and how sure the labels are."""

from typing import Any, Final
from uuid import UUID

import pandas as pd
from sqlalchemy import Connection, Double, cast, func, literal, null, select, union_all

from domo_insights.database.frames import Columns, read_frame
from domo_insights.period import Period
from domo_insights.queries import counts
from domo_insights.queries.buckets import NUMBER, WHOLE, laid, whole_of
from domo_insights.queries.counts import total
from domo_insights.queries.derived import derived

_MEASURES: Final[Columns] = {
    "intents": "int64",
    "user_messages": "int64",
    "with_intent": "int64",
    "without_intent_share": "float64",
    "average_confidence": "float64",
    "with_confidence": "int64",
    "labelled_here": "int64",
    "labelled_here_share": "float64",
}
KPIS: Final[Columns] = _MEASURES
OVER_TIME: Final[Columns] = {"bucket": "datetime64[us]", **_MEASURES}
RANKED: Final[Columns] = {
    "intent": "str",
    "user_messages": "int64",
    "intent_share": "float64",
    "labelled": "int64",
    "negative": "int64",
    "negative_share": "float64",
    "average_confidence": "float64",
    "with_confidence": "int64",
}
_COUNTS: Final = (
    "n_labelled", "n_negative", "n_confidence", "n_intent", "n_any_label", "n_labelled_here",
)  # fmt: skip
MEASURED: Final[Columns] = {
    NUMBER: "int64", "intent": "object", "n": "int64", **dict.fromkeys(_COUNTS, "int64"),
    "confidence": "float64",
}  # fmt: skip
_NAMES: Final = {
    "n": "user_messages",
    "n_labelled": "labelled",
    "n_negative": "negative",
    "n_confidence": "with_confidence",
}


def measured(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """What the other questions here are made of: user messages by NUMBER, the bucket's, and
    intent. The rows without an intent have what all user messages of the bucket add up to.

    Columns: see MEASURED; confidence is a sum. Raises: DatabaseError.
    """
    given = period, demo_id, include_test, period.buckets()
    said, wanted = counts.messages(*given), counts.intents(*given)
    every = select(
        said.c.number,
        null().label("intent"),
        total(said.c.n_user).label("n"),
        *(total(said.c[name]).label(name) for name in _COUNTS),
        cast(func.sum(said.c.confidence), Double).label("confidence"),
    ).group_by(said.c.number)
    each = select(
        wanted.c.number,
        wanted.c.intent,
        wanted.c.n,
        wanted.c.n_labelled,
        wanted.c.n_negative,
        wanted.c.n_confidence,
        *(literal(0).label(name) for name in _COUNTS[3:]),
        cast(wanted.c.confidence, Double),
    )
    return read_frame(conn, union_all(every, each), MEASURED)


@derived(measured)
def kpis(frame: pd.DataFrame, period: Period) -> pd.DataFrame:
    """The intents of the period's user messages in one row.

    Columns:
        intents: distinct ones; with_intent, with_confidence: messages that have one
        average_confidence: mean from 0 to 1, missing without any
        labelled_here: messages whose labels were given by this dashboard, with their share of
            those that have a label at all
        without_intent_share: of user_messages

    Source: conversation_messages, dated by occurred_at. Raises: DatabaseError.
    """
    found = _measures(frame.assign(**{NUMBER: WHOLE}))
    whole = laid(found, [], {"bucket": OVER_TIME["bucket"], **KPIS}, with_whole=True)
    return whole_of(whole)


@derived(measured)
def over_time(frame: pd.DataFrame, period: Period) -> pd.DataFrame:
    """The columns of `kpis` for each `bucket` (local start, ascending, quiet ones included)."""
    return laid(_measures(frame), period.buckets(), OVER_TIME)


@derived(measured)
def ranked(frame: pd.DataFrame, period: Period) -> pd.DataFrame:
    """Every intent of the period's user messages, the most frequent first.

    Columns: intent, user_messages, intent_share (of the messages with an intent), labelled (with
    a sentiment), negative, negative_share (of labelled), average_confidence, with_confidence.
    Source: conversation_messages, dated by occurred_at. Raises: DatabaseError.
    """
    found = frame.dropna(subset="intent").groupby("intent").sum()
    found = found.sort_values("n", ascending=False, kind="stable").rename(columns=_NAMES)
    found["intent_share"] = found["user_messages"] / found["user_messages"].sum()
    found["negative_share"] = found["negative"] / found["labelled"].where(found["labelled"] > 0)
    found["average_confidence"] = _mean(found)
    return found.reset_index()[list(RANKED)].astype(dict(RANKED))


def _measures(frame: pd.DataFrame) -> dict[str, dict[int, Any]]:
    """The columns of `kpis` by name and NUMBER."""
    every = frame[frame["intent"].isna()].drop(columns="intent").groupby(NUMBER).sum()
    found = every.rename(columns=_NAMES | {"n_intent": "with_intent"})
    found["intents"] = frame.dropna(subset="intent").groupby(NUMBER)["intent"].nunique()
    messages = found["user_messages"].where(found["user_messages"] > 0)
    found["without_intent_share"] = (messages - found["with_intent"]) / messages
    found["average_confidence"] = _mean(found)
    found["labelled_here"] = found["n_labelled_here"]
    labelled = found["n_any_label"].where(found["n_any_label"] > 0)
    found["labelled_here_share"] = found["labelled_here"] / labelled
    numbers = found.index.tolist()
    return {name: dict(zip(numbers, found[name].tolist(), strict=True)) for name in _MEASURES}


def _mean(found: pd.DataFrame) -> pd.Series:
    return found["confidence"] / found["with_confidence"].where(found["with_confidence"] > 0)
