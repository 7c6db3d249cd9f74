"""What owners did, as marks on a chart over time."""

from typing import Final

import pandas as pd

from domo_insights.queries import marks
from domo_insights.ui.data import load
from domo_insights.ui.filters import Asked
from domo_insights.ui.plain import plain
from domo_insights.ui.session import current_viewer

KINDS: Final = {"knowledge": "Knowledge edited", "published": "Published"}


def of(asked: Asked) -> pd.DataFrame:
    """A row per bucket and kind: bucket (as the chart's), kind, words.

    The product team sees that knowledge was edited, not what was published: the audit log that
    says so holds words.
    """
    labels = [bucket.label for bucket in asked.period.buckets()]
    edited = load(marks.knowledge, *asked)
    words = [f"{plain(row.demo)}: {row.edits:,} edits" for row in edited.itertuples()]
    found = [edited.assign(kind="knowledge", words=words)]
    if not current_viewer().product_team:
        published = load(marks.publishing, *asked)
        names = [f"{plain(row.demo)} was published" for row in published.itertuples()]
        found.append(published.assign(kind="published", words=names))
    every = pd.concat([frame[["number", "kind", "words"]] for frame in found], ignore_index=True)
    joined = every.groupby(["number", "kind"], sort=True)["words"].agg(_few).reset_index()
    return joined.assign(bucket=[labels[number - 1] for number in joined["number"]])


def _few(words: "pd.Series[str]") -> str:
    first = "; ".join(words.head(4))
    return f"{first} and {len(words) - 4} more" if len(words) > 4 else first
