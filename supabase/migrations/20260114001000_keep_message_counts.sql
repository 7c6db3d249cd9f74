-- Messages counted by demo, hour and day of UTC, test conversations apart, and intents by day: what
-- sums are made of. Hours that are queued, hours that a period cuts, and all of it before the first
-- filling is through are counted from the messages, so that the sums are theirs at any moment.
create table if not exists insights.message_hours (
  demo_id uuid not null,
  hour timestamptz not null,
  is_test boolean not null,
  n_user integer not null,
  n_assistant integer not null,
  n_labelled integer not null,
  n_negative integer not null,
  n_neutral integer not null,
  n_positive integer not null,
  n_intent integer not null,
  n_any_label integer not null,
  n_labelled_here integer not null,
  n_confidence integer not null,
  confidence numeric not null,
  primary key (demo_id, hour, is_test)
);
comment on table insights.message_hours is
  'Counts of messages by hour, kept by the worker; ask insights.message_counts.';
create table if not exists insights.message_days (
  like insights.message_hours including comments,
  primary key (demo_id, hour, is_test)
);
comment on table insights.message_days is 'insights.message_hours by day of UTC.';
create table if not exists insights.intent_days (
  demo_id uuid not null,
  day timestamptz not null,
  is_test boolean not null,
  intent text not null,
  n integer not null,
  n_labelled integer not null,
  n_negative integer not null,
  n_confidence integer not null,
  confidence numeric not null,
  primary key (demo_id, day, is_test, intent)
);
comment on table insights.intent_days is
  'User messages by intent and day of UTC, kept by the worker; ask insights.intent_counts.';

do $$
declare
  mine constant text := 'demo_id = any ((select insights.my_demo_ids())::uuid[])';
  product constant text := '(select insights.is_product_team())';
  rel regclass;
begin
  foreach rel in array array['insights.message_hours', 'insights.message_days',
                             'insights.intent_days']::regclass[] loop
    perform insights.close_table(rel);
    perform insights.fence(rel::text, 'insights_reader', mine);
    perform insights.fence(rel::text, 'insights_product', product);
    perform insights.fence(rel::text, 'insights_worker', 'true');
    execute format('grant select on %s to insights_reader, insights_product', rel);
    execute format('grant select, insert, update, delete on %s to insights_worker', rel);
  end loop;
end $$;
insert into insights.rollup_state (part, complete)
select 'messages', not exists (select from public.conversation_messages where demo_id is not null)
on conflict do nothing;

-- A message of a demo as the row it adds to a sum.
create or replace view insights.messages_counted with (security_invoker = true) as
select
  m.demo_id, m.occurred_at, m.conversation_id, m.role = 'user' as is_user,
  case when m.role = 'user' then nullif(lower(btrim(m.intent)), '') end as intent,
  (m.role = 'user')::integer as n_user,
  (m.role = 'assistant')::integer as n_assistant,
  (m.role = 'user' and coalesce(btrim(m.sentiment), '') <> '')::integer as n_labelled,
  (m.role = 'user' and coalesce(lower(btrim(m.sentiment)) = 'negative', false))::integer as n_negative,
  (m.role = 'user' and coalesce(lower(btrim(m.sentiment)) = 'neutral', false))::integer as n_neutral,
  (m.role = 'user' and coalesce(lower(btrim(m.sentiment)) = 'positive', false))::integer as n_positive,
  (m.role = 'user' and coalesce(btrim(m.intent), '') <> '')::integer as n_intent,
  (m.role = 'user' and coalesce(nullif(btrim(m.intent), ''), nullif(btrim(m.sentiment), ''))
    is not null)::integer as n_any_label,
  (m.role = 'user' and coalesce(m.label_source = 'local', false))::integer as n_labelled_here,
  (m.role = 'user' and m.confidence is not null)::integer as n_confidence,
  case when m.role = 'user' then m.confidence end as confidence,
  exists (select from public.conversation_details d
          where d.is_test and d.tavus_conversation_id = m.conversation_id
            and d.demo_id = m.demo_id) as is_test
