-- Which messages of a conversation went wrong, and how many events it has, kept with it; and what
-- finds the conversations that a page shows first without reading all the others.
-- What was kept before these columns has nothing in them: it is counted anew, by the worker and, until
-- that is through, by whoever asks. What retention has left of conversations cannot be.
do $$ begin
  if not exists (select from pg_attribute where attrelid = 'insights.conversation_rollups'::regclass
                 and attname = 'n_events')
     and exists (select from insights.conversation_rollups where conversation_id not like 'gone-%') then
    update insights.rollup_state set complete = false, position = '', done = 0, updated_at = now()
    where part = 'conversations' or part like 'days %';
    delete from insights.conversation_rollups where conversation_id not like 'gone-%';
  end if;
end $$;

alter table insights.conversation_rollups
  add column if not exists n_events integer not null default 0,
  add column if not exists missed uuid[] not null default '{}',
  add column if not exists missed_signs smallint[] not null default '{}',
  add column if not exists n_moment_intents integer not null default 0;
comment on column insights.conversation_rollups.n_moment_intents is
  'How many moment_intents there are. A column of its own: under row level security no index can be '
  'asked what a function makes of another, unless nothing can leak from it.';
comment on column insights.conversation_rollups.missed is
  'User messages that are confident misses, or missed moments if their intent is a high one.';
comment on column insights.conversation_rollups.missed_signs is
  'Of each: 1 next one negative, 2 repeated, 4 broke off, 8 unanswered, 16 a confident miss, 32 a '
  'missed moment if the intent is a high one.';

create or replace view insights.conversations_counted with (security_invoker = true) as
select
  b.conversation_id, b.demo_id, b.started_at, b.first_at, b.last_at, b.ended_at,
  b.duration_seconds, b.end_reason, b.n_user, b.n_assistant, b.n_negative, b.n_labelled,
  b.n_intent, b.is_test, b.last_message_at,
  coalesce(f.n_confident, 0)::integer as n_confident,
  coalesce(f.n_confident_misses, 0)::integer as n_confident_misses,
  coalesce(f.unhappy_end, false) as unhappy_end,
  coalesce(f.moment_intents, '{}') as moment_intents,
  coalesce(f.judged, '{}') as judged,
  coalesce(f.feelings, '{}') as feelings,
  coalesce(f.replies, '{}') as replies,
  coalesce(f.replies_without_time, 0)::integer as replies_without_time,
  b.n_events,
  coalesce(f.missed, '{}') as missed,
  coalesce(f.missed_signs, '{}') as missed_signs,
  coalesce(cardinality(f.moment_intents), 0) as n_moment_intents
