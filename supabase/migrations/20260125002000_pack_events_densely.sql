-- Times of events as vectors where a day has many: adding up a type's days is then one step of C for
-- each, where it was one for every time that occurs in one of them.
select set_config('insights.packed_before', (not exists (
  select from pg_attribute where attrelid = 'insights.event_days'::regclass
    and attname = 'handler_dense'))::text, true);
alter table insights.event_days
  add column if not exists handler_dense vector,
  add column if not exists lag_dense vector;
alter table insights.event_days set (toast_tuple_target = 8160);
comment on column insights.event_days.handler_dense is
  'How many events there are of each handler_code from 0 on; `handler` has those that are not in it.';
comment on column insights.event_days.lag_dense is
  'The same of insights.log_bucket from 9900 on; `lag` has those that are not in it.';

-- Where each step of handler times begins, in ms: each one up to 20, then steps of 5 %, so that the
-- middle of one is within 2.5 % of what is in it; the bins of the distribution begin with one.
create or replace function insights.handler_steps() returns integer[]
  language sql immutable parallel safe as $$
  select array[
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 22, 24, 25, 27,
    29, 31, 32, 34, 36, 38, 40, 43, 46, 49, 50, 53, 56, 59, 62, 63, 67, 71, 75, 79, 80, 85, 90,
    95, 100, 106, 112, 118, 124, 126, 133, 140, 148, 156, 159, 167, 176, 185, 195, 200, 211,
    222, 234, 246, 251, 264, 278, 292, 307, 316, 332, 349, 367, 386, 398, 418, 439, 461, 485,
    501, 527, 554, 582, 612, 631, 663, 697, 732, 769, 794, 834, 876, 920, 967, 1000, 1051, 1104,
    1160, 1219, 1259, 1322, 1389, 1459, 1532, 1585, 1665, 1749, 1837, 1929, 1995, 2095, 2200,
    2311, 2427, 2512, 2638, 2770, 2909, 3055, 3162, 3321, 3488, 3663, 3847, 3981, 4181, 4391,
    4611, 4842, 5012, 5263, 5527, 5804, 6095, 6310, 6626, 6958, 7306, 7672, 7943, 8341, 8759,
    9197, 9657, 10000, 10501, 11027, 11579, 12158, 12589, 13219, 13880, 14575, 15304, 15849,
    16642, 17475, 18349, 19267, 19953, 20951, 21999, 23099, 24254, 25119, 26375, 27694, 29079,
    30533, 31623, 33205, 34866, 36610, 38441, 39811, 41802, 43893, 46088, 48393, 50119, 52625,
    55257, 58020, 60922, 63096, 66251, 69564, 73043, 76696, 79433, 83405, 87576, 91955, 96553,
    100000, 105001, 110252, 115765, 121554, 127632, 134014, 140715, 147751, 155139, 162896,
    171041, 179594, 188574, 198003, 207904, 218300, 229216, 240677, 252711, 265347, 278615,
    292546, 307174, 322533, 338660, 355594, 373374, 392043, 411646, 432229, 453841, 476534,
    500361, 525380, 551650, 579233, 608195, 638605, 670536, 704063, 739267, 776231, 815043,
    855796, 898586, 943516, 990692, 1040227, 1092239, 1146851, 1204194, 1264404, 1327625,
    1394007, 1463708, 1536894, 1613739, 1694426, 1779148, 1868106, 1961512, 2059588, 2162568,
    2270697, 2384232, 2503444, 2628617, 2760048, 2898051, 3042954, 3195102, 3354858, 3522601,
    3698732]
$$;
create or replace function insights.handler_code(ms integer) returns integer
  language sql immutable strict parallel safe as $$
  select width_bucket(ms, insights.handler_steps()) - 1
$$;
create or replace function insights.handler_middle(code integer) returns double precision
  language sql immutable strict parallel safe as $$
  select (s.steps[code + 1] + coalesce(s.steps[code + 2], s.steps[code + 1] + 1) - 1) / 2.0
  from (select insights.handler_steps() as steps) s
$$;
create or replace function insights.handler_start(code integer) returns integer
  language sql immutable strict parallel safe as $$
  select (insights.handler_steps())[code + 1]
$$;

-- What was counted in the codes that were used before: counted anew where the rows are still there,
-- else put into the step that the middle of the old one lies in.
do $$ begin
  if current_setting('insights.packed_before')::boolean
     and exists (select from insights.event_days) then
    delete from insights.event_days d
    where d.since >= coalesce(insights.detail_since(d.demo_id), '-infinity');
    update insights.event_days d set handler = array(
      select insights.handler_code(round(insights.bucket_middle((c / 64)::smallint))::integer)
      from unnest(d.handler) c);
    update insights.rollup_state set complete = false, position = '', done = 0, updated_at = now()
    where part = 'events';
  end if;
end $$;

