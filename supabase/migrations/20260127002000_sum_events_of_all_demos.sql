-- Days of events of all demos together, for the product team, who would add up every demo's. A day is
-- summed up by the worker, at most once a minute; until then, as after any change of what is kept of
-- one demo, it is in insights.platform_stale, and whoever asks adds up the demos' days.
create table if not exists insights.platform_event_days (
  since timestamptz not null,
  event_type text not null,
  n integer not null,
  n_http integer not null,
  n_timed integer not null,
  handler integer[] not null,
  handler_n integer[] not null,
  lag smallint[] not null,
  lag_n integer[] not null,
  handler_dense vector,
  lag_dense vector,
  primary key (since, event_type)
);
comment on table insights.platform_event_days is
  'insights.event_days of all demos together; ask insights.event_parts.';
alter table insights.platform_event_days set (toast_tuple_target = 8160);
create table if not exists insights.platform_stale (
  part text not null,
  day timestamptz not null,
  stale_at timestamptz not null default now(),
  primary key (part, day)
);
comment on table insights.platform_stale is
  'Days of which what is kept of all demos together is not what their days add up to.';

do $$
declare
  product constant text := '(select insights.is_product_team())';
  rel regclass;
begin
  foreach rel in array array['insights.platform_event_days',
                             'insights.platform_stale']::regclass[] loop
    perform insights.close_table(rel);
    perform insights.fence(rel::text, 'insights_product', product);
    perform insights.fence(rel::text, 'insights_worker', 'true');
    execute format('grant select on %s to insights_product', rel);
    execute format('grant select, insert, update, delete on %s to insights_worker', rel);
  end loop;
  -- What is kept already is summed up day by day.
  if not exists (select from insights.platform_event_days) then
    insert into insights.platform_stale (part, day, stale_at)
    select distinct 'events', e.since, timestamptz '-infinity' from insights.event_days e
    where e.days = 1
    on conflict do nothing;
  end if;
end $$;

create or replace function insights.mark_stale() returns trigger
  language plpgsql security definer set search_path = '' as $$
begin
  -- A row that is there is locked: whoever sums up waits for what is not committed yet.
  insert into insights.platform_stale as s (part, day)
  select distinct 'events', t.since from touched t where t.days = 1 order by 2
  on conflict (part, day) do update set stale_at = s.stale_at;
  return null;
end $$;
create or replace trigger stale_inserts after insert on insights.event_days
  referencing new table as touched for each statement execute function insights.mark_stale();
create or replace trigger stale_from after update on insights.event_days
  referencing old table as touched for each statement execute function insights.mark_stale();
create or replace trigger stale_to after update on insights.event_days
  referencing new table as touched for each statement execute function insights.mark_stale();
create or replace trigger stale_deletes after delete on insights.event_days
  referencing old table as touched for each statement execute function insights.mark_stale();

-- As before, and each stretch is looked up by itself: all of them joined with all events by a range
-- of times took the longer the more stretches there are.
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
    cross join lateral (
      select x.event_type, x.received_via, x.processing_duration_ms, x.processed_at, x.occurred_at
      from public.processed_webhook_events x
      where x.demo_id = k.demo_id and x.processed_at >= k.since and x.processed_at < k.until
      offset 0) e
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

-- As before, and what is a vector already stays in it.
create or replace function insights.made_dense(part insights.event_days)
  returns insights.event_days language plpgsql stable set search_path = extensions, public as $$
declare
  filled real[] := insights.densely(0, 203, part.handler, part.handler_n);
begin
  if filled is not null then
    part.handler_dense := coalesce(part.handler_dense + filled::vector, filled::vector);
    select coalesce(array_agg(u.code order by u.nth), '{}'),
      coalesce(array_agg(u.n order by u.nth), '{}')
    into part.handler, part.handler_n
    from unnest(part.handler, part.handler_n) with ordinality u (code, n, nth) where u.code >= 203;
  end if;
  filled := insights.densely(9900, 200, part.lag::integer[], part.lag_n);
  if filled is not null then
    part.lag_dense := coalesce(part.lag_dense + filled::vector, filled::vector);
    select coalesce(array_agg(u.code order by u.nth), '{}'),
      coalesce(array_agg(u.n order by u.nth), '{}')
    into part.lag, part.lag_n
    from unnest(part.lag, part.lag_n) with ordinality u (code, n, nth)
    where u.code < 9900 or u.code >= 10100;
  end if;
  return part;
end $$;

-- Sums up the newest `most` days that are stale since `before` or longer: how many they were.
-- Whoever calls it holds the lock of the worker.
create or replace function insights.sum_platform_days(
  most integer, before timestamptz default now() - interval '1 minute') returns integer
  language plpgsql volatile set search_path = '' as $$
declare
  taken timestamptz[];
