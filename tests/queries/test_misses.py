"""Confident misses and missed moments against their words, in plain Python over random talks."""

import re
import unicodedata
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from domo_insights.database.doors import reading
from domo_insights.database.tables_judged import judged_messages as judged
from domo_insights.period import Period
from domo_insights.queries import misses, misses_rows
from domo_insights.settings import HIGH_INTENT
from tests.factories import ANA, BEN, NOON, PIA, conversation, demo, event, message
from tests.queries.conftest import AS_OF
from tests.queries.plain import feeling, talks

EVER = Period.parse("2026-03-01..2026-03-10", NOON + timedelta(days=9))


def bare(said):
    """Without case, space and punctuation."""
    if said is None:
        return None
    kept = (c for c in said if not c.isspace() and unicodedata.category(c)[0] not in "PS")
    return "".join(kept).lower()


def is_high(intent, words=HIGH_INTENT):
    humps = r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])"
    spaced = re.sub(r"[_-]", " ", re.sub(humps, " ", intent or ""))
    return any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", spaced.lower()) for word in words)


def trouble(talk, said):
    """Whether what followed `said` shows that it was not understood."""
    visitor = [m for m in talk.messages if m.role == "user"]
    after = dict(pairwise(m.id for m in visitor)).get(said.id)
    following = next((m for m in visitor if m.id == after), None)
    if following is not None and (
        feeling(following) == "negative"
        or (said.content is not None and bare(said.content) == bare(following.content))
    ):
        return True
    last = talk.messages[-1].id == said.id
    return bool(
        last and talk.ended_at and talk.ended_at - said.occurred_at >= timedelta(seconds=30)
    )


def is_confident_miss(talk, said):
    return said.confidence is not None and float(said.confidence) >= 0.8 and trouble(talk, said)


def is_missed_moment(talk, said):
    if not is_high(said.intent):
        return False
    rest = talk.messages[[m.id for m in talk.messages].index(said.id) + 1 :]
    until = next((n for n, m in enumerate(rest) if m.role == "user"), len(rest))
    answered = any(m.role == "assistant" for m in rest[:until])
    unsure = said.confidence is not None and float(said.confidence) < 0.5
    return unsure or not answered or (until < len(rest) and feeling(rest[until]) == "negative")


def visitors(found):
    return [(talk, m) for talk in found for m in talk.messages if m.role == "user"]


LINE = st.fixed_dictionaries(
    {
        "role": st.sampled_from(["user", "user", "assistant", "system"]),
        "gap": st.sampled_from([0, 1, 29, 30, 31]),
        "content": st.sampled_from(["Price?", "price", "PRICE…", "¿Price!", "no", "", "!", None]),
        "sentiment": st.sampled_from([None, "negative", " NEGATIVE ", "positive", " "]),
        "intent": st.sampled_from(
            [
                None,
                "book_demo",
                "bookDemo",
                "Pricing",
                "demolition",
                "ask-price",
                "DEMORequest",
                "free trial",
                "rebooking",
                "pre-sales",
                "small_talk",
                "priceless",
                "contactUs",
            ]
        ),
        "confidence": st.sampled_from([None, 0, 0.49, 0.5, 0.79, 0.8, 1]),
    }
)
TALK = st.tuples(st.lists(LINE, max_size=7), st.sampled_from([None, 0, 29, 30, 300]), st.booleans())


