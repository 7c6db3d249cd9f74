-- Days of another zone than UTC cut the days that are kept. A kept day counts whole in the bucket in
-- which its noon lies; what another bucket has of it, mostly the shorter part, is counted by itself,
-- put there and taken off here. So an answer for days of any zone adds up kept days and less than
-- half of the hours, where it added up all hours, or rows.
create or replace function insights.moved_pieces(
  starts timestamptz[], from_day timestamptz, to_day timestamptz)
  returns table (day timestamptz, noon timestamptz, since timestamptz, until timestamptz)
  language sql immutable parallel safe set search_path = '' as $$
  select c.day, c.day + interval '12 hours', p.since, p.until
  from (select date_bin('1 day', s, 'epoch') as day, array_agg(s order by s) as cuts
        from unnest(starts[2:]) s
        where s >= from_day and s < to_day and s <> date_bin('1 day', s, 'epoch')
        group by 1) c
  cross join lateral unnest(c.day || c.cuts, c.cuts || (c.day + interval '1 day')) p (since, until)
  where not (p.since <= c.day + interval '12 hours' and p.until > c.day + interval '12 hours')
$$;

-- As before, and days also answer where buckets begin inside some of them, one in each as days of
-- other zones do.
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
  then
    from_hour := until;
    to_hour := until;
  end if;
  from_day := date_bin('1 day', from_hour + interval '1 day' - interval '1 microsecond', 'epoch');
  to_day := date_bin('1 day', to_hour, 'epoch');
  if to_day <= from_day
     or (select count(*) > 1.1 * (extract(epoch from to_day - from_day) / 86400) + 1
         from unnest(starts[2:]) s
         where s >= from_day and s < to_day and s <> date_bin('1 day', s, 'epoch')) then
    from_day := to_hour;
    to_day := to_hour;
  end if;
end $$;

-- As before, with days that are cut.
create or replace function insights.message_counts(
  starts timestamptz[], until timestamptz, one_demo uuid, include_test boolean)
  returns table (demo_id uuid, number integer, n_user bigint, n_assistant bigint,
                 n_labelled bigint, n_negative bigint, n_neutral bigint, n_positive bigint,
                 n_intent bigint, n_any_label bigint, n_labelled_here bigint,
                 n_confidence bigint, confidence numeric)
  language plpgsql stable set search_path = '' as $$
#variable_conflict use_column
declare
  kept constant record := insights.kept_parts('messages', starts, until);
  demos constant uuid[] := insights.demos_of(one_demo);