from public.conversation_messages m
where m.role in ('user', 'assistant') and m.demo_id is not null;

grant select on insights.messages_counted to insights_reader, insights_product, insights_worker;

-- The hours of demos whose counts may be out of date. A changed test flag touches every hour in
-- which the conversation has messages, those of messages that were not committed then included.
create or replace function insights.queued_hours()
  returns table (demo_id uuid, hour timestamptz)
  language plpgsql stable security definer set search_path = '' rows 10 as $$
#variable_conflict use_column
declare mine uuid[];
begin
  if not exists (select from insights.change_queue) then
    return;
  end if;
  mine := insights.asked_demos();
  return query
    select h.demo_id, h.bucket from insights.hours_of(
      (select array_agg(q) from insights.change_queue q
       where q.source = 'conversation_details' or q.source = 'conversation_messages')) h
    where mine is null or h.demo_id = any (mine);
end $$;

-- The same for rows that were taken out of the queue. Days of which the rows are no longer all
-- there stay as they were counted, if they were.
create or replace function insights.hours_of(taken insights.change_queue[])
  returns table (demo_id uuid, bucket timestamptz)
  language plpgsql stable set search_path = '' rows 10 as $$
#variable_conflict use_column
begin
  return query
    select h.demo_id, h.bucket from (
      select t.demo_id, t.bucket from unnest(taken) t
      where t.source = 'conversation_messages' and t.demo_id is not null
      union
      select m.demo_id, date_bin('1 hour', m.occurred_at, 'epoch')
      from unnest(taken) t
      join public.conversation_messages m on m.conversation_id = t.conversation_id
      where t.source = 'conversation_details' and m.demo_id is not null
    ) h
    where date_bin('1 day', h.bucket, 'epoch')
          >= coalesce(insights.detail_since(h.demo_id), '-infinity')
       or not exists (select from insights.message_days d where d.demo_id = h.demo_id
                      and d.hour = date_bin('1 day', h.bucket, 'epoch'));
end $$;

-- Makes the kept counts of these hours, and of their days, what is counted now.
create or replace function insights.refresh_messages(demos uuid[], hours timestamptz[])
  returns void language plpgsql volatile set search_path = '' as $$
begin
  delete from insights.message_hours h using unnest(demos, hours) k (demo_id, hour)
  where h.demo_id = k.demo_id and h.hour = k.hour;
  insert into insights.message_hours
  select c.demo_id, k.hour, c.is_test,
    sum(c.n_user), sum(c.n_assistant), sum(c.n_labelled), sum(c.n_negative), sum(c.n_neutral),
    sum(c.n_positive), sum(c.n_intent), sum(c.n_any_label), sum(c.n_labelled_here),
    sum(c.n_confidence), coalesce(sum(c.confidence), 0)
  from (select distinct * from unnest(demos, hours)) k (demo_id, hour)
  join insights.messages_counted c on c.demo_id = k.demo_id
    and c.occurred_at >= k.hour and c.occurred_at < k.hour + interval '1 hour'
  group by c.demo_id, k.hour, c.is_test;
  delete from insights.message_days d using unnest(demos, hours) k (demo_id, hour)
  where d.demo_id = k.demo_id and d.hour = date_bin('1 day', k.hour, 'epoch');
  insert into insights.message_days
  select h.demo_id, k.day, h.is_test,
    sum(h.n_user), sum(h.n_assistant), sum(h.n_labelled), sum(h.n_negative), sum(h.n_neutral),
    sum(h.n_positive), sum(h.n_intent), sum(h.n_any_label), sum(h.n_labelled_here),
    sum(h.n_confidence), coalesce(sum(h.confidence), 0)
  from (select distinct u.demo_id, date_bin('1 day', u.hour, 'epoch')
        from unnest(demos, hours) u (demo_id, hour)) k (demo_id, day)
  join insights.message_hours h on h.demo_id = k.demo_id
    and h.hour >= k.day and h.hour < k.day + interval '1 day'
  group by h.demo_id, k.day, h.is_test;
  delete from insights.intent_days d using unnest(demos, hours) k (demo_id, hour)
  where d.demo_id = k.demo_id and d.day = date_bin('1 day', k.hour, 'epoch');
  insert into insights.intent_days
  select c.demo_id, k.day, c.is_test, c.intent, count(*), sum(c.n_labelled), sum(c.n_negative),
    sum(c.n_confidence), coalesce(sum(c.confidence), 0)
  from (select distinct u.demo_id, date_bin('1 day', u.hour, 'epoch')
        from unnest(demos, hours) u (demo_id, hour)) k (demo_id, day)
  join insights.messages_counted c on c.demo_id = k.demo_id
    and c.occurred_at >= k.day and c.occurred_at < k.day + interval '1 day'
  where c.intent is not null
  group by c.demo_id, k.day, c.is_test, c.intent;
