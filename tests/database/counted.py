"""What is kept and what is asked, each beside the way it is counted from the rows, and the checks
that the two are the same at any moment."""

from datetime import timedelta

from sqlalchemy import text

from domo_insights.period import Grain, Period
from domo_insights.queries import turns, webhooks_rows
from tests.factories import NOON

COUNTED = "select * from insights.conversations_counted order by conversation_id"
ANSWERED = "select * from insights.conversations order by conversation_id"
SUMS = """sum(n_user), sum(n_assistant), sum(n_labelled), sum(n_negative), sum(n_neutral),
  sum(n_positive), sum(n_intent), sum(n_any_label), sum(n_labelled_here), sum(n_confidence),
  coalesce(sum(confidence), 0)"""
INTENTS = "sum(n_labelled), sum(n_negative), sum(n_confidence), coalesce(sum(confidence), 0)"
TALKS = """count(*), count(*) filter (where n_user >= 2 and n_assistant >= 1),
  count(duration_seconds), sum(n_user), sum(n_confident), sum(n_confident_misses),
  sum(replies_without_time), count(*) filter (where n_user >= 1),
  count(*) filter (where n_user >= 2), count(*) filter (where n_user >= 3),
  count(*) filter (where n_user >= 5), count(*) filter (where n_user >= 10)"""
ON_ONE_DAY = """date_trunc('day', first_at, '{zone}') = date_trunc('day', started_at, '{zone}')
  and date_trunc('day', last_at, '{zone}') = date_trunc('day', started_at, '{zone}')"""
SPREAD = f"""(
  select c.*, 'length' as kind, '' as label, n_user + n_assistant as code
  from insights.conversations_counted c
  union all select c.*, 'duration', '', duration_seconds
  from insights.conversations_counted c where duration_seconds is not null
  union all select c.*, 'reply', '', unnest(replies) from insights.conversations_counted c
  union all select c.*, 'judged', '', unnest(judged) from insights.conversations_counted c
  union all select c.*, 'feeling', '', 5 * least(nth, 10) + f
  from insights.conversations_counted c, unnest(feelings) with ordinality x (f, nth)
  where {ON_ONE_DAY.format(zone="UTC")}
  union all select c.*, 'hour', '', extract(hour from started_at at time zone 'UTC')::integer
  from insights.conversations_counted c
  union all select c.*, 'moment', unnest(moment_intents), 0 from insights.conversations_counted c
  union all select c.*, 'end', end_reason, n_user + n_assistant
  from insights.conversations_counted c
  union all select c.*, 'end_negative', end_reason, n_negative
  from insights.conversations_counted c where n_negative > 0) s"""
