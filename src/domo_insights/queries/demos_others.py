"""How the other demos of a demo's owner did, to hold it against."""

from typing import Any, Final
from uuid import UUID

import pandas as pd
from sqlalchemy import Connection, Select, func, select, true

from domo_insights.database.frames import Columns, read_frame
from domo_insights.database.tables import demos
from domo_insights.period import Period
from domo_insights.queries import counts
from domo_insights.queries.buckets import share_of
from domo_insights.queries.conversations import MEDIANS
from domo_insights.queries.counts import total
from domo_insights.queries.packed import percentiles, spreads

OTHERS: Final[Columns] = {
    "demos": "int64",
    "conversations": "int64",
    "active_share": "float64",
    "median_length": "float64",
    "median_duration": "float64",
    "known_durations": "int64",
    "messages": "int64",
    "labelled": "int64",
    "negative_share": "float64",
}


def others(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """The numbers of all other demos of the owner of `demo_id` together, in one row.

    Columns: demos (how many others there are), then as conversations.kpis and messages.kpis name
    them. Without a demo, or with one that is not seen, there are no others.
    Source: insights.conversations, conversation_messages. Raises: DatabaseError.
    """
    owner = select(demos.c.user_id).where(demos.c.id == demo_id).scalar_subquery()
    rest = select(demos.c.id).where(demos.c.user_id == owner, demos.c.id != demo_id)
    count = rest.subquery("rest")
    talks = _talks(period, include_test, rest).subquery("talks")
    words = _words(period, include_test, rest).subquery("words")
    number = select(func.count()).select_from(count).scalar_subquery()
    both = select(number.label("demos"), talks, words).select_from(talks.join(words, true()))
    kinds = {name: kind for name, kind in OTHERS.items() if name not in MEDIANS.values()}
    frame = read_frame(conn, both, kinds)
    theirs = set(conn.scalars(rest))
    for kind, spread in zip(
        MEDIANS,
        spreads(conn, list(MEDIANS), period, None, include_test, by_demo=True),
        strict=True,
    ):
        median = percentiles(spread.of("demo_id", theirs), {"median": 0.5})["median"]
        frame[MEDIANS[kind]] = median.get(())
    return frame[list(OTHERS)].astype(dict(OTHERS))


def _talks(period: Period, include_test: bool, rest: Select[Any]) -> Select[Any]:
    talks = counts.talks(period, None, include_test, name="counted", by_demo=True)
    count = total(talks.c.n)
    return select(
        count.label("conversations"),
        share_of(total(talks.c.n_active), count).label("active_share"),
        total(talks.c.n_timed).label("known_durations"),
    ).where(talks.c.demo_id.in_(rest))


def _words(period: Period, include_test: bool, rest: Select[Any]) -> Select[Any]:
    said = counts.messages(period, None, include_test, by_demo=True)
    labelled = total(said.c.n_labelled)
    return select(
        total(said.c.n_user + said.c.n_assistant).label("messages"),
        labelled.label("labelled"),
        share_of(total(said.c.n_negative), labelled).label("negative_share"),
    ).where(said.c.demo_id.in_(rest))
