"""Figures of conversations, sentiment and intent."""

import pandas as pd
import pytest

from domo_insights import metrics
from domo_insights.charts.calibration import calibration
from domo_insights.charts.distribution import alt_bars, bars
from domo_insights.charts.heatmap import alt_week, week_of_hours
from domo_insights.charts.quadrant import quadrant
from domo_insights.charts.shares import feelings, lines_over_time
from domo_insights.charts.strip import alt_strip, strip
from domo_insights.charts.words import word
from domo_insights.intervals import wilson

WEEK = pd.DataFrame(
    [{"weekday": d, "hour": h, "conversations": 9 if (d, h) == (4, 15) else 0}
     for d in range(7) for h in range(24)]
)  # fmt: skip
FELT = pd.DataFrame({"negative": [1, 0], "neutral": [2, 0], "positive": [1, 0], "labelled": [4, 0]})
SHARES = {"negative": metrics.NEGATIVE_SHARE, "positive": metrics.POSITIVE_SHARE}
INTENTS = pd.DataFrame(
    {
        "intent": ["pricing", "<a href='x'>evil</a>", "small"],
        "user_messages": [100, 90, 1],
        "negative_share": [0.1, 0.11, 0.9],
        "labelled": [100, 90, 1],
        "average_confidence": [0.9, None, 0.5],
    }
)


def test_a_week_has_monday_on_top_and_its_busiest_hour_in_words():
    figure = week_of_hours(WEEK, metrics.CONVERSATIONS)
    cells, marks = figure.data
    assert cells.y[0] == "Mon"
    assert cells.z[4][15] == 9
    assert (marks.y[4 * 24 + 15], marks.x[4 * 24 + 15], marks.customdata[4 * 24 + 15]) == (
        "Fri", "15", 9)  # fmt: skip
    assert figure.layout.yaxis.autorange == "reversed"
    assert "Fri 15:00 with 9" in alt_week("Starts", WEEK, metrics.CONVERSATIONS)
    none = WEEK.assign(conversations=0)
    assert alt_week("Starts", none, metrics.CONVERSATIONS) == "Starts: nothing to show."


def test_shares_are_of_what_is_labelled_and_told_apart_without_colour():
    figure = feelings(["a", "b"], FELT, SHARES, lying=True)
    negative, positive = figure.data
    assert negative.x[0] == 0.25
    assert pd.isna(negative.x[1])
    assert negative.marker.pattern.shape != positive.marker.pattern.shape
    upright = feelings(["a", "b"], FELT, SHARES, lying=False)
    assert upright.data[0].y[0] == 0.25
    days = pd.DataFrame({"bucket": pd.to_datetime(["2026-03-01"]), "negative_share": [0.2],
                         "positive_share": [None]})  # fmt: skip
    first, second = lines_over_time(days, list(SHARES.values())).data
    assert first.line.dash != second.line.dash


def test_intents_keep_their_tags_as_text_and_names_do_not_cover_each_other():
    figure = quadrant(INTENTS, "intent", metrics.USER_MESSAGES, metrics.NEGATIVE_SHARE,
                      metrics.AVERAGE_CONFIDENCE)  # fmt: skip
    marks = figure.data[-1]
    assert "<" not in str(marks.customdata)
    assert "<" not in str(marks.text)
    assert (marks.text[0], marks.text[2]) == ("pricing", "small")
    assert marks.textposition[:2] == ("top center", "bottom center")
    crowd = pd.concat([INTENTS] * 3)
    named = quadrant(crowd, "intent", metrics.USER_MESSAGES, metrics.NEGATIVE_SHARE,
                     metrics.AVERAGE_CONFIDENCE).data[-1].text  # fmt: skip
    assert [text != "" for text in named].count(True) < len(crowd) - 2
    assert list(marks.marker.symbol) == ["circle", "circle-open", "circle"]
    assert word("<b>x</b>\n" * 20).count("<") == 0


@pytest.mark.parametrize(("hits", "count"), [(0, 1), (1, 1), (7, 10), (999, 1000)])
def test_an_interval_holds_its_share(hits, count):
    low, high = wilson(hits, count)
    assert 0 <= low <= hits / count <= high <= 1
    assert low < high


def test_calibration_has_a_mark_and_an_interval_per_step():
    frame = pd.DataFrame({"step": [3, 9], "judged": [10, 100], "went_well": [5, 95]})
    frame = frame.assign(went_well_share=[0.5, 0.95], mean_confidence=[0.35, 0.93])
    marks = calibration(frame, metrics.WENT_WELL_SHARE, metrics.AVERAGE_CONFIDENCE).data[1]
    assert list(marks.x) == [0.35, 0.93]
    assert marks.error_y.array[0] > marks.error_y.array[1] > 0


def test_a_strip_has_a_lane_for_each_and_words_of_ours_alone():
    at = pd.to_datetime(["2026-03-01 10:00", "2026-03-01 10:01", "2026-03-01 10:02"])
    said = pd.DataFrame({"at": at, "role": ["user", "assistant", "user"],
                         "sentiment": ["negative", None, "<b>odd</b>"]})  # fmt: skip
    happened = pd.DataFrame({"at": at[:1], "what": ["Tool called"]})
    figure = strip(said, happened)
    assert [trace.name for trace in figure.data] == ["Negative", "No label", "Agent", "Event"]
    assert "odd" not in str(figure.to_plotly_json())
    assert alt_strip(said, happened).startswith("2 messages of the visitor, of these 1 negative")
    assert not strip(said.iloc[:0], happened.iloc[:0]).data


def test_bars_say_all_of_themselves():
    assert list(bars(["1", "2"], [0.5, 0.25], metrics.REACH, texts=True).data[0].y) == [0.5, 0.25]
    told = alt_bars("Reach", ["1"], [0.5], metrics.REACH)
    assert told.replace(metrics.THIN, " ") == "Reach. 1: 50.0 %."
    assert alt_bars("Reach", [], [], metrics.REACH) == "Reach: nothing to show."
