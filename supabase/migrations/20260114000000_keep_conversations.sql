-- One kept row per conversation, so that a page reads a row where it would scan two tables. What
-- was written to since is in the queue and is counted anew: the view insights.conversations gives
-- kept rows and counted ones together, and is right before and after every refresh.
alter table insights.change_queue add column if not exists conversation_id text;

create or replace function insights.queue_change() returns trigger
  language plpgsql security definer set search_path = '' as $$
begin
  -- Only the branch that runs is planned, so each may name columns of its own table.
  case tg_table_name
    when 'processed_webhook_events' then
      insert into insights.change_queue (source, demo_id, bucket, conversation_id)
      select distinct tg_table_name, t.demo_id, date_bin('1 hour', t.processed_at, 'epoch'),
             case when t.demo_id is not null then t.conversation_id end
      from touched t;
    when 'conversation_messages' then
      insert into insights.change_queue (source, demo_id, bucket, conversation_id)
      select distinct tg_table_name, t.demo_id, date_bin('1 hour', t.occurred_at, 'epoch'),
             case when t.demo_id is not null then t.conversation_id end
      from touched t;
    when 'conversation_details' then
      insert into insights.change_queue (source, demo_id, conversation_id)
      select distinct tg_table_name, t.demo_id, t.tavus_conversation_id from touched t;
    when 'conversation_map' then
      insert into insights.change_queue (source, demo_id, conversation_id)
      select distinct tg_table_name, t.demo_id, t.conversation_id from touched t;
    when 'demos' then
      insert into insights.change_queue (source, demo_id) select tg_table_name, t.id from touched t;
    else
      insert into insights.change_queue (source, demo_id)
      select distinct tg_table_name, t.demo_id from touched t;
  end case;
  return null;
end $$;

-- Logarithmic buckets that a percentile can be read from: each reaches 5 % further than the one
-- before, so that its middle is within 2.5 % of every value in it. Zero has a bucket of its own,
-- and what is below zero mirrors what is above.
create or replace function insights.log_bucket(value double precision) returns smallint
  language sql immutable strict parallel safe set search_path = '' as $$
  select case when value = 0 then 0
    else sign(value) * least(greatest(10000 + ceil(ln(abs(value)) / ln(1.05::double precision)),
                                      1), 30000) end::smallint
$$;
create or replace function insights.bucket_middle(bucket smallint) returns double precision
  language sql immutable strict parallel safe set search_path = '' as $$
  select case when bucket = 0 then 0
    else sign(bucket) * power(1.05::double precision, abs(bucket) - 10000) * 2 / 2.05 end
$$;

-- How each of a visitor's messages went, and what was answered when: docs/metrics.md in SQL. One
-- conversation at a time, so that nothing else is read.
create or replace function insights.judge(conversation text, demo uuid, ended timestamptz)
  returns table (id uuid, occurred_at timestamptz, seq integer, turn integer, content text,
                 sentiment text, intent text, intent_words text, confidence numeric,
                 label_source text, next_negative boolean, repeated boolean, broke_off boolean,
                 unanswered boolean, replied boolean, reply_seconds double precision)
  language sql stable parallel safe set search_path = '' as $$
  select
    t.id, t.occurred_at, t.seq, t.turn::integer, t.content, t.sentiment, t.intent, t.intent_words,
    t.confidence, t.label_source,
    coalesce(t.next_sentiment = 'negative', false),
    coalesce(t.next_words = t.words, false),
    coalesce(t.is_last and t.occurred_at <= ended - interval '30 seconds', false),
    t.replies_by_then = t.replies,
    coalesce(t.next_role = 'assistant', false),
    case when t.next_role = 'assistant'
      then extract(epoch from t.next_timestamp - t.timestamp)::double precision end
  from (
    select
      u.*,
      row_number() over turns as turn,
      lead(u.sentiment) over turns as next_sentiment,
      lead(u.words) over turns as next_words,
      coalesce(lead(u.replies) over turns, u.all_replies) as replies_by_then
    from (
      select
        m.id, m.role, m.occurred_at, m.seq, m.content, m.confidence, m.label_source, m.timestamp,
        nullif(lower(btrim(m.sentiment)), '') as sentiment,
        nullif(lower(btrim(m.intent)), '') as intent,
        insights.intent_words(m.intent) as intent_words,
        case when m.role = 'user' then insights.bare_words(m.content) end as words,
        lead(m.id) over said is null as is_last,
        count(*) filter (where m.role = 'assistant') over said as replies,
        count(*) filter (where m.role = 'assistant') over () as all_replies,
        lead(m.role) over talk as next_role,
        lead(m.timestamp) over talk as next_timestamp
      from public.conversation_messages m
      where m.conversation_id = conversation and m.demo_id = demo
      window said as (order by m.occurred_at, m.seq, m.id),
             talk as (partition by m.role = 'system' order by m.occurred_at, m.seq, m.id)
    ) u
    where u.role = 'user'
    window turns as (order by u.occurred_at, u.seq, u.id)
  ) t