KEPT = {
    "select * from insights.conversation_rollups order by conversation_id": COUNTED,
    **{
        f"select * from insights.message_{size}s order by 1, 2, 3": f"""
          select demo_id, date_bin('1 {size}', occurred_at, 'epoch'), is_test, {SUMS}
          from insights.messages_counted group by 1, 2, 3 order by 1, 2, 3"""
        for size in ("hour", "day")
    },
    "select * from insights.intent_days order by 1, 2, 3, 4": f"""
      select demo_id, date_bin('1 day', occurred_at, 'epoch'), is_test, intent, count(*), {INTENTS}
      from insights.messages_counted where intent is not null group by 1, 2, 3, 4
      order by 1, 2, 3, 4""",
    "select * from insights.event_hours order by 1, 2": """
      select demo_id, date_bin('1 hour', processed_at, 'epoch'),
        count(*) filter (where received_via = 'http')
      from public.processed_webhook_events where demo_id is not null group by 1, 2
      order by 1, 2""",
    "select * from insights.event_days where days = 1 and event_type <> '' order by 1, 3, 4": """
      select (insights.made_dense(row(demo_id, 1, since, event_type, n, n_http, n_timed, handler,
        handler_n, lag, lag_n, null, null)::insights.event_days)).*
      from (select array_agg(id) as demos, array_agg(day) as days, array_agg(day + '1 day') as ends
            from demos,
              generate_series(timestamptz '2026-02-25 00:00+00', '2026-03-20', '1 day') day
           ) d, insights.pack_events(d.demos, d.days, d.ends) order by 1, 3, 4""",
    """select demo_id, days, since, event_type, n, n_http, n_timed
      from insights.event_days where event_type = '' or days = 7 order by 1, 2, 3, 4""": """
      select demo_id, size, begins, coalesce(event_type, ''), sum(n), sum(n_http), sum(n_timed)
      from (select e.*, size, case size when 1 then since else insights.week_of(since) end as begins
            from insights.event_days e, unnest(array[1, 7]) size
            where e.days = 1 and e.event_type <> '') e
      group by demo_id, size, begins, grouping sets ((event_type), ())
      having size = 7 or event_type is null order by 1, 2, 3, 4""",
    "select * from insights.conversation_days order by 1, 2, 3, 4": f"""
      select demo_id, 'UTC', date_trunc('day', started_at, 'UTC'), is_test, {TALKS},
        coalesce(array_agg(conversation_id order by conversation_id)
          filter (where not ({ON_ONE_DAY.format(zone="UTC")})), '{{}}')
      from insights.conversations_counted where started_at is not null
      group by 1, 3, 4 order by 1, 3, 4""",
    """select demo_id, kind, s.day, is_test, label, u.code, u.n
      from insights.conversation_spreads s
      cross join lateral (
        select * from unnest(s.codes, s.counts) x (code, n)
        union all
        select d.base + nth - 1, n::integer from insights.dense_codes(s.kind) d,
          unnest(s.dense::real[]) with ordinality x (n, nth) where n <> 0) u
      order by 1, 2, 3, 4, 5, 6""": f"""
      select demo_id, kind, date_trunc('day', started_at, 'UTC'), is_test, label, code, count(*)
      from {SPREAD} where started_at is not null
      group by 1, 2, 3, 4, 5, 6 order by 1, 2, 3, 4, 5, 6""",
}
"""What is kept, and how it is counted from the rows."""
_EVENTS = """(
  select width_bucket(processed_at, :starts) as number,
    case when {typed} then event_type else '' end as event_type,
    received_via = 'http' as live, processing_duration_ms as ms,
    extract(epoch from processed_at - occurred_at)::double precision as late
  from public.processed_webhook_events
  where processed_at >= :since and processed_at < :until and demo_id is not null
    and (cast(:demo as uuid) is null or demo_id = :demo)) e"""
