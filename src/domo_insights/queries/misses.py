"""Questions about where it went wrong: confident misses and missed moments.

What they are is said once, in the function insights.judge; they count by the conversation's start.
Counts are kept with each conversation, and those the product team may read as well.
"""

import re
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import pandas as pd
from sqlalchemy import ColumnElement, Connection, Text, and_, any_, func, literal, select, true
from sqlalchemy.dialects.postgresql import ARRAY

from domo_insights.database.frames import Columns
from domo_insights.database.tables import conversations as talks
from domo_insights.database.tables_judged import judged_messages as judged
from domo_insights.period import Period
from domo_insights.queries import counts
from domo_insights.queries.buckets import (
    buckets_of,
    laid,
    number_or_whole,
    numbered,
    whole_of,
    within,
)
from domo_insights.queries.counts import total
from domo_insights.queries.derived import derived
from domo_insights.queries.packed import packed_spreads, spreads
from domo_insights.settings import current

_MEASURES: Final[Columns] = {
    "judged": "int64",
    "confident": "int64",
    "confident_misses": "int64",
    "missed_moments": "int64",
}
KPIS: Final[Columns] = _MEASURES
OVER_TIME: Final[Columns] = {"bucket": "datetime64[us]", **_MEASURES}
CALIBRATION: Final[Columns] = {
    "step": "int64",
    "judged": "int64",
    "went_well": "int64",
    "went_well_share": "float64",
    "mean_confidence": "float64",
}


def missed_moments(words: Sequence[str] | None = None) -> ColumnElement[int]:
    """How many missed moments a conversation has: any words can be asked for, since the intents
    of what would be one are kept."""
    found: ColumnElement[int] = func.insights.high_moments(talks.c.moment_intents, patterns(words))
    return found


def measured(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """What `kpis` and `over_time` are made of: the columns of the latter, the period first,
    without a `bucket`, then each bucket of it.

    Source: insights.conversations, dated by started_at. Raises: DatabaseError.
    """
    given = period, demo_id, include_test, period.buckets()
    counted = counts.talks(*given)
    number, every = number_or_whole(counted.c.number)
    columns = {
        "judged": total(counted.c.n_user),
        "confident": total(counted.c.n_confident),
        "confident_misses": total(counted.c.n_confident_misses),
    }
    statement = select(number, *(column.label(name) for name, column in columns.items()))
    found = numbered(conn, statement.group_by(every), list(columns))
    wanted = packed_spreads(["moment"], *given)
    number, every = number_or_whole(wanted.c.number)
    moments = select(number, total(wanted.c.counts[1]).label("missed_moments")).group_by(every)
    high = moments.where(is_high(wanted.c.label, patterns()))
    found |= numbered(conn, high, ["missed_moments"])
    return laid(found, given[-1], OVER_TIME, with_whole=True)


@derived(measured)
def kpis(frame: pd.DataFrame, period: Period) -> pd.DataFrame:
    """What went wrong in the period's conversations, in one row.

    Columns: judged (user messages of these conversations), confident (of these, with a
    confidence of 0.8 or more), confident_misses, missed_moments.
    Source: insights.conversations, dated by started_at. Raises: DatabaseError.
    """
    return whole_of(frame)


@derived(measured)
def over_time(frame: pd.DataFrame, period: Period) -> pd.DataFrame:
    """The columns of `kpis` for each `bucket` (local start, ascending, quiet ones included)."""
    return buckets_of(frame)


def calibration(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """How it went on after messages of each tenth of confidence: a row per `step` that has any.

    Columns: step (0 is 0 up to 0.1, 9 is 0.9 up to and including 1), judged, went_well (no sign
    of trouble followed), went_well_share, mean_confidence.
    Source: insights.conversations, dated by started_at. Raises: DatabaseError.
    """
    (counted,) = spreads(conn, ["judged"], period, demo_id, include_test)
    # Hundredths of the confidence, times 2, plus 1 if trouble followed.
    code, n = counted.value, counted.n
    parts = {"judged": n, "went_well": n * (code % 2 == 0), "hundredths": n * (code // 2)}
    step = pd.Series(code // 20).clip(upper=9).rename("step")
    frame = pd.DataFrame(parts).groupby(step).sum().query("judged > 0").reset_index()
    frame["went_well_share"] = frame["went_well"] / frame["judged"]
    frame["mean_confidence"] = frame.pop("hundredths") / 100 / frame["judged"]
    return frame.astype(dict(CALIBRATION))


def judged_in(period: Period, demo_id: UUID | None, include_test: bool) -> ColumnElement[bool]:
    """User messages of the conversations that started in `period`."""
    return and_(
        within(judged.c.started_at, period),
        judged.c.demo_id == demo_id if demo_id else true(),
        true() if include_test else ~judged.c.is_test,
    )


def patterns(words: Sequence[str] | None = None) -> ColumnElement[Any]:
    """What a high intent is like, a space before and after it: one of `words` in it as a word."""
    plain = (
        " ".join(re.findall(r"[^\W_]+", word.lower()))
        for word in (current().insights_high_intent if words is None else words)
    )
    return literal([f"% {word} %" for word in plain if word], ARRAY(Text()))


def is_high(intent_words: ColumnElement[str], high: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether one of the words occurs in the intent as a whole word."""
    spaced: ColumnElement[str] = literal(" ") + intent_words + " "
    return spaced.like(any_(high))