end $$;

create or replace function insights.refresh_rollups(taken insights.change_queue[]) returns void
  language plpgsql volatile set search_path = '' as $$
declare
  demos uuid[];
  hours timestamptz[];
begin
  perform insights.refresh_conversations(array(
    select distinct t.conversation_id from unnest(taken) t where t.conversation_id is not null));
  select array_agg(h.demo_id), array_agg(h.bucket) into demos, hours
  from insights.hours_of(taken) h;
  if demos is not null then
    perform insights.refresh_messages(demos, hours);
  end if;
end $$;

-- Which source answers for which part of a period: kept days, kept hours, or the rows themselves.
-- Hours are kept from `from_hour` to `to_hour`, days (where all buckets begin with one) in between;
-- what lies outside is counted from the rows.
create or replace function insights.kept_parts(
  part text, starts timestamptz[], until timestamptz,
  out from_hour timestamptz, out from_day timestamptz, out to_day timestamptz,
  out to_hour timestamptz)
  language plpgsql stable security definer set search_path = '' as $$
begin
  from_hour := date_bin('1 hour', starts[1] + interval '1 hour' - interval '1 microsecond', 'epoch');
  to_hour := date_bin('1 hour', until, 'epoch');
  if to_hour <= from_hour
     or not exists (select from insights.rollup_state s where s.part = kept_parts.part and s.complete)
     or exists (select from unnest(starts[2:]) s where s <> date_bin('1 hour', s, 'epoch')) then
    from_hour := until;
    to_hour := until;
  end if;
  from_day := date_bin('1 day', from_hour + interval '1 day' - interval '1 microsecond', 'epoch');
  to_day := date_bin('1 day', to_hour, 'epoch');
  if to_day <= from_day
     or exists (select from unnest(starts[2:]) s where s <> date_bin('1 day', s, 'epoch')) then
    from_day := to_hour;
    to_day := to_hour;
  end if;
end $$;

-- Messages by demo and bucket, `number` from 1, of the viewer's demos or of one of them.
create or replace function insights.message_counts(
  starts timestamptz[], until timestamptz, one_demo uuid, include_test boolean)
  returns table (demo_id uuid, number integer, n_user bigint, n_assistant bigint,
                 n_labelled bigint, n_negative bigint, n_neutral bigint, n_positive bigint,
                 n_intent bigint, n_any_label bigint, n_labelled_here bigint,
                 n_confidence bigint, confidence numeric)
  language plpgsql stable set search_path = '' as $$
#variable_conflict use_column
declare
  kept record := insights.kept_parts('messages', starts, until);
  demos uuid[] := case when one_demo is not null then array[one_demo]
    else array(select d.id from public.demos d) end;
