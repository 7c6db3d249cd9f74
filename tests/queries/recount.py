"""The pages' rows once more in plain Python: periods, the table of demos, feelings, what went
wrong, and what to read next. Written from docs/metrics.md, over `plain.talks`."""

import math
import re
from datetime import datetime, timedelta
from itertools import zip_longest
from zoneinfo import ZoneInfo

from tests.queries.plain import feeling

HIGH = {"price", "pricing", "buy", "purchase", "book", "booking", "reserve", "trial", "demo",
        "integration", "contact", "sales"}  # fmt: skip


def midnight(day, zone):
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))


def spans(days, as_of, zone):
    """The `days` local days up to today and the time before, each as (start, end)."""
    local = as_of.astimezone(ZoneInfo(zone))
    first, shift = local.date() - timedelta(days=days - 1), timedelta(days=days)
    now = midnight(first, zone), midnight(local.date() + timedelta(days=1), zone)
    wall = local.replace(tzinfo=None) - shift
    return now, (midnight(first - shift, zone), wall.replace(tzinfo=ZoneInfo(zone)))


def rolling(as_of):
    """The 24 hours before `as_of` and those before them."""
    end = as_of.replace(second=0, microsecond=0)
    day = timedelta(days=1)
    return (end - day, end), (end - 2 * day, end - day)


def started(talks, span):
    return [t for t in talks if t.started_at and span[0] <= t.started_at < span[1]]


def sent(talks, span):
    return [m for t in talks for m in t.messages
            if m.role in ("user", "assistant") and span[0] <= m.occurred_at < span[1]]  # fmt: skip


def share(part, whole):
    return part / whole if whole else None


def demo_row(talks, span, zone):
    """One line of the table of demos; the trend by local day."""
    inside, said = started(talks, span), sent(talks, span)
    felt = [feeling(m) for m in said if m.role == "user" and feeling(m)]
    last = [m.occurred_at for t in talks for m in t.messages if m.role != "system"]
    last += [t.ended_at for t in talks if t.ended_at]
    days, day = [], span[0].astimezone(ZoneInfo(zone)).date()
    last_day = (span[1] - timedelta(microseconds=1)).astimezone(ZoneInfo(zone)).date()
    while day <= last_day:
        days.append(day)
        day += timedelta(days=1)
    by_day = [t.started_at.astimezone(ZoneInfo(zone)).date() for t in inside]
    return {
        "conversations": len(inside),
        "active_share": share(sum(t.active for t in inside), len(inside)),
        "messages": len(said),
        "negative_share": share(felt.count("negative"), len(felt)),
        "last_activity": max(last, default=None),
        "trend": [by_day.count(day) for day in days],
    }


def feelings(talks, span):
    """The shares of the page of sentiment, and what they rest on."""
    users = [m for m in sent(talks, span) if m.role == "user"]
    felt = [feeling(m) for m in users if feeling(m)]
    intents = [label(m) for m in users if label(m)]
    sure = [float(m.confidence) for m in users if m.confidence is not None]
    return {
        "negative_share": share(felt.count("negative"), len(felt)),
        "neutral_share": share(felt.count("neutral"), len(felt)),
        "positive_share": share(felt.count("positive"), len(felt)),
        "unlabelled_share": share(len(users) - len(felt), len(users)),
        "intents": len(set(intents)),
        "average_confidence": share(sum(sure), len(sure)),
    }


def label(message):
    return (message.intent or "").strip().lower() or None


def is_high(intent):
    """Whether a word of it says that somebody wants something."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", (intent or "").strip())
    return bool(HIGH & set(re.split(r"[\s_-]+", spaced.lower())))


def judge(talk):
    """The ids of its confident misses and of its missed moments."""
    misses, moments = [], []
    said = talk.messages
    users = [n for n, m in enumerate(said) if m.role == "user"]
    for at, following in zip_longest(users, users[1:]):
        message, after = said[at], None if following is None else said[following]
        unhappy = after is not None and feeling(after) == "negative"
        again = after is not None and bare(after.content) == bare(message.content)
        silence = (talk.ended_at - message.occurred_at).total_seconds() if talk.ended_at else 0
        left = at == len(said) - 1 and silence >= 30
        confidence = None if message.confidence is None else float(message.confidence)
        if confidence is not None and confidence >= 0.8 and (unhappy or again or left):
            misses.append(message.id)
        answered = any(m.role == "assistant" for m in said[at + 1 : following])
        if is_high(message.intent) and (
            (confidence is not None and confidence < 0.5) or not answered or unhappy
        ):
            moments.append(message.id)
    return misses, moments


def bare(text):
    """What is left of a text without case, space and punctuation; no text is like no other."""
    return object() if text is None else "".join(c for c in text.lower() if c.isalnum())


def to_read(talks, span):
    """The ids of the conversations to read, the first one first."""
    inside = started(talks, span)
    lengths = sorted(t.count("user") + t.count("assistant") for t in inside)
    usual = lengths[math.ceil(0.95 * len(lengths)) - 1] if len(lengths) >= 20 else math.inf
    found = []
    for talk in inside:
        misses, moments = judge(talk)
        felt = [feeling(m) for m in talk.messages if m.role == "user" and feeling(m)]
        unhappy = felt[-1:] == ["negative"]
        long = talk.count("user") + talk.count("assistant") > usual
        rank = 4 if moments else 3 if misses else 2 if unhappy else 1 if long else 0
        if rank:
            order = (-rank, -len(moments), -len(misses), -talk.started_at.timestamp(), talk.id)
            found.append((order, talk.id))
    return [conversation for _order, conversation in sorted(found)]
