from datetime import datetime

import pandas as pd
import pytest

from domo_insights import metrics
from domo_insights.charts import alt_over_time, line_over_time, stacked_bars
from domo_insights.charts.many_lines import lines_by

DAYS = pd.to_datetime(["2026-03-01", "2026-03-02", "2026-03-03"])
FRAME = pd.DataFrame({"bucket": DAYS, "conversations": [1, 1200, 0]})
BEFORE = pd.DataFrame({"bucket": DAYS - pd.Timedelta(days=3), "conversations": [4, 5, 6]})
LONG = pd.DataFrame(
    {
        "bucket": DAYS.repeat(2),
        "role": ["user", "assistant"] * 3,
        "messages": [1, 2, 3, 4, 5, 6],
    }
)


def coloured(figure):
    """Whether any trace names a colour of its own."""
    return "color" in str([trace.to_plotly_json() for trace in figure.data]).replace(
        "colorscale", ""
    )


def test_a_line_draws_the_metric_and_names_its_moments():
    (line,) = line_over_time(FRAME, metrics.CONVERSATIONS).data
    assert list(line.y) == [1, 1200, 0]
    assert "%-d %b %Y" in line.hovertemplate
    assert ",.0f" in line.hovertemplate


def test_before_is_a_thin_line_over_the_same_days_and_says_its_own():
    figure = line_over_time(FRAME, metrics.CONVERSATIONS, BEFORE)
    now, before = figure.data
    assert list(before.x) == list(now.x)
    assert list(before.customdata) == ["26 Feb 2026", "27 Feb 2026", "28 Feb 2026"]
    assert before.line.width < now.line.width
    assert before.line.dash == "dot"
    assert figure.layout.showlegend


def test_a_shorter_period_before_is_not_stretched():
    _, before = line_over_time(FRAME, metrics.CONVERSATIONS, BEFORE.iloc[:2]).data
    assert list(before.x) == list(DAYS[:2].to_pydatetime())


def test_hours_are_named_when_there_are_any():
    hours = FRAME.assign(bucket=pd.to_datetime([datetime(2026, 3, 1, h) for h in (0, 1, 2)]))  # noqa: DTZ001
    figure = line_over_time(hours, metrics.CONVERSATIONS)
    assert "%H:%M" in figure.layout.xaxis.tickformat
    assert "%H:%M" in figure.data[0].hovertemplate


def test_bars_are_stacked_by_their_parts_and_told_apart_without_colour():
    figure = stacked_bars(LONG, metrics.MESSAGES, {"user": "User", "assistant": "Agent"}, by="role")
    user, assistant = figure.data
    assert (user.name, list(user.y)) == ("User", [1, 3, 5])
    assert (assistant.name, list(assistant.y)) == ("Agent", [2, 4, 6])
    assert figure.layout.barmode == "stack"
    assert user.marker.pattern.shape != assistant.marker.pattern.shape


def test_no_figure_has_colours_of_its_own():
    assert not coloured(line_over_time(FRAME, metrics.CONVERSATIONS, BEFORE))
    assert not coloured(stacked_bars(LONG, metrics.MESSAGES, {"user": "User"}, by="role"))


@pytest.mark.parametrize("rows", [0, 1])
def test_little_data_is_drawn_too(rows):
    assert line_over_time(FRAME.iloc[:rows], metrics.CONVERSATIONS, BEFORE.iloc[:rows]).data
    assert stacked_bars(LONG.iloc[:rows], metrics.MESSAGES, {"user": "User"}, by="role").data


def test_the_words_for_a_figure_hold_its_numbers():
    words = alt_over_time("Conversations", FRAME, metrics.CONVERSATIONS)
    assert "1 Mar 2026 to 3 Mar 2026" in words
    assert f"In all 1{metrics.THIN}201" in words
    assert f"Highest: 1{metrics.THIN}200 on 2 Mar 2026" in words
    assert "nothing to show" in alt_over_time("X", FRAME.iloc[:0], metrics.CONVERSATIONS)


def test_names_of_parts_are_no_mark_up():
    name = '<a href="http://evil.invalid">x</a> %{y}'
    frame = pd.DataFrame({"bucket": pd.to_datetime(["2026-03-02"]), "kind": [name], "events": [1]})
    for draw in (stacked_bars, lines_by):
        shown = draw(frame, metrics.EVENTS, {name: name}, by="kind").data[0]
        assert "<a" not in shown.name + shown.hovertemplate
        assert "%{y}" not in shown.name + shown.hovertemplate


def test_times_far_apart_get_a_logarithmic_axis_that_says_so():
    def axis(metric, values):
        frame = pd.DataFrame({"bucket": DAYS, "kind": "a", metric.key: values})
        return lines_by(frame, metric, {"a": "a"}, by="kind").layout.yaxis

    far = axis(metrics.HANDLER_P95, [20.0, None, 60_000.0])
    assert far.type == "log"
    assert far.title.text == "logarithmic"
    for values in ([20.0, 30.0, 90.0], [0.0, 30.0, 60_000.0], [None, None, None]):
        assert axis(metrics.HANDLER_P95, values).type is None
    assert axis(metrics.EVENTS, [1.0, 5.0, 60_000.0]).type is None