begin
  return query
  with queued as materialized (
    select q.demo_id, q.hour, date_bin('1 day', q.hour, 'epoch') as day from insights.queued_hours() q
    where q.hour >= kept.from_hour and q.hour < kept.to_hour and q.demo_id = any (demos)
  ), parts as (
    select d.demo_id, d.hour as at,
      d.n_user, d.n_assistant, d.n_labelled, d.n_negative, d.n_neutral, d.n_positive, d.n_intent,
      d.n_any_label, d.n_labelled_here, d.n_confidence, d.confidence
    from insights.message_days d
    where d.demo_id = any (demos) and d.hour >= kept.from_day and d.hour < kept.to_day
      and (include_test or not d.is_test)
      and not exists (select from queued q where q.demo_id = d.demo_id and q.day = d.hour)
    union all
    select h.demo_id, h.hour,
      h.n_user, h.n_assistant, h.n_labelled, h.n_negative, h.n_neutral, h.n_positive, h.n_intent,
      h.n_any_label, h.n_labelled_here, h.n_confidence, h.confidence
    from insights.message_hours h
    where h.demo_id = any (demos) and h.hour >= kept.from_hour and h.hour < kept.from_day
      and (include_test or not h.is_test)
      and not exists (select from queued q where q.demo_id = h.demo_id and q.hour = h.hour)
    union all
    select h.demo_id, h.hour,
      h.n_user, h.n_assistant, h.n_labelled, h.n_negative, h.n_neutral, h.n_positive, h.n_intent,
      h.n_any_label, h.n_labelled_here, h.n_confidence, h.confidence
    from insights.message_hours h
    where h.demo_id = any (demos) and h.hour >= kept.to_day and h.hour < kept.to_hour
      and (include_test or not h.is_test)
      and not exists (select from queued q where q.demo_id = h.demo_id and q.hour = h.hour)
    union all
    select h.demo_id, h.hour,
      h.n_user, h.n_assistant, h.n_labelled, h.n_negative, h.n_neutral, h.n_positive, h.n_intent,
      h.n_any_label, h.n_labelled_here, h.n_confidence, h.confidence
    from (select distinct q.demo_id, q.day from queued q
          where q.day >= kept.from_day and q.day < kept.to_day) d
    join insights.message_hours h on h.demo_id = d.demo_id
      and h.hour >= d.day and h.hour < d.day + interval '1 day'
    where (include_test or not h.is_test)
      and not exists (select from queued q where q.demo_id = h.demo_id and q.hour = h.hour)
    union all
    select c.demo_id, c.occurred_at,
      c.n_user, c.n_assistant, c.n_labelled, c.n_negative, c.n_neutral, c.n_positive, c.n_intent,
      c.n_any_label, c.n_labelled_here, c.n_confidence, c.confidence
    from queued q
    join insights.messages_counted c on c.demo_id = q.demo_id
      and c.occurred_at >= q.hour and c.occurred_at < q.hour + interval '1 hour'
    where include_test or not c.is_test
    union all
    select c.demo_id, c.occurred_at,
      c.n_user, c.n_assistant, c.n_labelled, c.n_negative, c.n_neutral, c.n_positive, c.n_intent,
      c.n_any_label, c.n_labelled_here, c.n_confidence, c.confidence
    from insights.messages_counted c
    where c.demo_id = any (demos) and c.occurred_at >= starts[1] and c.occurred_at < kept.from_hour
      and (include_test or not c.is_test)
    union all
    select c.demo_id, c.occurred_at,
      c.n_user, c.n_assistant, c.n_labelled, c.n_negative, c.n_neutral, c.n_positive, c.n_intent,
      c.n_any_label, c.n_labelled_here, c.n_confidence, c.confidence
    from insights.messages_counted c
    where c.demo_id = any (demos) and c.occurred_at >= kept.to_hour and c.occurred_at < until
      and (include_test or not c.is_test)
  )
  select p.demo_id, width_bucket(p.at, starts),
    sum(p.n_user)::bigint, sum(p.n_assistant)::bigint, sum(p.n_labelled)::bigint,
    sum(p.n_negative)::bigint, sum(p.n_neutral)::bigint, sum(p.n_positive)::bigint,
    sum(p.n_intent)::bigint, sum(p.n_any_label)::bigint, sum(p.n_labelled_here)::bigint,
    sum(p.n_confidence)::bigint, coalesce(sum(p.confidence), 0)
  from parts p group by 1, 2;