from (
  select
    m.conversation_id,
    m.demo_id,
    coalesce(d.started_at, e.joined_at, least(t.first_at, e.first_at)) as started_at,
    least(t.first_at, e.first_at) as first_at,
    greatest(t.last_at, e.last_at) as last_at,
    coalesce(e.shutdown_at, d.completed_at, t.last_timed_at) as ended_at,
    round(extract(epoch from coalesce(e.shutdown_at, d.completed_at, t.last_timed_at)
                  - coalesce(d.started_at, e.joined_at, least(t.first_at, e.first_at))))::integer
      as duration_seconds,
    e.end_reason,
    coalesce(t.n_user, 0)::integer as n_user,
    coalesce(t.n_assistant, 0)::integer as n_assistant,
    coalesce(t.n_negative, 0)::integer as n_negative,
    coalesce(t.n_labelled, 0)::integer as n_labelled,
    coalesce(t.n_intent, 0)::integer as n_intent,
    coalesce(d.is_test, false) as is_test,
    t.last_message_at,
    coalesce(e.n_events, 0)::integer as n_events
  from insights.conversation_map m
  left join public.conversation_details d
    on d.tavus_conversation_id = m.conversation_id and d.demo_id = m.demo_id
  left join lateral (
    select
      min(x.occurred_at) as first_at,
      max(x.occurred_at) as last_at,
      max(x.occurred_at) filter (where x.timestamp is not null and x.role in ('user', 'assistant'))
        as last_timed_at,
      max(x.occurred_at) filter (where x.role in ('user', 'assistant')) as last_message_at,
      count(*) filter (where x.role = 'user') as n_user,
      count(*) filter (where x.role = 'assistant') as n_assistant,
      count(*) filter (where x.role = 'user' and lower(btrim(x.sentiment)) = 'negative')
        as n_negative,
      count(*) filter (where x.role = 'user' and btrim(x.sentiment) <> '') as n_labelled,
      count(*) filter (where x.role = 'user' and btrim(x.intent) <> '') as n_intent
    from public.conversation_messages x
    where x.conversation_id = m.conversation_id and x.demo_id = m.demo_id
  ) t on true
  left join lateral (
    select
      count(*) as n_events,
      min(y.occurred_at) as first_at,
      max(y.occurred_at) as last_at,
      min(y.occurred_at) filter (where y.event_type = 'system.replica_joined') as joined_at,
      max(y.occurred_at) filter (where y.event_type = 'system.shutdown') as shutdown_at,
      (array_agg(y.shutdown_reason order by y.occurred_at desc)
        filter (where y.event_type = 'system.shutdown'))[1] as end_reason
    from public.processed_webhook_events y
    where y.conversation_id = m.conversation_id and y.demo_id = m.demo_id
  ) e on true
) b
left join lateral (
  select
    count(*) filter (where j.confidence >= 0.8) as n_confident,
    count(*) filter (where j.confident_miss) as n_confident_misses,
    (array_agg(j.sentiment = 'negative' order by j.turn desc)
      filter (where j.sentiment is not null))[1] as unhappy_end,
    array_agg(j.intent_words order by j.turn) filter (where j.would_miss) as moment_intents,
    array_agg((floor(j.confidence * 100) * 2 + j.troubled::integer)::smallint order by j.turn)
      filter (where j.confidence is not null) as judged,
    array_agg(case j.sentiment when 'negative' then 1 when 'neutral' then 2 when 'positive' then 3
                else case when j.sentiment is null then 0 else 4 end end::smallint order by j.turn)
      as feelings,
    array_agg(insights.log_bucket(j.reply_seconds) order by j.turn)
      filter (where j.reply_seconds is not null) as replies,
    count(*) filter (where j.replied and j.reply_seconds is null) as replies_without_time,
    array_agg(j.id order by j.turn) filter (where j.confident_miss or j.would_miss) as missed,
    array_agg((j.next_negative::integer + 2 * j.repeated::integer + 4 * j.broke_off::integer
               + 8 * j.unanswered::integer + 16 * j.confident_miss::integer
               + 32 * j.would_miss::integer)::smallint order by j.turn)
      filter (where j.confident_miss or j.would_miss) as missed_signs
  from (
    select w.*, w.next_negative or w.repeated or w.broke_off as troubled,
      coalesce(w.confidence >= 0.8, false)
        and (w.next_negative or w.repeated or w.broke_off) as confident_miss,
      coalesce(w.intent_words, '') <> '' and (coalesce(w.confidence < 0.5, false) or w.unanswered
                                or w.next_negative) as would_miss
    from insights.judge(b.conversation_id, b.demo_id, b.ended_at) w
  ) j
) f on true;

-- The view gives the new columns too.
create or replace view insights.conversations with (security_invoker = true) as
select r.* from insights.conversation_rollups r
where not exists (
  select from insights.queued_conversations() q (id) where q.id = r.conversation_id)
union all
select n.* from insights.conversations_now() n;

