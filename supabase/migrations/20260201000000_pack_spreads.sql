-- Which value stands at each place of a kind's dense vector.
create or replace function insights.dense_values(kind text) returns integer[]
  language sql immutable parallel safe as $$
  select array(select case when kind = 'duration' then insights.seconds_of(g.code) else g.code end
               from insights.dense_codes(kind) d
               cross join lateral generate_series(d.base, d.base + d.width - 1) g (code)
               order by g.code)
$$;

-- How often each value of `kinds` occurs in each bucket (and demo, if they are to be `by_demo`), as
-- it is kept: a row has either `dense`, how often each of dense_values occurs, or `counts` of
-- `codes`, and what is asked for is the sum of them all. Whoever asks takes them apart: to make a
-- row of every value and add up those, as insights.spread does, takes ten times as long. The
-- first row of a kind has its dense_values as codes.
create or replace function insights.packed_spreads(
  kinds text[], starts timestamptz[], until timestamptz, zone text, one_demo uuid,
  include_test boolean, by_demo boolean default false)
  returns table (kind text, demo_id uuid, number integer, label text, dense vector,
                 codes integer[], counts integer[])
  language plpgsql stable set search_path = extensions, public as $$
#variable_conflict use_column
declare
  kept constant record := insights.kept_days_whole(starts, until, zone, 'hour' = any (kinds));
  demos constant uuid[] := insights.demos_of(one_demo);
begin
  return query select k, null::uuid, null::integer, null::text, null::vector,
    insights.dense_values(k), null::integer[] from unnest(kinds) k;
  return query
    select s.kind, case when by_demo then s.demo_id end, width_bucket(s.day, starts), s.label,
      sum(s.dense), null::integer[], null::integer[]
    from insights.conversation_spreads s
    where s.demo_id = any (demos) and s.zone = kept.days and s.kind = any (kinds)
      and s.day >= kept.from_day and s.day < kept.to_day and (include_test or not s.is_test)
      and s.dense is not null
    group by 1, 2, 3, 4;
  return query
    select p.kind, p.demo_id, p.number, p.label, null::vector, array_agg(p.code),
      array_agg(p.n::integer)
    from (
      select q.kind, q.demo_id, q.number, q.label, q.code, sum(q.n) as n from (
        select s.kind, case when by_demo then s.demo_id end as demo_id,
          width_bucket(s.day, starts) as number, s.label, u.code, u.n
        from insights.conversation_spreads s cross join lateral unnest(s.codes, s.counts) u (code, n)
        where s.demo_id = any (demos) and s.zone = kept.days
          and s.kind = any (array_remove(kinds, 'moment'))
          and s.day >= kept.from_day and s.day < kept.to_day and (include_test or not s.is_test)
          and s.codes <> '{}'
        union all
        -- Many rows, of one code each.
        select s.kind, case when by_demo then s.demo_id end, width_bucket(s.day, starts), s.label,
          s.codes[1], s.counts[1]
        from insights.conversation_spreads s
        where 'moment' = any (kinds)
          and s.demo_id = any (demos) and s.zone = kept.days and s.kind = 'moment'
          and s.day >= kept.from_day and s.day < kept.to_day and (include_test or not s.is_test)
        union all
        -- What is taken off stands where it was put.
        select c.kind, case when by_demo then (t.talk).demo_id end,
          width_bucket((t.talk).started_at, starts), c.label,
          case when t.weight < 0 and c.kind = 'duration'
            and insights.seconds_step(c.code) between 0 and (insights.dense_codes(c.kind)).width - 1
            and exists (
              select from insights.conversation_spreads s
              where s.demo_id = (t.talk).demo_id and s.zone = kept.days and s.kind = c.kind
                and s.day = date_trunc('day', (t.talk).started_at, kept.days)
                and s.is_test = (t.talk).is_test and s.dense is not null)
            then insights.seconds_of(insights.seconds_step(c.code)) else c.code end,
          t.weight
        from insights.conversations_apart(
          starts[1], kept.from_day, kept.to_day, until, demos, include_test) t
        cross join lateral insights.spread_codes(t.talk, kept.days, zone) c
        where c.kind = any (kinds)
      ) q group by 1, 2, 3, 4, 5
    ) p where p.n <> 0 group by 1, 2, 3, 4;
end $$;

-- As before, of what is packed.
create or replace function insights.spread(
  kind text, starts timestamptz[], until timestamptz, zone text, one_demo uuid,
  include_test boolean, by_demo boolean default false)
  returns table (demo_id uuid, number integer, label text, code integer, n bigint)
  language sql stable set search_path = extensions, public as $$
  with packed as materialized (
    select * from insights.packed_spreads(
      array[kind], starts, until, zone, one_demo, include_test, by_demo)
  ), parts as (
    select p.demo_id, p.number, p.label, v.code, v.n::bigint
    from packed p
    cross join lateral unnest(insights.dense_values(kind), p.dense::real[]) v (code, n)
    where p.dense is not null and v.n <> 0
    union all
    select p.demo_id, p.number, p.label, v.code, v.n
    from packed p cross join lateral unnest(p.codes, p.counts) v (code, n)
    where p.number is not null
  )
  select p.demo_id, p.number, p.label, p.code, sum(p.n)::bigint
  from parts p group by 1, 2, 3, 4 having sum(p.n) <> 0
$$;

revoke execute on all functions in schema insights from public;
grant execute on function insights.dense_values(text), insights.packed_spreads(
    text[], timestamptz[], timestamptz, text, uuid, boolean, boolean)
  to insights_reader, insights_product, insights_worker;
