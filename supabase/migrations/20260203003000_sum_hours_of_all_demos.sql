-- Hours with events of all demos together, summed up with the days of events: whoever looks for silent
-- hours of the platform read every demo's.
create table if not exists insights.platform_event_hours (
  hour timestamptz primary key,
  n_http integer not null
);
comment on table insights.platform_event_hours is
  'insights.event_hours of all demos together; ask insights.live_hours.';
do $$
begin
  perform insights.close_table('insights.platform_event_hours');
  perform insights.fence('insights.platform_event_hours', 'insights_product',
                         '(select insights.is_product_team())');
  perform insights.fence('insights.platform_event_hours', 'insights_worker', 'true');
  grant select on insights.platform_event_hours to insights_product;
  grant select, insert, update, delete on insights.platform_event_hours to insights_worker;
  if not exists (select from insights.platform_event_hours) then
    insert into insights.platform_stale (part, day, stale_at)
    select distinct 'events', e.since, timestamptz '-infinity' from insights.event_days e
    where e.days = 1
    on conflict do nothing;
  end if;
end $$;

-- As before, hours too: they are made anew together with their day.
create or replace function insights.sum_event_days(taken timestamptz[]) returns void
  language plpgsql volatile set search_path = '', pg_temp as $$
begin
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
  delete from insights.platform_event_hours p using unnest(taken) k (day)
  where p.hour >= k.day and p.hour < k.day + interval '1 day';
  insert into insights.platform_event_hours
  select h.hour, sum(h.n_http)
  from public.demos d cross join unnest(taken) k (day)
  cross join lateral (select x.hour, x.n_http from insights.event_hours x
    where x.demo_id = d.id and x.hour >= k.day and x.hour < k.day + interval '1 day' offset 0) h
  group by 1;
end $$;

-- As before, and of all demos together.
create or replace function insights.live_hours(since timestamptz, until timestamptz, one_demo uuid)
  returns setof timestamptz language plpgsql stable set search_path = '', pg_temp as $$
#variable_conflict use_column
declare
  demos constant uuid[] := insights.demos_of(one_demo);
  filled constant boolean := (insights.kept_parts('events', array[since], until)).from_hour < until;
  from_hour constant timestamptz := date_bin('1 hour', since, 'epoch');
  to_hour constant timestamptz := case when filled then date_bin('1 hour', until, 'epoch')
                                       else from_hour end;
  first timestamptz := from_hour;
  apart timestamptz[];
begin
  if insights.is_summed(one_demo, false) then
    apart := insights.unsummed_days('events', date_bin('1 day', from_hour, 'epoch'), to_hour);
    select greatest(min(a.day), from_hour) into first from unnest(apart) a (day) having count(*) > 0;
    return query
      select h.hour from insights.platform_event_hours h
      where h.n_http > 0 and h.hour >= from_hour and h.hour < to_hour
        and date_bin('1 day', h.hour, 'epoch') <> all (apart);
  end if;
  return query
  with queued as materialized (
    select q.demo_id, q.hour from insights.queued_event_hours() q
    where q.demo_id = any (demos) and q.hour >= from_hour and q.hour < to_hour
  ), found as (
    select h.hour from insights.event_hours h
    where h.demo_id = any (demos) and h.n_http > 0 and h.hour >= first and h.hour < to_hour
      and (apart is null or date_bin('1 day', h.hour, 'epoch') = any (apart))
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