-- As before, with the new columns.
create or replace function insights.refresh_conversations(ids text[]) returns void
  language sql volatile set search_path = '' as $$
  delete from insights.conversation_rollups r
  where r.conversation_id = any (ids) and not exists (
    select from insights.conversation_map m where m.conversation_id = r.conversation_id);
  insert into insights.conversation_rollups as r
  select c.* from insights.conversations_counted c where c.conversation_id = any (ids)
  on conflict (conversation_id) do update set (
    demo_id, started_at, first_at, last_at, ended_at, duration_seconds, end_reason, n_user,
    n_assistant, n_negative, n_labelled, n_intent, is_test, last_message_at, n_confident,
    n_confident_misses, unhappy_end, moment_intents, judged, feelings, replies,
    replies_without_time, n_events, missed, missed_signs, n_moment_intents) = (
    excluded.demo_id, excluded.started_at, excluded.first_at, excluded.last_at, excluded.ended_at,
    excluded.duration_seconds, excluded.end_reason, excluded.n_user, excluded.n_assistant,
    excluded.n_negative, excluded.n_labelled, excluded.n_intent, excluded.is_test,
    excluded.last_message_at, excluded.n_confident, excluded.n_confident_misses,
    excluded.unhappy_end, excluded.moment_intents, excluded.judged, excluded.feelings,
    excluded.replies, excluded.replies_without_time, excluded.n_events, excluded.missed,
    excluded.missed_signs, excluded.n_moment_intents)
  where r is distinct from excluded;
$$;

create index if not exists conversation_rollups_moments_idx on insights.conversation_rollups
  (demo_id, n_moment_intents, started_at) include (is_test, conversation_id, moment_intents)
  where n_moment_intents > 0;
create index if not exists conversation_rollups_misses_idx on insights.conversation_rollups
  (demo_id, n_confident_misses desc, started_at desc)
  include (is_test, conversation_id, moment_intents) where n_confident_misses > 0;
create index if not exists conversation_rollups_unhappy_idx on insights.conversation_rollups
  (demo_id, started_at) where unhappy_end;
create index if not exists conversation_rollups_newest_miss_idx on insights.conversation_rollups
  (demo_id, first_at) include (started_at, is_test, conversation_id) where n_confident_misses > 0;
create index if not exists conversation_rollups_newest_moment_idx on insights.conversation_rollups
  (demo_id, first_at) include (started_at, is_test, conversation_id, moment_intents)
  where n_moment_intents > 0;
create index if not exists conversation_rollups_activity_idx on insights.conversation_rollups
  (demo_id, greatest(last_message_at, ended_at));
create index if not exists conversation_rollups_no_events_idx on insights.conversation_rollups
  (demo_id, started_at) where n_events = 0;

-- How many of a conversation's would-be missed moments are some: an intent is a high one if it is
-- like one of `patterns` with a space before and after it.
create or replace function insights.high_moments(intents text[], patterns text[]) returns bigint
  language sql immutable parallel safe as $$
  select count(*) from unnest(intents) i (words) where ' ' || i.words || ' ' like any (patterns)
$$;

-- When each demo was last active, of the viewer's demos or of one of them.
create or replace function insights.last_activities(one_demo uuid, include_test boolean)
  returns table (demo_id uuid, last_activity timestamptz)
  language plpgsql stable set search_path = '' as $$
#variable_conflict use_column
declare
  demos constant uuid[] := insights.demos_of(one_demo);
  queued constant text[] := array(select insights.queued_conversations());
begin
  return query
  select u.id, max(u.at) from (
    select d.id, k.at from unnest(demos) d (id) cross join lateral (
      select greatest(r.last_message_at, r.ended_at) as at from insights.conversation_rollups r
      where r.demo_id = d.id and greatest(r.last_message_at, r.ended_at) is not null
        and (include_test or not r.is_test) and r.conversation_id <> all (queued)
      order by greatest(r.last_message_at, r.ended_at) desc limit 1) k
    union all
    select n.demo_id, greatest(n.last_message_at, n.ended_at) from insights.conversations_now() n
    where n.demo_id = any (demos) and (include_test or not n.is_test)
  ) u group by 1;