begin
  return query
  with queued as materialized (
    select q.demo_id, q.hour, date_bin('1 day', q.hour, 'epoch') as day from insights.queued_hours() q
    where q.hour >= kept.from_hour and q.hour < kept.to_hour and q.demo_id = any (demos)
  ), moved as materialized (
    select d.id as demo_id, m.* from insights.moved_pieces(starts, kept.from_day, kept.to_day) m
    cross join unnest(demos) d (id)
    where not exists (select from queued q where q.demo_id = d.id and q.day = m.day)
  ), cut as materialized (
    -- Hours in which a bucket begins: no kept hour says which of its messages came before.
    select distinct date_bin('1 hour', s.at, 'epoch') as hour from unnest(starts[2:]) s (at)
    where s.at <> date_bin('1 hour', s.at, 'epoch')
  ), raw as materialized (
    -- Stretches of which the messages are counted: (demo, since, until), and whose noon to take off.
    select q.demo_id, q.hour as since, q.hour + interval '1 hour' as until, null::timestamptz as noon
    from queued q
    union all
    select q.demo_id, c.hour, c.hour + interval '1 hour', null
    from cut c join (select distinct q.demo_id, q.day from queued q
                     where q.day >= kept.from_day and q.day < kept.to_day) q
      on c.hour >= q.day and c.hour < q.day + interval '1 day'
    where not exists (select from queued o where o.demo_id = q.demo_id and o.hour = c.hour)
    union all
    select d.id, c.hour, c.hour + interval '1 hour', null
    from cut c cross join unnest(demos) d (id)
    where (c.hour >= kept.from_hour and c.hour < kept.from_day
           or c.hour >= kept.to_day and c.hour < kept.to_hour)
      and not exists (select from queued o where o.demo_id = d.id and o.hour = c.hour)
    union all
    select m.demo_id, greatest(m.since, c.hour), least(m.until, c.hour + interval '1 hour'), m.noon
    from moved m join cut c on date_bin('1 day', c.hour, 'epoch') = m.day
      and c.hour < m.until and c.hour + interval '1 hour' > m.since
    union all
    select d.id, starts[1], kept.from_hour, null from unnest(demos) d (id)
    where starts[1] < kept.from_hour
    union all
    select d.id, kept.to_hour, until, null from unnest(demos) d (id) where kept.to_hour < until
  ), hours as (
    select h.*, null::timestamptz as noon from insights.message_hours h
    where h.demo_id = any (demos) and h.hour >= kept.from_hour and h.hour < kept.from_day
      and not exists (select from queued q where q.demo_id = h.demo_id and q.hour = h.hour)
    union all
    select h.*, null from insights.message_hours h
    where h.demo_id = any (demos) and h.hour >= kept.to_day and h.hour < kept.to_hour
      and not exists (select from queued q where q.demo_id = h.demo_id and q.hour = h.hour)
    union all
    select h.*, null
    from (select distinct q.demo_id, q.day from queued q
          where q.day >= kept.from_day and q.day < kept.to_day) d
    join insights.message_hours h on h.demo_id = d.demo_id
      and h.hour >= d.day and h.hour < d.day + interval '1 day'
    where not exists (select from queued q where q.demo_id = h.demo_id and q.hour = h.hour)
    union all
    select h.*, m.noon from moved m cross join lateral (
      select k.* from insights.message_hours k
      where k.demo_id = m.demo_id and k.hour >= m.since and k.hour <= m.until - interval '1 hour'
      offset 0) h
  ), parts as (
    select d.demo_id, d.hour + interval '12 hours' as at, null::timestamptz as noon,
      d.n_user, d.n_assistant, d.n_labelled, d.n_negative, d.n_neutral, d.n_positive, d.n_intent,
      d.n_any_label, d.n_labelled_here, d.n_confidence, d.confidence
    from insights.message_days d
    where d.demo_id = any (demos) and d.hour >= kept.from_day and d.hour < kept.to_day
      and (include_test or not d.is_test)
      and not exists (select from queued q where q.demo_id = d.demo_id and q.day = d.hour)
    union all
    select h.demo_id, h.hour, h.noon,
      h.n_user, h.n_assistant, h.n_labelled, h.n_negative, h.n_neutral, h.n_positive, h.n_intent,
      h.n_any_label, h.n_labelled_here, h.n_confidence, h.confidence
    from hours h
    where (include_test or not h.is_test) and h.hour not in (select c.hour from cut c)
    union all
    select c.demo_id, c.occurred_at, r.noon,
      c.n_user, c.n_assistant, c.n_labelled, c.n_negative, c.n_neutral, c.n_positive, c.n_intent,
      c.n_any_label, c.n_labelled_here, c.n_confidence, c.confidence
    from raw r cross join lateral (
      select m.* from insights.messages_counted m
      where m.demo_id = r.demo_id and m.occurred_at >= r.since and m.occurred_at < r.until
        and (include_test or not m.is_test)
      offset 0) c
  ), placed as (
    select p.demo_id, width_bucket(p.at, starts) as number,
      width_bucket(p.noon, starts) as taken_off,
      sum(p.n_user) as n_user, sum(p.n_assistant) as n_assistant,
      sum(p.n_labelled) as n_labelled, sum(p.n_negative) as n_negative,
      sum(p.n_neutral) as n_neutral, sum(p.n_positive) as n_positive,
      sum(p.n_intent) as n_intent, sum(p.n_any_label) as n_any_label,
      sum(p.n_labelled_here) as n_labelled_here, sum(p.n_confidence) as n_confidence,
      coalesce(sum(p.confidence), 0) as confidence
    from parts p group by 1, 2, 3
  )
  select p.demo_id, w.number,
    sum(w.weight * p.n_user)::bigint, sum(w.weight * p.n_assistant)::bigint,
    sum(w.weight * p.n_labelled)::bigint, sum(w.weight * p.n_negative)::bigint,
    sum(w.weight * p.n_neutral)::bigint, sum(w.weight * p.n_positive)::bigint,
    sum(w.weight * p.n_intent)::bigint, sum(w.weight * p.n_any_label)::bigint,
    sum(w.weight * p.n_labelled_here)::bigint, sum(w.weight * p.n_confidence)::bigint,
    sum(w.weight * p.confidence)
  from placed p
  cross join lateral (values (p.number, 1), (p.taken_off, -1)) w (number, weight)
  where w.number is not null
  group by 1, 2 having sum(w.weight * (p.n_user + p.n_assistant)) <> 0;