$$;

create table if not exists insights.conversation_rollups (
  conversation_id text primary key,
  demo_id uuid not null,
  started_at timestamptz,
  first_at timestamptz,
  last_at timestamptz,
  ended_at timestamptz,
  duration_seconds integer,
  end_reason text,
  n_user integer not null,
  n_assistant integer not null,
  n_negative integer not null,
  n_labelled integer not null,
  n_intent integer not null,
  is_test boolean not null,
  last_message_at timestamptz,
  n_confident integer not null,
  n_confident_misses integer not null,
  unhappy_end boolean not null,
  moment_intents text[] not null,
  judged smallint[] not null,
  feelings smallint[] not null,
  replies smallint[] not null,
  replies_without_time integer not null
);
comment on table insights.conversation_rollups is
  'One row per conversation, kept by the worker; ask the view insights.conversations.';
comment on column insights.conversation_rollups.moment_intents is
  'Words of the intent of each user message that is a missed moment if that intent is a high one.';
comment on column insights.conversation_rollups.judged is
  'Per user message with a confidence: hundredths of it, times 2, plus 1 if trouble followed.';
comment on column insights.conversation_rollups.feelings is
  'Per user message, in order: 0 no sentiment, 1 negative, 2 neutral, 3 positive, 4 another one.';
comment on column insights.conversation_rollups.replies is
  'insights.log_bucket of the seconds of each reply whose time is known.';
create index if not exists conversation_rollups_started_idx
  on insights.conversation_rollups (demo_id, started_at);
create index if not exists conversation_rollups_last_idx
  on insights.conversation_rollups (demo_id, last_at) include (first_at);

-- How far each kind of rollup is with what was stored before it was there.
create table if not exists insights.rollup_state (
  part text primary key,
  complete boolean not null default false,
  position text not null default '',
  done bigint not null default 0,
  updated_at timestamptz not null default now()
);

do $$
declare
  mine constant text := 'demo_id = any ((select insights.my_demo_ids())::uuid[])';
  product constant text := '(select insights.is_product_team())';
begin
  perform insights.close_table('insights.conversation_rollups');
  perform insights.close_table('insights.rollup_state');
  perform insights.fence('insights.conversation_rollups', 'insights_reader', mine);
  perform insights.fence('insights.conversation_rollups', 'insights_editor', mine);
  perform insights.fence('insights.conversation_rollups', 'insights_product', product);
  perform insights.fence('insights.conversation_rollups', 'insights_worker', 'true');
  perform insights.fence('insights.rollup_state', 'insights_worker', 'true');
end $$;
grant select on insights.conversation_rollups
  to insights_reader, insights_editor, insights_product;
grant select, insert, update, delete on insights.conversation_rollups to insights_worker;
grant select, insert, update on insights.rollup_state to insights_worker;
insert into insights.rollup_state (part, complete)
select 'conversations', not exists (select from insights.conversation_map)
on conflict do nothing;