@settings(
    max_examples=25,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(spoken=st.lists(TALK, min_size=1, max_size=5))
def test_both_are_what_their_words_say(rows, database, spoken):
    rows.execute(text("delete from public.demos"))
    where = demo(rows)
    for lines, end, is_test in spoken:
        _speak(rows, where, lines, end, is_test)
    found = [t for t in talks(rows) if not t.is_test]
    _agree(database, found)


def _speak(rows, where, lines, end, is_test):
    made = conversation(rows, where, is_test=is_test)
    at = NOON
    for seq, line in enumerate(lines):
        at += timedelta(seconds=line["gap"])
        said = {name: line[name] for name in ("content", "sentiment", "intent", "confidence")}
        message(rows, made, line["role"], at, seq=seq, **said)
    if end is not None:
        event(rows, made, "system.shutdown", at + timedelta(seconds=end))


def _agree(database, found, viewer=ANA, period=EVER, owned=True):
    said = visitors(found)
    missed = {m.id for t, m in said if is_confident_miss(t, m)}
    moments = {m.id for t, m in said if is_missed_moment(t, m)}
    with reading(database.engine, viewer) as conn:
        counts = misses.kpis(conn, period).iloc[0]
        tenths = misses.calibration(conn, period)
        if owned:
            assert set(misses_rows.confident(conn, period, limit=None)["message_id"]) == missed
            assert set(misses_rows.moments(conn, period, limit=None)["message_id"]) == moments
    assert counts["judged"] == len(said)
    assert counts["confident"] == sum(m.confidence is not None and float(m.confidence) >= 0.8
                                      for _, m in said)  # fmt: skip
    assert (counts["confident_misses"], counts["missed_moments"]) == (len(missed), len(moments))
    sure = [(t, m) for t, m in said if m.confidence is not None]
    assert tenths["judged"].sum() == len(sure)
    for row in tenths.to_dict("records"):
        these = [(t, m) for t, m in sure if min(int(m.confidence * 10), 9) == row["step"]]
        well = sum(not trouble(t, m) for t, m in these)
        assert (row["judged"], row["went_well"]) == (len(these), well)
        mean = sum(float(m.confidence) for _, m in these) / len(these)
        assert row["mean_confidence"] == pytest.approx(mean)


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/New_York", "Pacific/Apia"])
def test_each_bucket_by_itself_counts_by_the_conversations_start(rows, database, history, zone):
    period = Period.parse("30d", AS_OF, zone)
    rows.execute(
        text(
            "update public.conversation_messages set confidence = (('x' || substr("
            "md5(id::text), 1, 4))::bit(16)::int % 101) / 100.0,"
            " intent = (array['book_demo', 'talk', null])[1 + seq % 3]"
        )
    )
    found = [t for t in talks(rows) if t.demo_id in history[:2] and not t.is_test]
    with reading(database.engine, ANA) as conn:
        daily = misses.over_time(conn, period)
    assert daily["confident_misses"].sum()
    assert daily["missed_moments"].sum()
    for number, bucket in enumerate(period.buckets()):
        inside = [t for t in found if t.started_at and bucket.start <= t.started_at < bucket.end]
        said = visitors(inside)
        assert daily["judged"][number] == len(said)
        assert daily["confident_misses"][number] == sum(is_confident_miss(*m) for m in said)
        assert daily["missed_moments"][number] == sum(is_missed_moment(*m) for m in said)


def test_the_product_team_gets_the_counts_of_everybody_and_no_row(rows, database):
    for owner in (ANA, BEN):
        made = conversation(rows, demo(rows, owner))
        for seq, said in enumerate(("How much?", "how much")):
            message(rows, made, at=NOON + timedelta(seconds=seq), content=said, confidence=0.9)
    _agree(database, talks(rows), PIA, owned=False)
    with reading(database.engine, BEN) as conn:
        assert misses.kpis(conn, EVER)["confident_misses"][0] == 1


def test_words_of_a_high_intent_are_a_setting(rows, database):
    made = conversation(rows, demo(rows))
    for intent in ("getQuote", "misquoted", "free_trial_please"):
        message(rows, made, intent=intent)
    with reading(database.engine, ANA) as conn:
        seen = {
            words: set(conn.scalars(_intents(words)))
            for words in (("quote",), ("Free-Trial",), ("100%", "_"), ())
        }
    assert seen == {("quote",): {"getquote"}, ("Free-Trial",): {"free_trial_please"},
                    ("100%", "_"): set(), (): set()}  # fmt: skip


def _intents(words):
    return (
        judged.select()
        .with_only_columns(judged.c.intent)
        .where(misses.is_high(judged.c.intent_words, misses.patterns(words)))
    )