end $$;

-- As before, with days that are cut.
create or replace function insights.intent_counts(
  starts timestamptz[], until timestamptz, one_demo uuid, include_test boolean)
  returns table (number integer, intent text, n bigint, n_labelled bigint, n_negative bigint,
                 n_confidence bigint, confidence numeric)
  language plpgsql stable set search_path = '' as $$
#variable_conflict use_column
declare
  kept record := insights.kept_parts('messages', starts, until);
  demos constant uuid[] := insights.demos_of(one_demo);
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
  ), raw as materialized (
    select q.demo_id, q.day as since, q.day + interval '1 day' as until, null::timestamptz as noon
    from queued q
    union all
    select d.id, m.since, m.until, m.noon
    from insights.moved_pieces(starts, kept.from_day, kept.to_day) m
    cross join unnest(demos) d (id)
    where not exists (select from queued q where q.demo_id = d.id and q.day = m.day)
    union all
    select d.id, starts[1], kept.from_day, null from unnest(demos) d (id)
    where starts[1] < kept.from_day
    union all
    select d.id, kept.to_day, until, null from unnest(demos) d (id) where kept.to_day < until
  ), parts as (
    select width_bucket(d.day + interval '12 hours', starts) as number, null::integer as taken_off,
      d.intent, d.n, d.n_labelled, d.n_negative, d.n_confidence, d.confidence
    from insights.intent_days d
    where d.demo_id = any (demos) and d.day >= kept.from_day and d.day < kept.to_day
      and (include_test or not d.is_test)
      and not exists (select from queued q where q.demo_id = d.demo_id and q.day = d.day)
    union all
    select width_bucket(c.occurred_at, starts), width_bucket(r.noon, starts),
      c.intent, 1, c.n_labelled, c.n_negative, c.n_confidence, c.confidence
    from raw r cross join lateral (
      select m.* from insights.messages_counted m
      where m.demo_id = r.demo_id and m.occurred_at >= r.since and m.occurred_at < r.until
        and m.intent is not null and (include_test or not m.is_test)
      offset 0) c
  ), placed as (
    select p.number, p.taken_off, p.intent, sum(p.n) as n, sum(p.n_labelled) as n_labelled,
      sum(p.n_negative) as n_negative, sum(p.n_confidence) as n_confidence,
      coalesce(sum(p.confidence), 0) as confidence
    from parts p group by 1, 2, 3
  )
  select w.number, p.intent, sum(w.weight * p.n)::bigint, sum(w.weight * p.n_labelled)::bigint,
    sum(w.weight * p.n_negative)::bigint, sum(w.weight * p.n_confidence)::bigint,
    sum(w.weight * p.confidence)
  from placed p
  cross join lateral (values (p.number, 1), (p.taken_off, -1)) w (number, weight)
  where w.number is not null
  group by 1, 2 having sum(w.weight * p.n) <> 0;
end $$;

-- As before, with days that are cut: what is taken off has negative counts. Days that are kept are
-- dated at noon.
create or replace function insights.event_parts(
  starts timestamptz[], until timestamptz, one_demo uuid, typed boolean)
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

-- As before; where all that was counted is taken off again, nothing is left to have a percentile.
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
    from part p group by 1, 2 having sum(p.n) <> 0
  ), handler as (
    select h.number, h.event_type,
      min(h.code) filter (where h.upto >= 0.5 * h.total and h.total > 0) as p50,
      min(h.code) filter (where h.upto >= 0.95 * h.total and h.total > 0) as p95,
      min(h.code) filter (where h.upto >= 0.99 * h.total and h.total > 0) as p99
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
      min(l.code) filter (where l.upto >= 0.5 * l.total and l.total > 0) as p50,
      min(l.code) filter (where l.upto >= 0.95 * l.total and l.total > 0) as p95
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


revoke execute on all functions in schema insights from public;
grant execute on function insights.moved_pieces(timestamptz[], timestamptz, timestamptz)
  to insights_reader, insights_product, insights_worker;