-- Counted from what is stored, as docs/metrics.md defines it; the kept row in its columns.
drop view if exists insights.conversations_counted;
create view insights.conversations_counted with (security_invoker = true) as
select
  b.*,
  coalesce(f.n_confident, 0)::integer as n_confident,
  coalesce(f.n_confident_misses, 0)::integer as n_confident_misses,
  coalesce(f.unhappy_end, false) as unhappy_end,
  coalesce(f.moment_intents, '{}') as moment_intents,
  coalesce(f.judged, '{}') as judged,
  coalesce(f.feelings, '{}') as feelings,
  coalesce(f.replies, '{}') as replies,
  coalesce(f.replies_without_time, 0)::integer as replies_without_time
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
    t.last_message_at
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
    count(*) filter (where j.confidence >= 0.8 and j.troubled) as n_confident_misses,
    (array_agg(j.sentiment = 'negative' order by j.turn desc)
      filter (where j.sentiment is not null))[1] as unhappy_end,
    array_agg(j.intent_words order by j.turn) filter (where j.intent_words <> ''
      and (j.confidence < 0.5 or j.unanswered or j.next_negative)) as moment_intents,
    array_agg((floor(j.confidence * 100) * 2 + j.troubled::integer)::smallint order by j.turn)
      filter (where j.confidence is not null) as judged,
    array_agg(case j.sentiment when 'negative' then 1 when 'neutral' then 2 when 'positive' then 3
                else case when j.sentiment is null then 0 else 4 end end::smallint order by j.turn)
      as feelings,
    array_agg(insights.log_bucket(j.reply_seconds) order by j.turn)
      filter (where j.reply_seconds is not null) as replies,
    count(*) filter (where j.replied and j.reply_seconds is null) as replies_without_time
  from (
    select w.*, w.next_negative or w.repeated or w.broke_off as troubled
    from insights.judge(b.conversation_id, b.demo_id, b.ended_at) w
  ) j
) f on true;
grant select on insights.conversations_counted to insights_worker;

-- The demos that whoever asks may see. NULL stands for every demo: the worker's and the table
-- owner's; a role that is none of ours sees none.
create or replace function insights.asked_demos() returns uuid[]
  language sql stable security definer set search_path = '' as $$
  select case current_setting('role')
    when 'insights_worker' then null
    when 'none' then case when pg_has_role(session_user, current_user, 'member') then null
                          else '{}'::uuid[] end
    when 'insights_product' then case when insights.is_product_team()
      then array(select d.id from public.demos d) else '{}' end
    when 'insights_reader' then coalesce(insights.my_demo_ids(), '{}')
    when 'insights_editor' then coalesce(insights.my_demo_ids(), '{}')
    else '{}' end
$$;

-- The conversations whose kept row may be out of date.
create or replace function insights.queued_conversations() returns setof text
  language plpgsql stable security definer set search_path = '' rows 10 as $$
declare mine uuid[];
begin
  if not exists (select from insights.change_queue) then
    return;
  end if;
  mine := insights.asked_demos();
  return query
    select distinct q.conversation_id from insights.change_queue q
    where q.conversation_id is not null and (mine is null or q.demo_id = any (mine));
end $$;

-- Those counted now: what is queued, and what the first filling has not come to.
create or replace function insights.conversations_now()
  returns setof insights.conversation_rollups
  language plpgsql stable security definer set search_path = '' rows 10 as $$
declare mine uuid[];
begin
  if exists (select from insights.change_queue) then
    mine := insights.asked_demos();
    return query
      select c.* from insights.conversations_counted c
      where c.conversation_id in (select insights.queued_conversations())
        and (mine is null or c.demo_id = any (mine));
  end if;
  if not exists (select from insights.rollup_state s where s.part = 'conversations' and s.complete)
  then
    mine := insights.asked_demos();
    return query
      select c.* from insights.conversations_counted c
      where (mine is null or c.demo_id = any (mine))
        and not exists (select from insights.conversation_rollups r
                        where r.conversation_id = c.conversation_id)
        and c.conversation_id not in (select insights.queued_conversations());
  end if;
end $$;

create or replace view insights.conversations with (security_invoker = true) as
select r.* from insights.conversation_rollups r
where not exists (
  select from insights.queued_conversations() q (id) where q.id = r.conversation_id)
union all
select n.* from insights.conversations_now() n;

drop view if exists insights.judged_messages;
create view insights.judged_messages with (security_invoker = true) as
select
  j.id, c.conversation_id, c.demo_id, c.started_at, c.is_test, j.occurred_at, j.seq, j.turn,
  j.content, j.sentiment, j.intent, j.intent_words, j.confidence, j.label_source,
  j.next_negative, j.repeated, j.broke_off, j.unanswered
from insights.conversations c
cross join lateral insights.judge(c.conversation_id, c.demo_id, c.ended_at) j;
grant select on insights.judged_messages to insights_reader, insights_worker;

drop function if exists
  insights.count_judged(timestamptz[], timestamptz, uuid, boolean, text[]);

