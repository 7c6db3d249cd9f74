"""Search in messages, whichever way it finds them: back from the newest, or in the index."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from domo_insights.database.doors import reading
from domo_insights.period import Period
from domo_insights.queries import text_search
from tests.factories import ANA, BEN, NOON, conversation, demo

WEEK = Period.parse("2026-02-28..2026-03-07", NOON + timedelta(days=9))
PLAIN = """
  select conversation_id from public.conversation_messages m
  where to_tsvector('simple', left(content, 200000)) @@ insights.words_asked(:words)
    and role in ('user', 'assistant') and demo_id = any (:demos)
    and occurred_at >= :since and occurred_at < :until
    and not exists (select from public.conversation_details d
                    where d.is_test and d.tavus_conversation_id = m.conversation_id)
  order by occurred_at desc, seq desc, id"""


@pytest.fixture
def demos(rows):
    """Six thousand messages of two demos, some of tests, before, after, or of somebody else."""
    mine, other, theirs = demo(rows), demo(rows), demo(rows, BEN)
    for where, is_test, many in ((mine, False, 4500), (other, False, 600), (mine, True, 400),
                                 (theirs, False, 500)):  # fmt: skip
        talk = conversation(rows, where, is_test=is_test)
        rows.execute(
            text(
                "insert into public.conversation_messages (conversation_id, role, content,"
                " occurred_at, seq) select :talk, case n % 3 when 0 then 'assistant' else 'user'"
                " end, 'Word ' || n % 997 || case when n % 20 = 0 then ' rare_ly 50%' else '' end"
                " || case when n > 4490 then ' so long ago \\once O''Neill' else '' end"
                " || case n % 2 when 0 then ' even and Été' else ' odd or ''quoted''' end,"
                " cast(:noon as timestamptz) + interval '4 days' - n * interval '2 minutes', n % 7"
                " from generate_series(1, :many) n"
            ),
            {"talk": talk, "noon": NOON, "many": many},
        )
    rows.execute(text("analyze public.conversation_messages"))
    return [mine, other]


@pytest.mark.parametrize(
    "words",
    ["word", "even -rare", "odd or even", '"word 99"', "word 99", "rare_ly", "50%", "ago",
     "O'Neill", "\\once", "été", "ÉTÉ", "quoted", "'", "long -long", "word -word", "zebra",
     "od ev"],
)  # fmt: skip
def test_the_newest_of_all_are_found_in_order(rows, database, demos, words):
    given = {"words": words, "demos": demos, "since": WEEK.start, "until": WEEK.end}
    expected = rows.execute(text(PLAIN), given).scalars().all()
    with reading(database.engine, ANA) as conn:
        found = text_search.messages(conn, WEEK, words=words, limit=30)
    assert found["conversation_id"].tolist() == expected[:30]
    assert set(found["hits"]) <= {min(len(expected), text_search.COUNTED + 1)}
    assert found["occurred_at"].is_monotonic_decreasing


def test_hits_are_counted_up_to_a_thousand(database, demos):
    with reading(database.engine, ANA) as conn:
        assert text_search.messages(conn, WEEK, words="word", limit=1)["hits"].tolist() == [1001]
        assert text_search.messages(conn, WEEK, demos[1], words="word", limit=1)[
            "hits"
        ].tolist() == [600]