end $$;

-- Conversations among which the newest `most` are; nobody reads those of which retention has left
-- the counts.
create or replace function insights.newest_conversations(
  since timestamptz, until timestamptz, one_demo uuid, include_test boolean, most integer)
  returns setof text language plpgsql stable set search_path = '' as $$
#variable_conflict use_column
declare
  demos constant uuid[] := insights.demos_of(one_demo);
  queued constant text[] := array(select insights.queued_conversations());
begin
  return query
    select k.conversation_id from unnest(demos) d (id) cross join lateral (
      select r.conversation_id from insights.conversation_rollups r
      where r.demo_id = d.id and r.started_at >= since and r.started_at < until
        and (include_test or not r.is_test) and r.conversation_id <> all (queued)
        and r.conversation_id not like 'gone-%'
      order by r.started_at desc, r.conversation_id limit most) k
    union all
    select n.conversation_id from insights.conversations_now() n where n.demo_id = any (demos);
end $$;

-- Planned anew each time, like the next one: a plan for any numbers reads all conversations.
-- Conversations that one of the newest `most` confident misses can be in, or, with `patterns`, of
-- missed moments; NULL `most`: all that have one. Each has at least one, sent after its first row:
-- so none of those that ended before the `most` last ones began has one of the newest.
create or replace function insights.newest_missed(
  since timestamptz, until timestamptz, one_demo uuid, include_test boolean, patterns text[],
  most integer)
  returns setof text language plpgsql stable set search_path = ''
  set plan_cache_mode = force_custom_plan as $$
#variable_conflict use_column
declare
  demos constant uuid[] := insights.demos_of(one_demo);
  began timestamptz;
begin
  -- Two questions, since each is answered from an index of its own.
  if patterns is null then
    select min(f.first_at) into began from (
      select k.first_at from unnest(demos) d (id) cross join lateral (
        select r.first_at from insights.conversation_rollups r
        where r.demo_id = d.id and r.n_confident_misses > 0
          and r.started_at >= since and r.started_at < until and (include_test or not r.is_test)
          and r.conversation_id not like 'gone-%'
        order by r.first_at desc limit most) k
      order by k.first_at desc limit most) f;
  else
    select min(f.first_at) into began from (
      select k.first_at from unnest(demos) d (id) cross join lateral (
        select r.first_at from insights.conversation_rollups r
        where r.demo_id = d.id and r.n_moment_intents > 0
          and r.started_at >= since and r.started_at < until and (include_test or not r.is_test)
          and r.conversation_id not like 'gone-%'
          and insights.high_moments(r.moment_intents, patterns) > 0
        order by r.first_at desc limit most) k
      order by k.first_at desc limit most) f;
  end if;
  return query
    select r.conversation_id from insights.conversation_rollups r
    where r.demo_id = any (demos) and r.last_at >= began
      and (r.n_confident_misses > 0 or r.n_moment_intents > 0)
      and r.started_at >= since and r.started_at < until and (include_test or not r.is_test)
      and case when patterns is null then r.n_confident_misses > 0
               else insights.high_moments(r.moment_intents, patterns) > 0 end
    union
    select n.conversation_id from insights.conversations_now() n where n.demo_id = any (demos);
end $$;

-- Conversations among which the first `most` are that somebody should read, by the rules of
-- queries/read_next.py: a missed moment goes before a confident miss, before an unhappy end, before
-- one with more than `usual` messages. Reviewed ones are left out.
create or replace function insights.worth_reading(
  since timestamptz, until timestamptz, one_demo uuid, include_test boolean, patterns text[],
  usual integer, most integer)
  returns setof text language plpgsql stable set search_path = ''
  set plan_cache_mode = force_custom_plan as $$