-- Makes the kept rows of these conversations what is counted now. It may be run at any time and
-- again; rows that are right already are left alone.
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
    replies_without_time) = (
    excluded.demo_id, excluded.started_at, excluded.first_at, excluded.last_at, excluded.ended_at,
    excluded.duration_seconds, excluded.end_reason, excluded.n_user, excluded.n_assistant,
    excluded.n_negative, excluded.n_labelled, excluded.n_intent, excluded.is_test,
    excluded.last_message_at, excluded.n_confident, excluded.n_confident_misses,
    excluded.unhappy_end, excluded.moment_intents, excluded.judged, excluded.feelings,
    excluded.replies, excluded.replies_without_time)
  where r is distinct from excluded;
$$;

-- Brings up to date what the rows of the queue stand for.
create or replace function insights.refresh_rollups(taken insights.change_queue[]) returns void
  language sql volatile set search_path = '' as $$
  select insights.refresh_conversations(array(
    select distinct t.conversation_id from unnest(taken) t where t.conversation_id is not null))
$$;

-- Empties up to `most` rows of the queue: what is kept is brought up to date, each demo gets a new
-- version, and whoever listens is told which demo it was. One process at a time; the answer is NULL
-- where another is at it. Every statement sees what had been committed when it began, which is at
-- least what the rows it takes stand for.
create or replace function insights.drain_changes(most integer default 10000) returns integer
  language plpgsql volatile set search_path = '' as $$
declare
  taken insights.change_queue[];
  moved bigint;
  told bigint;
begin
  if not exists (select from insights.change_queue) then
    return 0;
  end if;
  if not pg_try_advisory_xact_lock(hashtextextended('insights.drain_changes', 0)) then
    return null;
  end if;
  moved := nextval('insights.data_versions');
  with gone as (
    delete from insights.change_queue q
    where q.id in (select w.id from insights.change_queue w order by w.id limit most)
    returning q as gone_row
  )
  select coalesce(array_agg(g.gone_row), '{}') into taken from gone g;
  perform insights.refresh_rollups(taken);
  with bumped as (
    insert into insights.demo_versions as v (demo_id, user_id, version, changed_at)
    select t.demo_id, d.user_id, moved, now()
    from (select distinct u.demo_id from unnest(taken) u where u.demo_id is not null) t
    left join public.demos d on d.id = t.demo_id
    on conflict (demo_id) do update set
      user_id = coalesce(excluded.user_id, v.user_id), version = excluded.version, changed_at = now()
    returning v.demo_id
  )
  select count(pg_notify('insights_changes', b.demo_id::text)) into told from bumped b;
  update insights.data_version set version = moved,
    drained_at = clock_timestamp();
  -- Rows of nobody name no demo, and yet the product team counts them.
  perform pg_notify('insights_changes', '');
  return cardinality(taken);
end $$;

-- Fills in what was stored before these rows were kept, the next `most` conversations: how many they
-- were, 0 when all are done, NULL where another process is at it.
create or replace function insights.fill_rollups(most integer default 1000) returns integer
  language plpgsql volatile set search_path = '' as $$
declare
  ids text[];
begin
  if exists (select from insights.rollup_state s where s.part = 'conversations' and s.complete) then
    return 0;
  end if;
  if not pg_try_advisory_xact_lock(hashtextextended('insights.drain_changes', 0)) then
    return null;
  end if;
  select array_agg(n.conversation_id order by n.conversation_id) into ids from (
    select m.conversation_id from insights.conversation_map m
    where m.conversation_id > (
      select s.position from insights.rollup_state s where s.part = 'conversations')
    order by m.conversation_id limit most) n;
  perform insights.refresh_conversations(coalesce(ids, '{}'));
  update insights.rollup_state s set
    complete = coalesce(cardinality(ids), 0) < most,
    position = coalesce(ids[cardinality(ids)], s.position),
    done = s.done + coalesce(cardinality(ids), 0),
    updated_at = now()
  where s.part = 'conversations';
  return coalesce(cardinality(ids), 0);
end $$;

revoke execute on all functions in schema insights from public;
grant execute on function insights.judge(text, uuid, timestamptz)
  to insights_reader, insights_worker;
grant execute on function insights.log_bucket(double precision) to insights_worker;
grant execute on function insights.bucket_middle(smallint)
  to insights_reader, insights_product;
grant execute on function insights.queued_conversations(), insights.conversations_now()
  to insights_reader, insights_editor, insights_product, insights_worker;
grant execute on function insights.asked_demos() to insights_worker;
grant execute on function insights.refresh_conversations(text[]),
  insights.refresh_rollups(insights.change_queue[]),
  insights.fill_rollups(integer) to insights_worker;
