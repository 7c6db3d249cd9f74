-- As before, and what is kept of a day stays there for what is taken off it: where all events of a day came
-- in the hours that are the next day's in the zone shown, the day had none, its vector was left out, and
-- what is taken off stood alone. Percentiles of the period were wrong then, or could not be found.
create or replace function insights.packed_events(
  starts timestamptz[], until timestamptz, one_demo uuid, typed boolean)
  returns table (kind text, number integer, label text, dense vector, codes integer[],
                 counts integer[], n bigint, n_http bigint, n_timed bigint)
  language sql stable set search_path = extensions, public, pg_temp set work_mem = '64MB' as $$
  with part as materialized (
    select width_bucket(p.since, starts) as number,
      case when typed then p.event_type else '' end as event_type, p.n, p.n_http, p.n_timed,
      p.handler, p.handler_n, p.lag, p.lag_n, p.handler_dense, p.lag_dense
    from insights.event_parts(starts, until, one_demo, typed) p
  ), added as materialized (
    select p.number, p.event_type, sum(p.n) as n, sum(p.n_http) as n_http, sum(p.n_timed) as n_timed,
      sum(p.handler_dense) as handler, sum(p.lag_dense) as lag
    from part p group by 1, 2
  ), sparse as (
    select u.kind, u.number, u.event_type, array_agg(u.code) as codes, array_agg(u.n) as counts from (
      select 'handler' as kind, p.number, p.event_type, c.code, c.n
      from part p cross join lateral unnest(p.handler, p.handler_n) c (code, n) where p.handler <> '{}'
      union all
      select 'lag', p.number, p.event_type, c.code, c.n
      from part p cross join lateral unnest(p.lag, p.lag_n) c (code, n) where p.lag <> '{}'
    ) u group by 1, 2, 3
  )
  select 'handler', null::integer, null::text, null::vector, array(select generate_series(0, 202)),
    null::integer[], null::bigint, null::bigint, null::bigint
  union all
  select 'lag', null, null, null, array(select generate_series(9900, 10099)), null, null, null, null
  union all
  select '', a.number, a.event_type, null, null, null, a.n, a.n_http, a.n_timed from added a
  where a.n <> 0
  union all
  select 'handler', a.number, a.event_type, a.handler, null, null, null, null, null
  from added a where a.handler is not null
  union all
  select 'lag', a.number, a.event_type, a.lag, null, null, null, null, null
  from added a where a.lag is not null
  union all
  select s.kind, s.number, s.event_type, null, s.codes, s.counts, null, null, null from sparse s
$$;

revoke execute on all functions in schema insights from public;
grant execute on function insights.packed_events(timestamptz[], timestamptz, uuid, boolean)
  to insights_reader, insights_product, insights_worker;