-- As before, without a search path of its own, which would keep it from being part of the plan.
create or replace function insights.log_bucket(value double precision) returns smallint
  language sql immutable strict parallel safe as $$
  select case when value = 0 then 0
    else sign(value) * least(greatest(10000 + ceil(ln(abs(value)) / ln(1.05::double precision)),
                                      1), 30000) end::smallint
$$;
-- As before: the events of stretches of time of demos, packed by type.
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
        date_part('epoch', e.processed_at - e.occurred_at)) end as lag
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

-- As before, vectors too.
create or replace function insights.merge_events(parts insights.event_days[])
  returns setof insights.event_days
  language sql stable set search_path = extensions, public as $$
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
  select c.demo_id, c.days, c.since, c.event_type, c.n, c.n_http, c.n_timed,
    coalesce(h.codes, '{}'), coalesce(h.counts, '{}'), coalesce(l.codes, '{}'),
    coalesce(l.counts, '{}'), c.handler_dense, c.lag_dense
  from (select p.demo_id, p.days, p.since, p.event_type, sum(p.n)::integer as n,
          sum(p.n_http)::integer as n_http, sum(p.n_timed)::integer as n_timed,
          sum(p.handler_dense) as handler_dense, sum(p.lag_dense) as lag_dense
        from part p group by 1, 2, 3, 4) c
  left join handler h using (demo_id, days, since, event_type)
  left join lag l using (demo_id, days, since, event_type)
$$;

-- A packed row whose many different times are vectors.
create or replace function insights.made_dense(part insights.event_days)
  returns insights.event_days language plpgsql stable set search_path = '' as $$
declare
  filled real[] := insights.densely(0, 203, part.handler, part.handler_n);
begin
  if filled is not null then
    part.handler_dense := filled;
    select coalesce(array_agg(u.code order by u.nth), '{}'),
      coalesce(array_agg(u.n order by u.nth), '{}')
    into part.handler, part.handler_n
    from unnest(part.handler, part.handler_n) with ordinality u (code, n, nth) where u.code >= 203;
  end if;
  filled := insights.densely(9900, 200, part.lag::integer[], part.lag_n);
  if filled is not null then
    part.lag_dense := filled;
    select coalesce(array_agg(u.code order by u.nth), '{}'),
      coalesce(array_agg(u.n order by u.nth), '{}')
    into part.lag, part.lag_n
    from unnest(part.lag, part.lag_n) with ordinality u (code, n, nth)
    where u.code < 9900 or u.code >= 10100;
  end if;
  return part;
end $$;

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
    select row(p.demo_id, 1, p.since, p.event_type, p.n, p.n_http, p.n_timed, p.handler,
               p.handler_n, p.lag, p.lag_n, null, null)::insights.event_days as part
    from insights.pack_events(day_demos, day_starts, array(
      select s + interval '1 day' from unnest(day_starts) with ordinality u (s, o) order by o)) p
  ), whole as materialized (
    select m as part from insights.merge_events(array(
      select row((p.part).demo_id, 1, (p.part).since, '', (p.part).n, (p.part).n_http,
                 (p.part).n_timed, (p.part).handler, (p.part).handler_n, (p.part).lag,
                 (p.part).lag_n, null, null)::insights.event_days
      from packed p)) m
  ), dense as materialized (
    select insights.made_dense(u.part) as part
    from (select p.part from packed p union all select w.part from whole w) u
  )
  insert into insights.event_days select (d.part).* from dense d;

  delete from insights.event_days e using unnest(day_demos, day_starts) k (demo_id, day)
  where e.demo_id = k.demo_id and e.days = 7 and e.since = insights.week_of(k.day);
  insert into insights.event_days
  select m.* from insights.merge_events(array(
    select row(e.demo_id, 7, w.week, e.event_type, e.n, e.n_http, e.n_timed, e.handler, e.handler_n,
               e.lag, e.lag_n, e.handler_dense, e.lag_dense)::insights.event_days
    from (select distinct k.demo_id, insights.week_of(k.day) as week
          from unnest(day_demos, day_starts) k (demo_id, day)) w
    join insights.event_days e on e.demo_id = w.demo_id and e.days = 1
      and e.since >= w.week and e.since < w.week + interval '7 days')) m;
end $$;

-- As before, with the new columns.
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
        p.handler_n, p.lag, p.lag_n, (null::insights.event_days).handler_dense,
        (null::insights.event_days).lag_dense
      from insights.pack_events(raw_demos, raw_since, raw_until) p;
  end if;
end $$;

