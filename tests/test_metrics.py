from pathlib import Path

import pytest

from domo_insights import metrics
from domo_insights.metrics import NOTHING, THIN, Kind
from domo_insights.metrics.page import all_metrics, as_markdown

ROOT = Path(__file__).parents[1]


def test_the_page_of_definitions_is_the_declared_ones():
    assert (ROOT / "docs/metrics.md").read_text() == as_markdown()


def test_every_metric_is_declared_once_and_whole():
    keys = [metric.key for metric in all_metrics()]
    assert len(keys) == len(set(keys)) >= 12
    for metric in all_metrics():
        assert metric.label
        assert metric.meaning.endswith(".")
        assert metric.source
        assert (metric.kind is Kind.SHARE) == metric.spec.endswith("%")


@pytest.mark.parametrize(
    ("metric", "value", "text"),
    [
        (metrics.CONVERSATIONS, 1234567, "1 234 567"),
        (metrics.CONVERSATIONS, 0, "0"),
        (metrics.ACTIVE_SHARE, 0.1234, "12.3 %"),
        (metrics.MEDIAN_LENGTH, 12, "12 msg"),
        (metrics.MEDIAN_DURATION, 59, "59 s"),
        (metrics.MEDIAN_DURATION, 185, "3 min 05 s"),
        (metrics.MEDIAN_DURATION, 3725, "1 h 02 min"),
        (metrics.REPLY_P95, 1.25, "1.2 s"),
    ],
)
def test_numbers_are_written_with_their_unit(metric, value, text):
    assert metric.text(value).replace(THIN, " ") == text


@pytest.mark.parametrize("value", [None, float("nan")])
def test_no_number_is_a_dash(value):
    assert metrics.ACTIVE_SHARE.text(value) == NOTHING