ASKED = {
    """select * from insights.message_counts(:starts, :until, :demo, :tests, true)
      order by 1, 2""": f"""
      select demo_id, width_bucket(occurred_at, :starts) as n, {SUMS}
      from insights.messages_counted
      where occurred_at >= (cast(:starts as timestamptz[]))[1] and occurred_at < :until
        and (cast(:demo as uuid) is null or demo_id = :demo) and (:tests or not is_test)
      group by 1, 2 order by 1, 2""",
    "select * from insights.intent_counts(:starts, :until, :demo, :tests) order by 1, 2": f"""
      select width_bucket(occurred_at, :starts) as n, intent, count(*), {INTENTS}
      from insights.messages_counted
      where occurred_at >= (cast(:starts as timestamptz[]))[1] and occurred_at < :until
        and (cast(:demo as uuid) is null or demo_id = :demo) and (:tests or not is_test)
        and intent is not null
      group by 1, 2 order by 1, 2""",
    "select step, events from insights.event_steps(:since, :until, :demo) order by 1": """
      select insights.duration_step(processing_duration_ms), count(*)
      from public.processed_webhook_events
      where processed_at >= :since and processed_at < :until and demo_id is not null
        and (cast(:demo as uuid) is null or demo_id = :demo)
        and received_via = 'http' and processing_duration_ms is not null
      group by 1 order by 1""",
    "select * from insights.slow_handlers(:since, :until, :demo, 20) order by 1": """
      select demo_id, n, insights.handler_middle(code) from (
        select demo_id, count(*) as n, percentile_disc(0.95) within group (
          order by insights.handler_code(processing_duration_ms)) as code
        from public.processed_webhook_events
        where processed_at >= :since and processed_at < :until and demo_id is not null
          and (cast(:demo as uuid) is null or demo_id = :demo)
          and received_via = 'http' and processing_duration_ms is not null
        group by 1) h
      where insights.handler_middle(code) > 20 order by 1""",
    "select hour from insights.live_hours(:since, :until, :demo) hour order by 1": """
      select distinct date_bin('1 hour', processed_at, 'epoch')
      from public.processed_webhook_events
      where processed_at >= date_bin('1 hour', :since, 'epoch') and processed_at < :until
        and demo_id is not null and (cast(:demo as uuid) is null or demo_id = :demo)
        and received_via = 'http' order by 1""",
    **{
        f"""select number, label, n, n_http, n_timed
          from insights.packed_events(:starts, :until, :demo, {typed}) where kind = ''
          order by 1, 2""": f"""
          select number, event_type, count(*), count(*) filter (where live),
            count(ms) filter (where live)
          from {_EVENTS.format(typed=typed)} group by 1, 2 order by 1, 2"""
        for typed in ("true", "false")
    },
    **{
        f"""select p.kind, p.number, p.label, u.code, sum(u.n)
          from insights.packed_events(:starts, :until, :demo, {typed}) p
          cross join lateral (
            select c.code, c.n from unnest(p.codes, p.counts) c (code, n)
            union all
            select o.codes[d.nth], d.n
            from unnest(p.dense::real[]) with ordinality d (n, nth),
              insights.packed_events('{{}}', '-infinity', null, true) o
            where o.kind = p.kind and o.number is null
          ) u
          where p.kind <> '' and p.number is not null
          group by 1, 2, 3, 4 having sum(u.n) <> 0 order by 1, 2, 3, 4""": f"""
          select kind, number, event_type, code, count(*)
          from (select e.*, insights.handler_code(ms) as handler, insights.log_bucket(late) as lag
                from {_EVENTS.format(typed=typed)} where live) e
          cross join lateral (values ('handler', e.handler), ('lag', e.lag)) v (kind, code)
          where code is not null group by 1, 2, 3, 4 order by 1, 2, 3, 4"""
        for typed in ("true", "false")
    },
    """select * from insights.conversation_counts(:starts, :until, 'UTC', :demo, :tests, true)
      order by 1, 2""": f"""
      select demo_id, width_bucket(started_at, :starts) as number, {TALKS}
      from insights.conversations_counted
      where started_at >= :since and started_at < :until
        and (cast(:demo as uuid) is null or demo_id = :demo) and (:tests or not is_test)
      group by 1, 2 order by 1, 2""",
    **{
        f"""select demo_id, number, label, code, n
          from insights.spread('{kind}', :starts, :until, 'UTC', :demo, :tests, {by_demo})
          order by 1, 2, 3, 4""": f"""
          select case when {by_demo} then demo_id end, width_bucket(started_at, :starts) as number,
            label, code, count(*)
          from {SPREAD}
          where started_at >= :since and started_at < :until and kind = '{kind}'
            and (cast(:demo as uuid) is null or demo_id = :demo) and (:tests or not is_test)
          group by 1, 2, 3, 4 order by 1, 2, 3, 4"""
        for kind, by_demo in (
            ("length", "true"),
            ("duration", "false"),
            ("reply", "false"),
            ("judged", "false"),
            ("hour", "false"),
            ("moment", "false"),
            ("end", "false"),
            ("end_negative", "true"),
        )
    },
    """select * from insights.last_activities(:demo, :tests)
      where last_activity is not null order by 1""": """
      select demo_id, max(greatest(last_message_at, ended_at))
      from insights.conversations_counted
      where (cast(:demo as uuid) is null or demo_id = :demo) and (:tests or not is_test)
        and greatest(last_message_at, ended_at) is not null
      group by 1 order by 1""",
}
"""What pages ask, and how it is counted from the rows."""
TURNS = """
  select least(nth, 10), count(*), count(feeling), count(*) filter (where feeling = 'negative'),
    count(*) filter (where feeling = 'neutral'), count(*) filter (where feeling = 'positive')
  from (select m.demo_id, m.conversation_id, m.occurred_at,
          nullif(lower(btrim(m.sentiment)), '') as feeling, row_number() over (
            partition by m.conversation_id order by m.occurred_at, m.seq, m.id) as nth
        from public.conversation_messages m
        join insights.conversation_map c using (conversation_id, demo_id) where m.role = 'user') s
  where occurred_at >= :since and occurred_at < :until
    and (cast(:demo as uuid) is null or demo_id = :demo)
    and (:tests or not exists (select from public.conversation_details d where d.is_test
         and d.tavus_conversation_id = s.conversation_id and d.demo_id = s.demo_id))
  group by 1 order by 1"""