end $$;

-- User messages that have an intent, by bucket and intent, as insights.message_counts.
create or replace function insights.intent_counts(
  starts timestamptz[], until timestamptz, one_demo uuid, include_test boolean)
  returns table (number integer, intent text, n bigint, n_labelled bigint, n_negative bigint,
                 n_confidence bigint, confidence numeric)
  language plpgsql stable set search_path = '' as $$
#variable_conflict use_column
declare
  kept record := insights.kept_parts('messages', starts, until);
  demos uuid[] := case when one_demo is not null then array[one_demo]
    else array(select d.id from public.demos d) end;
begin
  if kept.to_day = kept.from_day then
    kept.from_day := until;
    kept.to_day := until;
  end if;
  return query
  with queued as materialized (
    select distinct q.demo_id, date_bin('1 day', q.hour, 'epoch') as day
    from insights.queued_hours() q
    where q.hour >= kept.from_day and q.hour < kept.to_day and q.demo_id = any (demos)
  ), parts as (
    select d.day as at, d.intent, d.n, d.n_labelled, d.n_negative, d.n_confidence, d.confidence
    from insights.intent_days d
    where d.demo_id = any (demos) and d.day >= kept.from_day and d.day < kept.to_day
      and (include_test or not d.is_test)
      and not exists (select from queued q where q.demo_id = d.demo_id and q.day = d.day)
    union all
    select c.occurred_at, c.intent, 1, c.n_labelled, c.n_negative, c.n_confidence, c.confidence
    from queued q
    join insights.messages_counted c on c.demo_id = q.demo_id
      and c.occurred_at >= q.day and c.occurred_at < q.day + interval '1 day'
    where c.intent is not null and (include_test or not c.is_test)
    union all
    select c.occurred_at, c.intent, 1, c.n_labelled, c.n_negative, c.n_confidence, c.confidence
    from insights.messages_counted c
    where c.demo_id = any (demos) and c.intent is not null and (include_test or not c.is_test)
      and c.occurred_at >= starts[1] and c.occurred_at < kept.from_day
    union all
    select c.occurred_at, c.intent, 1, c.n_labelled, c.n_negative, c.n_confidence, c.confidence
    from insights.messages_counted c
    where c.demo_id = any (demos) and c.intent is not null and (include_test or not c.is_test)
      and c.occurred_at >= kept.to_day and c.occurred_at < until
  )
  select width_bucket(p.at, starts), p.intent, sum(p.n)::bigint, sum(p.n_labelled)::bigint,
    sum(p.n_negative)::bigint, sum(p.n_confidence)::bigint, coalesce(sum(p.confidence), 0)
  from parts p group by 1, 2;
end $$;

-- Fills in what was stored before these rows were kept: a number of conversations, then of days.
-- Answers how many they were, 0 when all are done, NULL where another process is at it.
create or replace function insights.fill_rollups(most integer default 1000) returns integer
  language plpgsql volatile set search_path = '' as $$
declare
  state insights.rollup_state;
  did integer;
  next text;
begin
  if not exists (select from insights.rollup_state s where not s.complete) then
    return 0;
  end if;
  if not pg_try_advisory_xact_lock(hashtextextended('insights.drain_changes', 0)) then
    return null;
  end if;
  select * into state from insights.rollup_state s where not s.complete order by s.part limit 1;
  if not found then
    return 0;
  end if;
  case state.part
    when 'conversations' then select * into did, next from insights.fill_conversations(state.position, most);
    when 'messages' then select * into did, next from insights.fill_messages(state.position);
  end case;
  update insights.rollup_state s set complete = next is null,
    position = coalesce(next, s.position), done = s.done + did, updated_at = now()
  where s.part = state.part;
  return greatest(did, 1);