-- As before; what is packed is added up before it is taken apart.
create or replace function insights.event_measures(
  starts timestamptz[], until timestamptz, one_demo uuid, typed boolean,
  named text[] default null, rest text default '')
  returns table (number integer, event_type text, events bigint, http_events bigint,
                 timed_events bigint, handler_p50 double precision, handler_p95 double precision,
                 handler_p99 double precision, lag_p50 double precision, lag_p95 double precision)
  language sql stable set search_path = extensions, public set work_mem = '64MB' as $$
  with part as materialized (
    select width_bucket(p.since, starts) as number,
      case when not typed then '' when named is null or p.event_type = any (named)
        then p.event_type else rest end as event_type,
      p.n, p.n_http, p.n_timed, p.handler, p.handler_n, p.lag, p.lag_n, p.handler_dense, p.lag_dense
    from insights.event_parts(starts, until, one_demo, typed) p
  ), added as materialized (
    select p.number, p.event_type, sum(p.n) as events, sum(p.n_http) as http_events,
      sum(p.n_timed) as timed_events, sum(p.handler_dense)::real[] as handler,
      sum(p.lag_dense)::real[] as lag
    from part p group by 1, 2
  ), handler as (
    select h.number, h.event_type,
      min(h.code) filter (where h.upto >= 0.5 * h.total) as p50,
      min(h.code) filter (where h.upto >= 0.95 * h.total) as p95,
      min(h.code) filter (where h.upto >= 0.99 * h.total) as p99
    from (select u.*, sum(u.n) over (partition by u.number, u.event_type order by u.code) as upto,
            sum(u.n) over (partition by u.number, u.event_type) as total
          from (select a.number, a.event_type, (x.nth - 1)::integer as code, x.n::bigint as n
                from added a cross join lateral unnest(a.handler) with ordinality x (n, nth)
                where x.n <> 0
                union all
                select p.number, p.event_type, c.code, sum(c.n)
                from part p cross join lateral unnest(p.handler, p.handler_n) c (code, n)
                group by 1, 2, 3) u) h
    group by 1, 2
  ), lag as (
    select l.number, l.event_type,
      min(l.code) filter (where l.upto >= 0.5 * l.total) as p50,
      min(l.code) filter (where l.upto >= 0.95 * l.total) as p95
    from (select u.*, sum(u.n) over (partition by u.number, u.event_type order by u.code) as upto,
            sum(u.n) over (partition by u.number, u.event_type) as total
          from (select a.number, a.event_type, (9899 + x.nth)::integer as code, x.n::bigint as n
                from added a cross join lateral unnest(a.lag) with ordinality x (n, nth)
                where x.n <> 0
                union all
                select p.number, p.event_type, c.code::integer, sum(c.n)
                from part p cross join lateral unnest(p.lag, p.lag_n) c (code, n)
                group by 1, 2, 3) u) l
    group by 1, 2
  )
  select c.number, c.event_type, c.events, c.http_events, c.timed_events,
    insights.handler_middle(h.p50), insights.handler_middle(h.p95),
    insights.handler_middle(h.p99),
    insights.bucket_middle(l.p50::smallint), insights.bucket_middle(l.p95::smallint)
  from added c
  left join handler h using (number, event_type)
  left join lag l using (number, event_type)
$$;

create or replace function insights.event_steps(
  since timestamptz, until timestamptz, one_demo uuid)
  returns table (step integer, events bigint)
  language sql stable set search_path = extensions, public as $$
  with part as materialized (
    select p.handler, p.handler_n, p.handler_dense
    from insights.event_parts(array[since], until, one_demo, false) p
  )
  select insights.duration_step(insights.handler_start(u.code)), sum(u.n)::bigint from (
    select (x.nth - 1)::integer as code, x.n::bigint as n
    from (select sum(p.handler_dense)::real[] as dense from part p) a
    cross join lateral unnest(a.dense) with ordinality x (n, nth) where x.n <> 0
    union all
    select c.code, c.n::bigint
    from part p cross join lateral unnest(p.handler, p.handler_n) c (code, n)
  ) u
  group by 1
$$;

create or replace function insights.handler_times(
  since timestamptz, until timestamptz, one_demo uuid)
  returns table (demo_id uuid, timed_events bigint, handler_p95 double precision)
  language sql stable set search_path = extensions, public as $$
  with part as materialized (
    select p.demo_id, p.handler, p.handler_n, p.handler_dense
    from insights.event_parts(array[since], until, one_demo, false) p
  )
  select h.demo_id, max(h.total)::bigint, insights.handler_middle(
    min(h.code) filter (where h.upto >= 0.95 * h.total))
  from (select u.*, sum(u.n) over (partition by u.demo_id order by u.code) as upto,
          sum(u.n) over (partition by u.demo_id) as total
        from (select a.demo_id, (x.nth - 1)::integer as code, x.n::bigint as n
              from (select p.demo_id, sum(p.handler_dense)::real[] as dense from part p group by 1) a
              cross join lateral unnest(a.dense) with ordinality x (n, nth) where x.n <> 0
              union all
              select p.demo_id, c.code, sum(c.n)
              from part p cross join lateral unnest(p.handler, p.handler_n) c (code, n)
              group by 1, 2) u) h
  group by 1
$$;

revoke execute on all functions in schema insights from public;
grant execute on function insights.handler_steps(), insights.handler_middle(integer),
  insights.handler_start(integer) to insights_reader, insights_product, insights_worker;
grant execute on function insights.made_dense(insights.event_days) to insights_worker;
