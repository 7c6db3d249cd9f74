"""What is behind a mark is what the mark counts; and a mark survives being an address."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domo_insights.database.doors import reading
from domo_insights.errors import WrongUseError
from domo_insights.period import Period
from domo_insights.queries import conversations, conversations_behind
from domo_insights.queries import conversations_shape as shape
from domo_insights.queries.conversations_behind import ConversationMark
from domo_insights.queries.visitor_messages import Mark
from tests.factories import ANA, BEN, conversation, demo, event, message

ZONES = ("UTC", "Asia/Kolkata", "America/New_York", "Pacific/Apia")
AROUND = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
"""In New York the hour from 01:00 comes twice that night."""


@pytest.fixture
def talks(rows):
    """Forty conversations, hours apart, of all lengths and durations and ways to end."""
    mine, other = demo(rows), demo(rows, BEN)
    for n in range(40):
        at = AROUND + timedelta(hours=n * 5 - 60, minutes=n)
        made = conversation(rows, other if n % 10 == 9 else mine, started_at=at)
        for turn in range(n % 13):
            message(rows, made, at=at + timedelta(seconds=5 * turn + 1))
            if turn % 2:
                message(rows, made, "assistant", at=at + timedelta(seconds=5 * turn + 2))
        if n % 3:
            event(rows, made, "system.shutdown", occurred_at=at + timedelta(seconds=n * 40),
                  event_data={"properties": {"shutdown_reason": f"reason_{n % 3}"}})  # fmt: skip


def marks_of(frame, name):
    for row in frame.to_dict("records"):
        low, high = row.get("from_value"), row.get("to_value")
        high = None if high != high or high is None else int(high)
        match name:
            case "starts":
                mark = ConversationMark(weekday=row["weekday"], hour=row["hour"])
            case "reach":
                mark = ConversationMark(turns=row["turn"])
            case "lengths":
                mark = ConversationMark(length_from=low, length_to=high)
            case "durations":
                mark = ConversationMark(seconds_from=low, seconds_to=high)
            case _:
                ended = row["end_reason"]
                mark = ConversationMark(ended=ended if isinstance(ended, str) else "")
        yield mark, row["reached" if name == "reach" else "conversations"]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("name", ["starts", "reach", "lengths", "durations", "ends"])
def test_as_many_rows_as_the_mark_counts(talks, database, name, zone):
    period = Period.parse("2026-10-20..2026-11-20", AROUND + timedelta(days=30), zone)
    with reading(database.engine, ANA) as conn:
        shown = getattr(shape, name)(conn, period)
        for mark, counted in marks_of(shown, name):
            if name == "starts" and not counted:
                continue
            again = ConversationMark.parse(str(mark))
            assert again == mark
            found = conversations.listing(conn, period, mark=again)
            assert len(found) == counted, mark
            assert conversations_behind.count(conn, period, mark=again).iloc[0, 0] == counted
        assert len(conversations.listing(conn, period)) == 36


def test_the_active_ones_and_the_others_are_all_of_them(talks, database):
    period = Period.parse("2026-10-20..2026-11-20", AROUND + timedelta(days=30))
    with reading(database.engine, ANA) as conn:
        active = conversations.kpis(conn, period)["active"].iloc[0]
        on, off = (ConversationMark.parse(f"active={one}") for one in (1, 0))
        assert len(conversations.listing(conn, period, mark=on)) == active
        assert len(conversations.listing(conn, period, mark=off)) == 36 - active
        assert 0 < active < 36


@given(
    st.builds(
        Mark,
        demo_id=st.none() | st.just(UUID(int=7)),
        sentiment=st.none() | st.sampled_from(["", "negative"]),
        intent=st.none() | st.text(st.characters(exclude_characters="\x00", codec="utf-8")),
        turn=st.none() | st.integers(1, 10),
        since=st.none() | st.datetimes(timezones=st.just(UTC)),
    )
)
def test_a_mark_is_itself_after_a_way_through_an_address(mark):
    assert Mark.parse(str(mark)) == mark


@pytest.mark.parametrize(
    "said",
    ["hour=x", "hour=-1", "hour=99999999999", "user=1", "hour", "hour=1&nobody=2", "ended=%00"],
)
def test_what_no_chart_shows_is_refused_in_words(said):
    with pytest.raises(WrongUseError, match="no chart shows"):
        ConversationMark.parse(said)


def test_a_moment_without_a_zone_is_none():
    with pytest.raises(WrongUseError):
        Mark.parse("since=2026-11-01T00:00:00")