#variable_conflict use_column
declare
  demos constant uuid[] := insights.demos_of(one_demo);
  done constant text[] := array(
    select w.conversation_id from insights.reviews w where w.demo_id = any (demos))
    || array(select insights.queued_conversations());
  found text[] := '{}';
  enough integer;
begin
  return query select n.conversation_id from insights.conversations_now() n
               where n.demo_id = any (demos);
  -- A conversation has at most as many missed moments as intents that would make one.
  for k in reverse 12 .. 1 loop
    found := found || array(
      select r.conversation_id from insights.conversation_rollups r
      where r.demo_id = any (demos) and r.n_moment_intents > 0
        and r.n_moment_intents >= k
        and r.n_moment_intents <= case k when 12 then 2147483647 else k end
        and r.started_at >= since and r.started_at < until and (include_test or not r.is_test)
        and r.conversation_id <> all (done) and r.conversation_id not like 'gone-%'
        and insights.high_moments(r.moment_intents, patterns) > 0);
    select count(*) into enough from insights.conversation_rollups r
    where r.conversation_id = any (found)
      and insights.high_moments(r.moment_intents, patterns) >= k;
    exit when enough >= most;
  end loop;
  return query select unnest(found);
  if enough >= most then
    return;
  end if;
  return query
    select k.conversation_id from unnest(demos) d (id) cross join lateral (
      select r.conversation_id from insights.conversation_rollups r
      where r.demo_id = d.id and r.n_confident_misses > 0
        and r.started_at >= since and r.started_at < until and (include_test or not r.is_test)
        and r.conversation_id <> all (done) and r.conversation_id not like 'gone-%'
        and insights.high_moments(r.moment_intents, patterns) = 0
      order by r.n_confident_misses desc, r.started_at desc limit most) k
    union all
    select k.conversation_id from unnest(demos) d (id) cross join lateral (
      select r.conversation_id from insights.conversation_rollups r
      where r.demo_id = d.id and r.unhappy_end and r.n_confident_misses = 0
        and r.started_at >= since and r.started_at < until and (include_test or not r.is_test)
        and r.conversation_id <> all (done) and r.conversation_id not like 'gone-%'
        and insights.high_moments(r.moment_intents, patterns) = 0
      order by r.started_at desc limit most) k
    union all
    select k.conversation_id from unnest(demos) d (id) cross join lateral (
      select r.conversation_id from insights.conversation_rollups r
      where r.demo_id = d.id and r.n_user + r.n_assistant > usual
        and not r.unhappy_end and r.n_confident_misses = 0
        and r.started_at >= since and r.started_at < until and (include_test or not r.is_test)
        and r.conversation_id <> all (done) and r.conversation_id not like 'gone-%'
        and insights.high_moments(r.moment_intents, patterns) = 0
      order by r.started_at desc limit most) k;
end $$;

-- As before, and only the rows of the demos that may be counted are read.
create or replace function insights.chunk_counts()
  returns table (demo_id uuid, chunks bigint, without_embedding bigint)
  language plpgsql stable security definer set search_path = '' as $$
#variable_conflict use_column
declare mine constant uuid[] := insights.asked_demos();
begin
  return query
    select k.demo_id, count(*), count(*) filter (where k.vector_embedding is null)
    from public.knowledge_chunks k where k.demo_id = any (mine) group by k.demo_id;
end $$;

revoke execute on all functions in schema insights from public;
grant execute on function insights.high_moments(text[], text[]),
  insights.last_activities(uuid, boolean),
  insights.newest_conversations(timestamptz, timestamptz, uuid, boolean, integer)
  to insights_reader, insights_product, insights_worker;
grant execute on function insights.chunk_counts() to insights_reader, insights_product;
grant execute on function
  insights.newest_missed(timestamptz, timestamptz, uuid, boolean, text[], integer),
  insights.worth_reading(timestamptz, timestamptz, uuid, boolean, text[], integer, integer)
  to insights_reader;