UNKNOWN = """
  select e.conversation_id, count(*), min(e.processed_at), max(e.processed_at)
  from public.processed_webhook_events e
  join insights.conversation_map c using (conversation_id, demo_id)
  where e.processed_at >= :since and e.processed_at < :until
    and (cast(:demo as uuid) is null or e.demo_id = :demo)
    and not exists (select from public.conversation_details d
                    where d.tavus_conversation_id = e.conversation_id)
    and not exists (select from public.conversation_messages m
                    where m.conversation_id = e.conversation_id)
  group by 1 order by 4 desc, 1"""


def snapshot(database):
    return database.admin.execution_options(isolation_level="REPEATABLE READ").begin()


def kept_is_what_is_stored(database):
    """What is kept is what is counted, in one snapshot; nothing may be queued."""
    with snapshot(database) as conn:
        assert conn.scalar(text("select count(*) from insights.change_queue")) == 0
        for kept, counted in KEPT.items():
            assert conn.execute(text(kept)).all() == conn.execute(text(counted)).all(), kept


ZONES = (
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "America/New_York",
    "Pacific/Apia",
    "Australia/Lord_Howe",
)


def local_days(die, zone):
    """Where days of a zone begin, clocks put forward in between in some."""
    first = NOON.date() - timedelta(days=die.choice([0, 1, 2]))
    after = first + timedelta(days=die.choice([2, 5, 9]))
    return [bucket.start for bucket in Period.of_days(first, after, NOON, zone).buckets(Grain.DAY)]


def question(die, demos):
    """A period cut into buckets: days, hours, or what another zone or a moment makes of them."""
    step = timedelta(hours=die.choice([1, 6, 24, 48]))
    first = (NOON - timedelta(hours=12)) + die.choice([0, 0, 1, 2]) * timedelta(minutes=30)
    first -= die.choice([0, 1]) * timedelta(hours=3)
    starts = [first + n * step for n in range(die.choice([1, 2, 3, 4]))]
    if die.random() < 0.5:
        step, starts = timedelta(hours=24), local_days(die, die.choice(ZONES))
    starts[0] += die.choice([0, 0, 1]) * timedelta(minutes=17)
    until = starts[-1] + die.choice([step, step, timedelta(minutes=50), timedelta(hours=19)])
    demo_id = die.choice([None, *demos])
    return {
        "since": starts[0],
        "starts": starts,
        "until": until,
        "demo": demo_id,
        "tests": die.random() < 0.5,
    }


def answers_are_right(database, die):
    """What a viewer is answered is what is counted, whatever is queued at that moment."""
    with snapshot(database) as conn:
        assert conn.execute(text(ANSWERED)).all() == conn.execute(text(COUNTED)).all()
        demos = conn.execute(text("select id from public.demos")).scalars().all()
        for _ in range(3):
            given = question(die, demos)
            for asked, counted in ASKED.items():
                answer = conn.execute(text(asked), given).all()
                assert answer == conn.execute(text(counted), given).all(), given
            period = Period(given["since"], given["until"], "UTC", given["until"])
            frame = turns.by_turn(conn, period, given["demo"], given["tests"]).iloc[:, :6]
            raw = conn.execute(text(TURNS), given).all()
            assert [*frame.itertuples(index=False, name=None)] == [*map(tuple, raw)], given
            names = ["conversation_id", "events", "first_at", "last_at"]
            odd = webhooks_rows.without_conversation(conn, period, given["demo"], limit=10_000)[
                names
            ]
            raw = conn.execute(text(UNKNOWN), given).all()
            assert [*odd.itertuples(index=False, name=None)] == [*map(tuple, raw)], given
        return conn.scalar(text("select count(*) from insights.change_queue"))
