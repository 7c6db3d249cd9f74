-- A plan for any period, which Postgres keeps from the sixth time on, read all days of a period to leave
-- out those that weeks answer for: 0.24 s of 0.27 for all demos and 90 days. What lies before the weeks and
-- after them is asked for by itself.
create or replace function insights.unsummed_days(
  part text, from_day timestamptz, to_day timestamptz) returns timestamptz[]
  language sql stable set search_path = '', pg_temp as $$
  select coalesce(array_agg(d.day), '{}') from (
    select s.day from insights.platform_stale s where s.part = unsummed_days.part
    union
    select date_bin('1 day', q.hour, 'epoch') from insights.queued_hours() q
    where unsummed_days.part = 'messages'
    union
    select date_bin('1 day', q.hour, 'epoch') from insights.queued_event_hours() q
    where unsummed_days.part = 'events') d
  where d.day >= from_day and d.day < to_day
$$;
create or replace function insights.event_parts_of(
  starts timestamptz[], until timestamptz, one_demo uuid, typed boolean, by_demo boolean)
  returns setof insights.event_days
  language plpgsql stable set search_path = '', pg_temp as $$
#variable_conflict use_column
declare
  kept record := insights.kept_parts('events', starts, until);
  demos constant uuid[] := insights.demos_of(one_demo);
  from_week timestamptz;
  to_week timestamptz;
  raw_demos uuid[];
  raw_since timestamptz[];
  raw_until timestamptz[];
  noons timestamptz[];
  summed constant boolean := insights.is_summed(one_demo, by_demo);
  apart timestamptz[];
begin
  if kept.to_day = kept.from_day then
    kept.from_day := until;
    kept.to_day := until;
  end if;
  if summed then
    apart := insights.unsummed_days('events', kept.from_day, kept.to_day);
    return query
      select null::uuid, 1::smallint, e.since + interval '12 hours', e.event_type, e.n, e.n_http,
        e.n_timed, e.handler, e.handler_n, e.lag, e.lag_n, e.handler_dense, e.lag_dense
      from insights.platform_event_days e
      where (e.event_type = '') <> typed and e.since >= kept.from_day and e.since < kept.to_day
        and e.since <> all (apart);
    return query
      select e.demo_id, e.days, e.since + interval '12 hours', e.event_type, e.n, e.n_http,
        e.n_timed, e.handler, e.handler_n, e.lag, e.lag_n, e.handler_dense, e.lag_dense
      from unnest(demos) d (id) cross join unnest(apart) a (day)
      join insights.event_days e on e.demo_id = d.id and e.days = 1 and e.since = a.day
      where (e.event_type = '') <> typed
        and not exists (select from insights.queued_event_hours() q
          where q.demo_id = d.id and date_bin('1 day', q.hour, 'epoch') = a.day);
  else
  from_week := insights.week_of(kept.from_day + interval '7 days' - interval '1 microsecond');
  to_week := insights.week_of(kept.to_day);
  if to_week <= from_week
     or exists (select from unnest(starts[2:]) s where s <> insights.week_of(s)) then
    -- Days alone, up to where weeks would begin.
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
  select e.demo_id, e.days, e.since + interval '12 hours', e.event_type, e.n, e.n_http, e.n_timed,
    e.handler, e.handler_n, e.lag, e.lag_n, e.handler_dense, e.lag_dense
  from insights.event_days e
  where e.demo_id = any (demos) and e.days = 1 and (e.event_type = '') <> typed
    and e.since >= kept.from_day and e.since < from_week
    and not exists (select from queued q where q.demo_id = e.demo_id and q.day = e.since)
  union all
  select e.demo_id, e.days, e.since + interval '12 hours', e.event_type, e.n, e.n_http, e.n_timed,
    e.handler, e.handler_n, e.lag, e.lag_n, e.handler_dense, e.lag_dense
  from insights.event_days e
  where e.demo_id = any (demos) and e.days = 1 and (e.event_type = '') <> typed
    and e.since >= to_week and e.since < kept.to_day
    and not exists (select from queued q where q.demo_id = e.demo_id and q.day = e.since)
  union all
  select e.* from (select distinct q.demo_id, q.week from queued q
                   where q.week >= from_week and q.week < to_week) w
  join insights.event_days e on e.demo_id = w.demo_id and e.days = 1
    and e.since >= w.week and e.since < w.week + interval '7 days' and (e.event_type = '') <> typed
  where not exists (select from queued q where q.demo_id = e.demo_id and q.day = e.since);
  end if;

  with queued as materialized (
    select distinct h.demo_id, date_bin('1 day', h.hour, 'epoch') as day
    from insights.queued_event_hours() h
    where h.hour >= kept.from_day and h.hour < kept.to_day and h.demo_id = any (demos)
  ), stretches as (
    select q.demo_id, q.day as since, q.day + interval '1 day' as until from queued q
    union all
    select d.id, starts[1], kept.from_day from unnest(demos) d (id) where starts[1] < kept.from_day
    union all
    select d.id, kept.to_day, until from unnest(demos) d (id) where kept.to_day < until
  ), cut as (
    select s.demo_id, greatest(b.since, s.since) as since, least(b.until, s.until) as until
    from stretches s join unnest(starts, starts[2:] || until) b (since, until)
      on b.since < s.until and b.until > s.since
  ), moved as (
    select d.id as demo_id, m.since, m.until, m.noon
    from insights.moved_pieces(starts, kept.from_day, kept.to_day) m
    cross join unnest(demos) d (id)
    where not exists (select from queued q where q.demo_id = d.id and q.day = m.day)
  )
  select array_agg(r.demo_id), array_agg(r.since), array_agg(r.until), array_agg(r.noon)
  into raw_demos, raw_since, raw_until, noons
  from (select c.*, null::timestamptz as noon from cut c union all select m.* from moved m) r;
  if raw_demos is not null then
    return query
      with packed as materialized (
        select p.*, n.noon from insights.pack_events(raw_demos, raw_since, raw_until) p
        join unnest(raw_demos, raw_since, noons) n (demo_id, since, noon)
          on n.demo_id = p.demo_id and n.since = p.since
      )
      select p.demo_id, 1::smallint, p.since, p.event_type, p.n, p.n_http, p.n_timed, p.handler,
        p.handler_n, p.lag, p.lag_n, (null::insights.event_days).handler_dense,
        (null::insights.event_days).lag_dense
      from packed p
      union all
      select p.demo_id, 1::smallint, p.noon, p.event_type, -p.n, -p.n_http, -p.n_timed, p.handler,
        array(select -u.n from unnest(p.handler_n) with ordinality u (n, nth) order by u.nth),
        p.lag, array(select -u.n from unnest(p.lag_n) with ordinality u (n, nth) order by u.nth),
        (null::insights.event_days).handler_dense, (null::insights.event_days).lag_dense
      from packed p where p.noon is not null;
  end if;