begin
  with gone as (
    delete from insights.platform_stale s
    where (s.part, s.day) in (
      select w.part, w.day from insights.platform_stale w where w.stale_at <= before
      order by w.day desc limit most)
    returning s.day
  )
  select coalesce(array_agg(g.day), '{}') into taken from gone g;
  delete from insights.platform_event_days p where p.since = any (taken);
  insert into insights.platform_event_days
  select (s.part).since, (s.part).event_type, (s.part).n, (s.part).n_http, (s.part).n_timed,
    (s.part).handler, (s.part).handler_n, (s.part).lag, (s.part).lag_n, (s.part).handler_dense,
    (s.part).lag_dense
  from (
    select insights.made_dense(m) as part from insights.merge_events(array(
      -- Some demo: rows of none are not brought together there.
      select row('00000000-0000-0000-0000-000000000000', 1, e.since, e.event_type, e.n, e.n_http,
                 e.n_timed, e.handler, e.handler_n, e.lag, e.lag_n, e.handler_dense,
                 e.lag_dense)::insights.event_days
      from public.demos d cross join unnest(taken) k (day)
      cross join lateral (select x.* from insights.event_days x
        where x.demo_id = d.id and x.days = 1 and x.since = k.day offset 0) e)) m
    offset 0) s;
  return cardinality(taken);
end $$;

-- Packed events that together are those of the period; of no demo where all demos are asked for
-- together and their sums are kept, unless it is to be `by_demo`.
create or replace function insights.event_parts_of(
  starts timestamptz[], until timestamptz, one_demo uuid, typed boolean, by_demo boolean)
  returns setof insights.event_days
  language plpgsql stable set search_path = '' as $$
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
  summed constant boolean := not by_demo and one_demo is null
    and current_setting('role') = 'insights_product';
  apart timestamptz[];
begin
  if kept.to_day = kept.from_day then
    kept.from_day := until;
    kept.to_day := until;
  end if;
  if summed then
    -- Days that are not summed up, or to which something was written since.
    apart := array(
      select s.day from insights.platform_stale s where s.part = 'events'
      union
      select date_bin('1 day', q.hour, 'epoch') from insights.queued_event_hours() q);
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
      where (e.event_type = '') <> typed and a.day >= kept.from_day and a.day < kept.to_day
        and not exists (select from insights.queued_event_hours() q
          where q.demo_id = d.id and date_bin('1 day', q.hour, 'epoch') = a.day);
  else
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
  select e.demo_id, e.days, e.since + interval '12 hours', e.event_type, e.n, e.n_http, e.n_timed,
    e.handler, e.handler_n, e.lag, e.lag_n, e.handler_dense, e.lag_dense
  from insights.event_days e
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

create or replace function insights.event_parts(
  starts timestamptz[], until timestamptz, one_demo uuid, typed boolean)
  returns setof insights.event_days language sql stable set search_path = '' as $$
  select p.* from insights.event_parts_of(starts, until, one_demo, typed, false) p
$$;
create or replace function insights.handler_times(
  since timestamptz, until timestamptz, one_demo uuid)
  returns table (demo_id uuid, timed_events bigint, handler_p95 double precision)
  language sql stable set search_path = extensions, public as $$
  with part as materialized (
    select p.demo_id, p.handler, p.handler_n, p.handler_dense
    from insights.event_parts_of(array[since], until, one_demo, false, true) p
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


-- As before, and, when all else is filled in, sums of all demos.
create or replace function insights.fill_rollups(most integer default 1000) returns integer
  language plpgsql volatile set search_path = '' as $$
declare
  state insights.rollup_state;
  did integer;
  next text;
begin
  if not exists (select from insights.rollup_state s where not s.complete)
     and not exists (select from insights.platform_stale s
                     where s.stale_at <= now() - interval '1 minute') then
    return 0;
  end if;
  if not pg_try_advisory_xact_lock(hashtextextended('insights.drain_changes', 0)) then
    return null;
  end if;
  -- Conversations come first, by name: days are what they add up to.
  select * into state from insights.rollup_state s where not s.complete
  order by s.part collate "C" limit 1;
  if not found then
    return insights.sum_platform_days(20);
  end if;
  case
    when state.part = 'conversations' then
      select * into did, next from insights.fill_conversations(state.position, most);
    when state.part = 'events' then
      select * into did, next from insights.fill_events(state.position);
    when state.part = 'messages' then
      select * into did, next from insights.fill_messages(state.position);
    when state.part like 'days %' then
      select * into did, next from insights.fill_days(substr(state.part, 6), state.position);
  end case;
  update insights.rollup_state s set complete = next is null,
    position = coalesce(next, s.position), done = s.done + did, updated_at = now()
  where s.part = state.part;
  return greatest(did, 1);
end $$;

revoke execute on all functions in schema insights from public;
grant execute on function
  insights.event_parts_of(timestamptz[], timestamptz, uuid, boolean, boolean)
  to insights_reader, insights_product, insights_worker;
grant execute on function insights.sum_platform_days(integer, timestamptz) to insights_worker;