end $$;

create or replace function insights.fill_conversations(
  after text, most integer, out did integer, out next text)
  language plpgsql volatile set search_path = '' as $$
declare ids text[];
begin
  if after = '' then
    delete from insights.conversation_rollups r where not exists (
      select from insights.conversation_map m where m.conversation_id = r.conversation_id);
  end if;
  ids := array(select m.conversation_id from insights.conversation_map m
               where m.conversation_id > after order by m.conversation_id limit most);
  perform insights.refresh_conversations(ids);
  did := cardinality(ids);
  next := case when did = most then ids[did] end;
end $$;

-- One day of every demo: the first one after `after` that has messages.
create or replace function insights.fill_messages(after text, out did integer, out next text)
  language plpgsql volatile set search_path = '' as $$
declare
  since constant timestamptz := coalesce(nullif(after, '')::timestamptz + interval '1 day', '-infinity');
  day timestamptz;
  demos uuid[];
  hours timestamptz[];
begin
  if after = '' then
    delete from insights.message_hours h
    where h.hour >= coalesce(insights.detail_since(h.demo_id), '-infinity');
    delete from insights.message_days d
    where d.hour >= coalesce(insights.detail_since(d.demo_id), '-infinity');
    delete from insights.intent_days d
    where d.day >= coalesce(insights.detail_since(d.demo_id), '-infinity');
  end if;
  select date_bin('1 day', min(m.occurred_at), 'epoch') into day
  from public.demos d cross join lateral (
    select x.occurred_at from public.conversation_messages x
    where x.demo_id = d.id and x.occurred_at >= since order by x.occurred_at limit 1) m;
  did := (day is not null)::integer;
  if day is not null then
    next := to_char(day at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"');
    select array_agg(d.id), array_agg(h.hour) into demos, hours
    from public.demos d
    cross join generate_series(day, day + interval '23 hours', interval '1 hour') h (hour)
    where (day >= coalesce(insights.detail_since(d.id), '-infinity') or not exists (
        select from insights.message_days k where k.demo_id = d.id and k.hour = day))
      and exists (select from public.conversation_messages m where m.demo_id = d.id
                  and m.occurred_at >= h.hour and m.occurred_at < h.hour + interval '1 hour');
    perform insights.refresh_messages(coalesce(demos, '{}'), coalesce(hours, '{}'));
  end if;
end $$;

-- How far the filling is, in conversations and in days.
create or replace function insights.filling()
  returns table (part text, done bigint, total bigint, complete boolean)
  language sql stable set search_path = '' as $$
  select s.part, s.done, case
    when s.complete then s.done
    when s.part = 'conversations' then (select count(*) from insights.conversation_map)
    else (select coalesce(extract(epoch from max(l.at) - min(f.at))::bigint / 86400 + 1, 0)
          from public.demos d
          cross join lateral (select m.occurred_at from public.conversation_messages m
            where m.demo_id = d.id order by m.occurred_at limit 1) f (at)
          cross join lateral (select m.occurred_at from public.conversation_messages m
            where m.demo_id = d.id order by m.occurred_at desc limit 1) l (at))
    end, s.complete
  from insights.rollup_state s order by s.part
$$;

revoke execute on all functions in schema insights from public;
grant execute on function insights.queued_hours(),
  insights.kept_parts(text, timestamptz[], timestamptz),
  insights.message_counts(timestamptz[], timestamptz, uuid, boolean),
  insights.intent_counts(timestamptz[], timestamptz, uuid, boolean)
  to insights_reader, insights_product, insights_worker;
grant execute on function insights.hours_of(insights.change_queue[]),
  insights.refresh_messages(uuid[], timestamptz[]), insights.fill_conversations(text, integer),
  insights.fill_messages(text), insights.filling() to insights_worker;