end $$;

-- Demos whose 95th percentile of handler times is above `above` ms, with it and how many events it
-- rests on. Most demos are quick, of which a sum up to there says so; only of the others every step is
-- looked at.
create or replace function insights.slow_handlers(
  since timestamptz, until timestamptz, one_demo uuid, above double precision)
  returns table (demo_id uuid, timed_events bigint, handler_p95 double precision)
  language sql stable set search_path = extensions, public, pg_temp as $$
  with part as materialized (
    select p.demo_id, p.handler, p.handler_n, p.handler_dense
    from insights.event_parts_of(array[since], until, one_demo, false, true) p
  ), last as materialized (
    select coalesce(max(c.code), -1) as code
    from generate_series(0, cardinality(insights.handler_steps()) - 1) c (code)
    where insights.handler_middle(c.code) <= above
  ), dense as materialized (
    select p.demo_id, sum(p.handler_dense) as total from part p
    where p.handler_dense is not null group by 1
  ), quick as materialized (
    select array(select (c.code <= l.code)::integer from generate_series(0, 202) c (code))::vector
      as upto, array_fill(1, array[203])::vector as total from last l
  ), counted as (
    select d.demo_id, -(d.total <#> q.upto) as upto, -(d.total <#> q.total) as total
    from dense d cross join quick q
    union all
    select p.demo_id, coalesce(sum(u.n) filter (where u.code <= l.code), 0), sum(u.n)
    from last l cross join part p cross join lateral unnest(p.handler, p.handler_n) u (code, n)
    group by 1
  ), slow as materialized (
    select c.demo_id from counted c group by 1 having sum(c.upto) < 0.95 * sum(c.total)
  )
  select h.demo_id, max(h.total)::bigint, insights.handler_middle(
    min(h.code) filter (where h.upto >= 0.95 * h.total))
  from (select u.*, sum(u.n) over (partition by u.demo_id order by u.code) as upto,
          sum(u.n) over (partition by u.demo_id) as total
        from (select w.demo_id, w.code, sum(w.n) as n from (
                select d.demo_id, (x.nth - 1)::integer as code, x.n::bigint as n
                from dense d cross join lateral unnest(d.total::real[]) with ordinality x (n, nth)
                where x.n <> 0 and d.demo_id in (select s.demo_id from slow s)
                union all
                select p.demo_id, c.code, c.n::bigint
                from part p cross join lateral unnest(p.handler, p.handler_n) c (code, n)
                where p.demo_id in (select s.demo_id from slow s)) w
              group by 1, 2) u) h
  group by 1
$$;
drop function if exists insights.handler_times(timestamptz, timestamptz, uuid);

revoke execute on all functions in schema insights from public;
grant execute on function insights.slow_handlers(timestamptz, timestamptz, uuid, double precision)
  to insights_reader, insights_product, insights_worker;
