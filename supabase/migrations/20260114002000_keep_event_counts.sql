-- Webhook events counted by demo, type and day or week of UTC, with handler time and delivery lag
-- in logarithmic buckets, and the hours that had any. As with messages: what is queued or cut by a
-- period is packed from the rows when it is asked for.
-- Run again over a newer database, where event_days has more columns than the functions here give:
-- these are made anew there before anything calls them.
set local check_function_bodies = off;
create table if not exists insights.event_days (
  demo_id uuid not null,
  days smallint not null check (days in (1, 7)),
  since timestamptz not null,
  event_type text not null,
  n integer not null,
  n_http integer not null,
  n_timed integer not null,
  handler integer[] not null,
  handler_n integer[] not null,
  lag smallint[] not null,
  lag_n integer[] not null,
  primary key (demo_id, days, since, event_type)
);
comment on table insights.event_days is
  'Packed events of a day or a week, each type and, as type '''', all; ask insights.event_measures.';
comment on column insights.event_days.handler is
  'insights.handler_code of the ms of events received over HTTP; handler_n: how many each.';
comment on column insights.event_days.lag is
  'insights.log_bucket of the seconds from occurred_at to processed_at, likewise.';
create table if not exists insights.event_hours (
  demo_id uuid not null,
  hour timestamptz not null,
  n_http integer not null,
  primary key (demo_id, hour)
);
comment on table insights.event_hours is 'Hours with events; ask insights.live_hours.';

do $$
declare
  mine constant text := 'demo_id = any ((select insights.my_demo_ids())::uuid[])';
  product constant text := '(select insights.is_product_team())';
  rel regclass;
begin
  foreach rel in array array['insights.event_days', 'insights.event_hours']::regclass[] loop
    perform insights.close_table(rel);
    perform insights.fence(rel::text, 'insights_reader', mine);
    perform insights.fence(rel::text, 'insights_product', product);
    perform insights.fence(rel::text, 'insights_worker', 'true');
    execute format('grant select on %s to insights_reader, insights_product', rel);
    execute format('grant select, insert, update, delete on %s to insights_worker', rel);
  end loop;
end $$;
insert into insights.rollup_state (part, complete)
select 'events', not exists (select from public.processed_webhook_events where demo_id is not null)
on conflict do nothing;

-- The step of the distribution that a time lies in, from 1: about a quarter each, ten to a decade.
create or replace function insights.duration_step(ms integer) returns integer
  language sql immutable strict parallel safe set search_path = '' as $$
  select width_bucket(ms, array[
    0, 1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 25, 32, 40, 50, 63, 80, 100, 126, 159, 200, 251, 316,
    398, 501, 631, 794, 1000, 1259, 1585, 1995, 2512, 3162, 3981, 5012, 6310, 7943, 10000, 12589,
    15849, 19953, 25119, 31623, 39811, 50119, 63096, 79433, 100000, 2147483647])
$$;
-- Bucket and step in one number that grows with the time, so that the steps stay exact.
create or replace function insights.handler_code(ms integer) returns integer
  language sql immutable strict parallel safe set search_path = '' as $$
  select insights.log_bucket(ms) * 64 + insights.duration_step(ms)
$$;

-- The events of stretches of time of demos, packed by type.
create or replace function insights.pack_events(
  demos uuid[], sinces timestamptz[], untils timestamptz[])
  returns table (demo_id uuid, since timestamptz, event_type text, n integer, n_http integer,
                 n_timed integer, handler integer[], handler_n integer[], lag smallint[],
                 lag_n integer[])
  language sql stable set search_path = '' as $$
  with told as materialized (
    select k.demo_id, k.since, e.event_type, e.received_via = 'http' as live,
      case when e.received_via = 'http' then insights.handler_code(e.processing_duration_ms)
        end as handler,
      case when e.received_via = 'http' then insights.log_bucket(
        extract(epoch from e.processed_at - e.occurred_at)::double precision) end as lag
    from unnest(demos, sinces, untils) k (demo_id, since, until)
    join public.processed_webhook_events e on e.demo_id = k.demo_id
      and e.processed_at >= k.since and e.processed_at < k.until
  ), handler as (
    select h.demo_id, h.since, h.event_type, array_agg(h.handler order by h.handler) as codes,
      array_agg(h.n order by h.handler) as counts
    from (select t.demo_id, t.since, t.event_type, t.handler, count(*)::integer as n from told t
          where t.handler is not null group by 1, 2, 3, 4) h
    group by 1, 2, 3
  ), lag as (
    select l.demo_id, l.since, l.event_type, array_agg(l.lag order by l.lag) as codes,
      array_agg(l.n order by l.lag) as counts
    from (select t.demo_id, t.since, t.event_type, t.lag, count(*)::integer as n from told t
          where t.lag is not null group by 1, 2, 3, 4) l
    group by 1, 2, 3
  )
  select c.*, coalesce(h.codes, '{}'), coalesce(h.counts, '{}'), coalesce(l.codes, '{}'),
    coalesce(l.counts, '{}')
  from (select t.demo_id, t.since, t.event_type, count(*)::integer, count(*) filter (where t.live)::integer,
          count(t.handler)::integer from told t group by 1, 2, 3) c
  left join handler h using (demo_id, since, event_type)
  left join lag l using (demo_id, since, event_type)
$$;

-- Packed rows of several stretches, types or both as one: a row for each demo, since and type.
create or replace function insights.merge_events(parts insights.event_days[])
  returns setof insights.event_days language sql stable set search_path = '' as $$
  with part as materialized (select p.* from unnest(parts) p), handler as (
    select h.demo_id, h.days, h.since, h.event_type, array_agg(h.code order by h.code) as codes,
      array_agg(h.n order by h.code) as counts
    from (select p.demo_id, p.days, p.since, p.event_type, u.code, sum(u.n)::integer as n
          from part p cross join lateral unnest(p.handler, p.handler_n) u (code, n)
          group by 1, 2, 3, 4, 5) h
    group by 1, 2, 3, 4
  ), lag as (
    select l.demo_id, l.days, l.since, l.event_type, array_agg(l.code order by l.code) as codes,
      array_agg(l.n order by l.code) as counts
    from (select p.demo_id, p.days, p.since, p.event_type, u.code, sum(u.n)::integer as n
          from part p cross join lateral unnest(p.lag, p.lag_n) u (code, n)
          group by 1, 2, 3, 4, 5) l
    group by 1, 2, 3, 4
  )
  select c.*, coalesce(h.codes, '{}'), coalesce(h.counts, '{}'), coalesce(l.codes, '{}'),
    coalesce(l.counts, '{}')
  from (select p.demo_id, p.days, p.since, p.event_type, sum(p.n)::integer, sum(p.n_http)::integer,
          sum(p.n_timed)::integer from part p group by 1, 2, 3, 4) c
  left join handler h using (demo_id, days, since, event_type)
  left join lag l using (demo_id, days, since, event_type)
$$;

-- Monday of the ISO week of UTC.
create or replace function insights.week_of(moment timestamptz) returns timestamptz
  language sql immutable strict parallel safe set search_path = '' as $$
  select date_bin('7 days', moment, timestamptz '2001-01-01 00:00:00+00')
$$;

create or replace function insights.refresh_events(demos uuid[], hours timestamptz[])
  returns void language plpgsql volatile set search_path = '' as $$
declare
  day_demos uuid[];
  day_starts timestamptz[];
begin
  delete from insights.event_hours h using unnest(demos, hours) k (demo_id, hour)
  where h.demo_id = k.demo_id and h.hour = k.hour;
  insert into insights.event_hours
  select e.demo_id, k.hour, count(*) filter (where e.received_via = 'http')
  from (select distinct * from unnest(demos, hours)) k (demo_id, hour)
  join public.processed_webhook_events e on e.demo_id = k.demo_id
    and e.processed_at >= k.hour and e.processed_at < k.hour + interval '1 hour'
  group by e.demo_id, k.hour;

  select array_agg(d.demo_id), array_agg(d.day) into day_demos, day_starts from (
    select distinct k.demo_id, date_bin('1 day', k.hour, 'epoch') as day
    from unnest(demos, hours) k (demo_id, hour)) d;
  delete from insights.event_days e using unnest(day_demos, day_starts) k (demo_id, day)
  where e.demo_id = k.demo_id and e.days = 1 and e.since = k.day;
  with packed as materialized (
    select p.demo_id, 1::smallint as days, p.since, p.event_type, p.n, p.n_http, p.n_timed,
      p.handler, p.handler_n, p.lag, p.lag_n
    from insights.pack_events(day_demos, day_starts, array(
      select s + interval '1 day' from unnest(day_starts) with ordinality u (s, o) order by o)) p
  )
  insert into insights.event_days
  select * from packed
  union all
  select m.* from insights.merge_events(array(
    select row(p.demo_id, p.days, p.since, '', p.n, p.n_http, p.n_timed, p.handler, p.handler_n,
               p.lag, p.lag_n)::insights.event_days from packed p)) m;

  delete from insights.event_days e using unnest(day_demos, day_starts) k (demo_id, day)
  where e.demo_id = k.demo_id and e.days = 7 and e.since = insights.week_of(k.day);
  insert into insights.event_days
  select m.* from insights.merge_events(array(
    select row(e.demo_id, 7, w.week, e.event_type, e.n, e.n_http, e.n_timed, e.handler, e.handler_n,
               e.lag, e.lag_n)::insights.event_days
    from (select distinct k.demo_id, insights.week_of(k.day) as week
          from unnest(day_demos, day_starts) k (demo_id, day)) w
    join insights.event_days e on e.demo_id = w.demo_id and e.days = 1
      and e.since >= w.week and e.since < w.week + interval '7 days')) m;
end $$;

-- The hours of demos whose events were written to since they were packed.
create or replace function insights.event_hours_of(taken insights.change_queue[])
  returns table (demo_id uuid, hour timestamptz)
  language plpgsql stable set search_path = '' rows 10 as $$
#variable_conflict use_column
begin
  return query
    select distinct t.demo_id, t.bucket from unnest(taken) t
    where t.source = 'processed_webhook_events' and t.demo_id is not null
      and (date_bin('1 day', t.bucket, 'epoch')
           >= coalesce(insights.detail_since(t.demo_id), '-infinity')
        or not exists (select from insights.event_days d where d.demo_id = t.demo_id and d.days = 1
                       and d.since = date_bin('1 day', t.bucket, 'epoch')));
end $$;
create or replace function insights.queued_event_hours()
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
    select h.demo_id, h.hour from insights.event_hours_of(
      (select array_agg(q) from insights.change_queue q
       where q.source = 'processed_webhook_events')) h
    where mine is null or h.demo_id = any (mine);
end $$;

-- Packed events that together are those of the period: kept weeks, kept days, and what is packed
-- now of the rest. `typed`: a row per type, else all types may be in one.
create or replace function insights.event_parts(
  starts timestamptz[], until timestamptz, one_demo uuid, typed boolean)
  returns setof insights.event_days
  language plpgsql stable set search_path = '' as $$
#variable_conflict use_column
declare
  kept record := insights.kept_parts('events', starts, until);
  demos uuid[] := case when one_demo is not null then array[one_demo]
    else array(select d.id from public.demos d) end;
  from_week timestamptz;
  to_week timestamptz;
  ends constant timestamptz[] := starts[2:] || until;
  raw_demos uuid[];
  raw_since timestamptz[];
  raw_until timestamptz[];
begin
  if kept.to_day = kept.from_day then
    kept.from_day := until;
    kept.to_day := until;
  end if;
  from_week := insights.week_of(kept.from_day + interval '7 days' - interval '1 microsecond');
  to_week := insights.week_of(kept.to_day);
  if to_week <= from_week
     or exists (select from unnest(starts[2:]) s where s <> insights.week_of(s)) then
    from_week := kept.to_day;
    to_week := kept.to_day;
  end if;
  return query
  with queued as materialized (
    select distinct q.demo_id, date_bin('1 day', q.hour, 'epoch') as day,
      insights.week_of(q.hour) as week
    from insights.queued_event_hours() q
    where q.hour >= kept.from_day and q.hour < kept.to_day and q.demo_id = any (demos)
  )
  select e.* from insights.event_days e
  where e.demo_id = any (demos) and e.days = 7 and (e.event_type = '') <> typed
    and e.since >= from_week and e.since < to_week
    and not exists (select from queued q where q.demo_id = e.demo_id and q.week = e.since)
  union all
  select e.* from insights.event_days e
  where e.demo_id = any (demos) and e.days = 1 and (e.event_type = '') <> typed
    and e.since >= kept.from_day and e.since < kept.to_day
    and (e.since < from_week or e.since >= to_week)
    and not exists (select from queued q where q.demo_id = e.demo_id and q.day = e.since)
  union all
  select e.* from (select distinct q.demo_id, q.week from queued q
                   where q.week >= from_week and q.week < to_week) w
  join insights.event_days e on e.demo_id = w.demo_id and e.days = 1
    and e.since >= w.week and e.since < w.week + interval '7 days' and (e.event_type = '') <> typed
  where not exists (select from queued q where q.demo_id = e.demo_id and q.day = e.since);

  select array_agg(r.demo_id), array_agg(r.since), array_agg(r.until)
  into raw_demos, raw_since, raw_until from (
    select q.demo_id, q.day as since, q.day + interval '1 day' as until
    from (select distinct h.demo_id, date_bin('1 day', h.hour, 'epoch') as day
          from insights.queued_event_hours() h
          where h.hour >= kept.from_day and h.hour < kept.to_day and h.demo_id = any (demos)) q
    union all
    select d.id, greatest(b.since, p.since), least(b.until, p.until)
    from unnest(demos) d (id)
    cross join unnest(starts, ends) b (since, until)
    cross join (values (starts[1], kept.from_day), (kept.to_day, until)) p (since, until)
    where greatest(b.since, p.since) < least(b.until, p.until)
  ) r;
  if raw_demos is not null then
    return query
      select p.demo_id, 1::smallint, p.since, p.event_type, p.n, p.n_http, p.n_timed, p.handler,
        p.handler_n, p.lag, p.lag_n
      from insights.pack_events(raw_demos, raw_since, raw_until) p;
  end if;
end $$;

-- What pages show of the events of each bucket, `number` from 1. `typed`: by type, those that are
-- not among `named`, where some are, together as `rest`. Times are within 2.5 %.
create or replace function insights.event_measures(
  starts timestamptz[], until timestamptz, one_demo uuid, typed boolean,
  named text[] default null, rest text default '')
  returns table (number integer, event_type text, events bigint, http_events bigint,
                 timed_events bigint, handler_p50 double precision, handler_p95 double precision,
                 handler_p99 double precision, lag_p50 double precision, lag_p95 double precision)
  language sql stable set search_path = '' as $$
  with part as materialized (
    select width_bucket(p.since, starts) as number,
      case when not typed then '' when named is null or p.event_type = any (named)
        then p.event_type else rest end as event_type,
      p.n, p.n_http, p.n_timed, p.handler, p.handler_n, p.lag, p.lag_n
    from insights.event_parts(starts, until, one_demo, typed) p
  ), handler as (
    select h.number, h.event_type,
      min(h.code) filter (where h.upto >= 0.5 * h.total) as p50,
      min(h.code) filter (where h.upto >= 0.95 * h.total) as p95,
      min(h.code) filter (where h.upto >= 0.99 * h.total) as p99
    from (select u.*, sum(u.n) over (partition by u.number, u.event_type order by u.code) as upto,
            sum(u.n) over (partition by u.number, u.event_type) as total
          from (select p.number, p.event_type, c.code, sum(c.n) as n
                from part p cross join lateral unnest(p.handler, p.handler_n) c (code, n)
                group by 1, 2, 3) u) h
    group by 1, 2
  ), lag as (
    select l.number, l.event_type,
      min(l.code) filter (where l.upto >= 0.5 * l.total) as p50,
      min(l.code) filter (where l.upto >= 0.95 * l.total) as p95
    from (select u.*, sum(u.n) over (partition by u.number, u.event_type order by u.code) as upto,
            sum(u.n) over (partition by u.number, u.event_type) as total
          from (select p.number, p.event_type, c.code, sum(c.n) as n
                from part p cross join lateral unnest(p.lag, p.lag_n) c (code, n)
                group by 1, 2, 3) u) l
    group by 1, 2
  )
  select c.number, c.event_type, c.events, c.http_events, c.timed_events,
    insights.bucket_middle((h.p50 / 64)::smallint), insights.bucket_middle((h.p95 / 64)::smallint),
    insights.bucket_middle((h.p99 / 64)::smallint),
    insights.bucket_middle(l.p50), insights.bucket_middle(l.p95)
  from (select p.number, p.event_type, sum(p.n) as events, sum(p.n_http) as http_events,
          sum(p.n_timed) as timed_events from part p group by 1, 2) c
  left join handler h using (number, event_type)
  left join lag l using (number, event_type)
$$;

-- How many events took how long, by the steps of insights.duration_step.
create or replace function insights.event_steps(
  since timestamptz, until timestamptz, one_demo uuid)
  returns table (step integer, events bigint)
  language sql stable set search_path = '' as $$
  select c.code % 64, sum(c.n)
  from insights.event_parts(array[since], until, one_demo, false) p
  cross join lateral unnest(p.handler, p.handler_n) c (code, n)
  group by 1
$$;

-- Hours of UTC that had an event over HTTP, from the hour of `since` on.
create or replace function insights.live_hours(since timestamptz, until timestamptz, one_demo uuid)
  returns setof timestamptz language plpgsql stable set search_path = '' as $$
#variable_conflict use_column
declare
  demos uuid[] := case when one_demo is not null then array[one_demo]
    else array(select d.id from public.demos d) end;
  filled constant boolean := (insights.kept_parts('events', array[since], until)).from_hour < until;
  from_hour constant timestamptz := date_bin('1 hour', since, 'epoch');
  to_hour constant timestamptz := case when filled then date_bin('1 hour', until, 'epoch')
                                       else from_hour end;
begin
  return query
  with queued as materialized (
    select q.demo_id, q.hour from insights.queued_event_hours() q
    where q.demo_id = any (demos) and q.hour >= from_hour and q.hour < to_hour
  ), found as (
    select h.hour from insights.event_hours h
    where h.demo_id = any (demos) and h.n_http > 0 and h.hour >= from_hour and h.hour < to_hour
      and not exists (select from queued q where q.demo_id = h.demo_id and q.hour = h.hour)
    union all
    select q.hour from queued q
    where exists (select from public.processed_webhook_events e where e.demo_id = q.demo_id
      and e.received_via = 'http' and e.processed_at >= q.hour
      and e.processed_at < q.hour + interval '1 hour')
    union all
    select date_bin('1 hour', e.processed_at, 'epoch') from public.processed_webhook_events e
    where e.demo_id = any (demos) and e.received_via = 'http'
      and e.processed_at >= to_hour and e.processed_at < until
  )
  select distinct f.hour from found f;
end $$;

-- Handler times of each demo.
create or replace function insights.handler_times(
  since timestamptz, until timestamptz, one_demo uuid)
  returns table (demo_id uuid, timed_events bigint, handler_p95 double precision)
  language sql stable set search_path = '' as $$
  select h.demo_id, max(h.total)::bigint, insights.bucket_middle(
    (min(h.code) filter (where h.upto >= 0.95 * h.total) / 64)::smallint)
  from (select u.*, sum(u.n) over (partition by u.demo_id order by u.code) as upto,
          sum(u.n) over (partition by u.demo_id) as total
        from (select p.demo_id, c.code, sum(c.n) as n
              from insights.event_parts(array[since], until, one_demo, false) p
              cross join lateral unnest(p.handler, p.handler_n) c (code, n)
              group by 1, 2) u) h
  group by 1
$$;

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
  select array_agg(h.demo_id), array_agg(h.hour) into demos, hours
  from insights.event_hours_of(taken) h;
  if demos is not null then
    perform insights.refresh_events(demos, hours);
  end if;
end $$;

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
    when 'conversations' then
      select * into did, next from insights.fill_conversations(state.position, most);
    when 'events' then select * into did, next from insights.fill_events(state.position);
    when 'messages' then select * into did, next from insights.fill_messages(state.position);
  end case;
  update insights.rollup_state s set complete = next is null,
    position = coalesce(next, s.position), done = s.done + did, updated_at = now()
  where s.part = state.part;
  return greatest(did, 1);
end $$;

-- One day of every demo: the first one after `after` that has events.
create or replace function insights.fill_events(after text, out did integer, out next text)
  language plpgsql volatile set search_path = '' as $$
declare
  since constant timestamptz :=
    coalesce(nullif(after, '')::timestamptz + interval '1 day', '-infinity');
  day timestamptz;
  demos uuid[];
  hours timestamptz[];
begin
  if after = '' then
    delete from insights.event_days e
    where e.since >= coalesce(insights.detail_since(e.demo_id), '-infinity');
    delete from insights.event_hours e
    where e.hour >= coalesce(insights.detail_since(e.demo_id), '-infinity');
  end if;
  select date_bin('1 day', min(e.processed_at), 'epoch') into day
  from public.demos d cross join lateral (
    select x.processed_at from public.processed_webhook_events x
    where x.demo_id = d.id and x.processed_at >= since order by x.processed_at limit 1) e;
  did := (day is not null)::integer;
  if day is not null then
    next := to_char(day at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"');
    select array_agg(d.id), array_agg(h.hour) into demos, hours
    from public.demos d
    cross join generate_series(day, day + interval '23 hours', interval '1 hour') h (hour)
    where (day >= coalesce(insights.detail_since(d.id), '-infinity') or not exists (
        select from insights.event_days k
        where k.demo_id = d.id and k.days = 1 and k.since = day))
      and exists (select from public.processed_webhook_events e where e.demo_id = d.id
                  and e.processed_at >= h.hour and e.processed_at < h.hour + interval '1 hour');
    perform insights.refresh_events(coalesce(demos, '{}'), coalesce(hours, '{}'));
  end if;
end $$;

-- A table that is emptied as a whole names no row: all of it is counted anew.
create or replace function insights.forget_rollups() returns trigger
  language plpgsql security definer set search_path = '' as $$
begin
  delete from insights.conversation_rollups;
  update insights.rollup_state set complete = false, position = '', done = 0, updated_at = now();
  insert into insights.change_queue (source) values ('truncate');
  return null;
end $$;
do $$
declare rel text;
begin
  foreach rel in array array['public.conversation_messages', 'public.conversation_details',
      'public.processed_webhook_events', 'insights.conversation_map'] loop
    if pg_has_role((select c.relowner from pg_class c where c.oid = rel::regclass), 'member') then
      execute format('create or replace trigger queue_truncate after truncate on %s '
                     'for each statement execute function insights.forget_rollups()', rel);
    end if;
  end loop;
end $$;

-- Where the database can run things by itself, it keeps up without a server of ours too.
do $$ begin
  if to_regprocedure('cron.schedule(text, text, text)') is not null then
    perform cron.schedule('insights-drain', '5 seconds', 'select insights.drain_changes()');
    perform cron.schedule('insights-fill', '5 seconds', 'select insights.fill_rollups()');
  end if;
exception when others then
  perform insights.note('pg_cron', 'cannot be given the refresh of rollups: ' || sqlerrm);
end $$;

revoke execute on all functions in schema insights from public;
grant execute on function insights.queued_event_hours(), insights.bucket_middle(smallint),
  insights.log_bucket(double precision), insights.duration_step(integer),
  insights.handler_code(integer), insights.week_of(timestamptz),
  insights.pack_events(uuid[], timestamptz[], timestamptz[]),
  insights.event_parts(timestamptz[], timestamptz, uuid, boolean),
  insights.event_measures(timestamptz[], timestamptz, uuid, boolean, text[], text),
  insights.event_steps(timestamptz, timestamptz, uuid),
  insights.handler_times(timestamptz, timestamptz, uuid),
  insights.live_hours(timestamptz, timestamptz, uuid)
  to insights_reader, insights_product, insights_worker;
grant execute on function insights.event_hours_of(insights.change_queue[]),
  insights.merge_events(insights.event_days[]), insights.refresh_events(uuid[], timestamptz[]),
  insights.fill_events(text) to insights_worker;
