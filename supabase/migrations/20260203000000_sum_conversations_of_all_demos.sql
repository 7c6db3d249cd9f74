-- Days of conversations, messages and intents of all demos together, for the product team, as
-- insights.platform_event_days has them of events: what is kept of one demo marks its day as stale in
-- the same transaction, and the worker sums it up anew, at most once a minute.
create table if not exists insights.platform_conversation_days (
  zone text not null,
  day timestamptz not null,
  is_test boolean not null,
  n integer not null,
  n_active integer not null,
  n_timed integer not null,
  n_user integer not null,
  n_confident integer not null,
  n_confident_misses integer not null,
  replies_without_time integer not null,
  reach_1 integer not null,
  reach_2 integer not null,
  reach_3 integer not null,
  reach_5 integer not null,
  reach_10 integer not null,
  crossing text[] not null,
  primary key (zone, day, is_test)
);
comment on table insights.platform_conversation_days is
  'insights.conversation_days of all demos together; ask insights.conversation_counts.';
create table if not exists insights.platform_spreads (
  zone text not null,
  kind text not null,
  day timestamptz not null,
  is_test boolean not null,
  label text,
  dense vector,
  codes integer[] not null,
  counts integer[] not null,
  unique nulls not distinct (zone, kind, day, is_test, label)
);
comment on table insights.platform_spreads is
  'insights.conversation_spreads of all demos together; ask insights.spread.';
comment on column insights.platform_spreads.dense is
  'Where there is one, it has every code that has a place in it.';
alter table insights.platform_spreads set (toast_tuple_target = 8160);
create table if not exists insights.platform_message_days (
  day timestamptz not null,
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
  primary key (day, is_test)
);
comment on table insights.platform_message_days is
  'insights.message_days of all demos together; ask insights.message_counts.';
create table if not exists insights.platform_intent_days (
  day timestamptz not null,
  is_test boolean not null,
  intent text not null,
  n integer not null,
  n_labelled integer not null,
  n_negative integer not null,
  n_confidence integer not null,
  confidence numeric not null,
  primary key (day, is_test, intent)
);
comment on table insights.platform_intent_days is
  'insights.intent_days of all demos together; ask insights.intent_counts.';

do $$
declare
  product constant text := '(select insights.is_product_team())';
  rel regclass;
begin
  foreach rel in array array['insights.platform_conversation_days', 'insights.platform_spreads',
                             'insights.platform_message_days',
                             'insights.platform_intent_days']::regclass[] loop
    perform insights.close_table(rel);
    perform insights.fence(rel::text, 'insights_product', product);
    perform insights.fence(rel::text, 'insights_worker', 'true');
    execute format('grant select on %s to insights_product', rel);
    execute format('grant select, insert, update, delete on %s to insights_worker', rel);
  end loop;
  -- What is kept already is summed up day by day.
  if not exists (select from insights.platform_message_days) then
    insert into insights.platform_stale (part, day, stale_at)
    select distinct 'messages', d.hour, timestamptz '-infinity' from insights.message_days d
    on conflict do nothing;
  end if;
  if not exists (select from insights.platform_conversation_days) then
    insert into insights.platform_stale (part, day, stale_at)
    select distinct 'days ' || d.zone, d.day, timestamptz '-infinity'
    from insights.conversation_days d
    on conflict do nothing;
  end if;
end $$;

-- As before, of messages and conversations too. Intents and spreads are only on days that have rows
-- of these, and are made anew together with them.
create or replace function insights.mark_stale() returns trigger
  language plpgsql security definer set search_path = '', pg_temp as $$
begin
  -- Only the branch that runs is planned. A row that is there is locked: whoever sums up waits for
  -- what is not committed yet.
  case tg_table_name
    when 'event_days' then
      insert into insights.platform_stale as s (part, day)
      select distinct 'events', t.since from touched t where t.days = 1 order by 2
      on conflict (part, day) do update set stale_at = s.stale_at;
    when 'message_days' then
      insert into insights.platform_stale as s (part, day)
      select distinct 'messages', t.hour from touched t order by 2
      on conflict (part, day) do update set stale_at = s.stale_at;
    else
      insert into insights.platform_stale as s (part, day)
      select distinct 'days ' || t.zone, t.day from touched t order by 1, 2
      on conflict (part, day) do update set stale_at = s.stale_at;
  end case;
  return null;
end $$;
do $$
declare
  rel regclass;
begin
  foreach rel in array array['insights.message_days', 'insights.conversation_days']::regclass[] loop
    execute format('create or replace trigger stale_inserts after insert on %s referencing new table
      as touched for each statement execute function insights.mark_stale()', rel);
    execute format('create or replace trigger stale_from after update on %s referencing old table
      as touched for each statement execute function insights.mark_stale()', rel);
    execute format('create or replace trigger stale_to after update on %s referencing new table
      as touched for each statement execute function insights.mark_stale()', rel);
    execute format('create or replace trigger stale_deletes after delete on %s referencing old table
      as touched for each statement execute function insights.mark_stale()', rel);
  end loop;
end $$;

-- As before, under a name of its own.
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
end $$;

create or replace function insights.sum_message_days(taken timestamptz[]) returns void
  language plpgsql volatile set search_path = '', pg_temp as $$
begin
  delete from insights.platform_message_days p where p.day = any (taken);
  insert into insights.platform_message_days
  select m.hour, m.is_test, sum(m.n_user), sum(m.n_assistant), sum(m.n_labelled),
    sum(m.n_negative), sum(m.n_neutral), sum(m.n_positive), sum(m.n_intent), sum(m.n_any_label),
    sum(m.n_labelled_here), sum(m.n_confidence), sum(m.confidence)
  from public.demos d cross join unnest(taken) k (day)
  cross join lateral (select x.* from insights.message_days x
    where x.demo_id = d.id and x.hour = k.day offset 0) m
  group by m.hour, m.is_test;
  delete from insights.platform_intent_days p where p.day = any (taken);
  insert into insights.platform_intent_days
  select i.day, i.is_test, i.intent, sum(i.n), sum(i.n_labelled), sum(i.n_negative),
    sum(i.n_confidence), sum(i.confidence)
  from public.demos d cross join unnest(taken) k (day)
  cross join lateral (select x.* from insights.intent_days x
    where x.demo_id = d.id and x.day = k.day offset 0) i
  group by i.day, i.is_test, i.intent;
end $$;

-- Codes with a place of their own as a vector's numbers, however few.
create or replace function insights.placed(
  base integer, width integer, codes integer[], counts integer[])
  returns real[] language plpgsql immutable parallel safe set search_path = '', pg_temp as $$
declare
  filled real[] := array_fill(0::real, array[width]);
begin
  for n in 1 .. cardinality(codes) loop
    if codes[n] >= base and codes[n] < base + width then
      filled[codes[n] - base + 1] := filled[codes[n] - base + 1] + counts[n];
    end if;
  end loop;
  return filled;
end $$;
-- As before, by the function above.
create or replace function insights.densely(
  base integer, width integer, codes integer[], counts integer[])
  returns real[] language plpgsql immutable parallel safe set search_path = '', pg_temp as $$
begin
  if width is null or cardinality(codes) < 12 then
    return null;
  end if;
  return insights.placed(base, width, codes, counts);
end $$;

create or replace function insights.sum_conversation_days(zone text, taken timestamptz[])
  returns void language plpgsql volatile set search_path = extensions, public, pg_temp as $$
#variable_conflict use_variable
begin
  delete from insights.platform_conversation_days p
  where p.zone = sum_conversation_days.zone and p.day = any (taken);
  insert into insights.platform_conversation_days
  with told as materialized (
    select c.* from public.demos d cross join unnest(taken) k (day)
    cross join lateral (select x.* from insights.conversation_days x
      where x.demo_id = d.id and x.zone = sum_conversation_days.zone and x.day = k.day offset 0) c
  ), crossing as (
    select t.day, t.is_test, array_agg(u.id order by u.id) as ids
    from told t cross join lateral unnest(t.crossing) u (id) group by 1, 2
  ), added as (
    select t.day, t.is_test, sum(t.n), sum(t.n_active), sum(t.n_timed), sum(t.n_user),
      sum(t.n_confident), sum(t.n_confident_misses), sum(t.replies_without_time), sum(t.reach_1),
      sum(t.reach_2), sum(t.reach_3), sum(t.reach_5), sum(t.reach_10)
    from told t group by 1, 2
  )
  select zone, a.*, coalesce(c.ids, '{}') from added a left join crossing c using (day, is_test);

  delete from insights.platform_spreads p
  where p.zone = sum_conversation_days.zone and p.day = any (taken);
  insert into insights.platform_spreads
  with told as materialized (
    -- Every kind that insights.spread_codes has: the index asks for it before the day.
    select s.* from public.demos d cross join unnest(taken) k (day)
    cross join unnest(array['length', 'duration', 'reply', 'judged', 'feeling', 'hour', 'moment',
                            'end', 'end_negative']) kinds (kind)
    cross join lateral (select x.* from insights.conversation_spreads x
      where x.demo_id = d.id and x.zone = sum_conversation_days.zone and x.kind = kinds.kind
        and x.day = k.day offset 0) s
  ), added as (
    select t.kind, t.day, t.is_test, t.label, sum(t.dense) as dense from told t group by 1, 2, 3, 4
  ), each as (
    select t.kind, t.day, t.is_test, t.label, u.code, sum(u.n)::integer as n
    from told t cross join lateral unnest(t.codes, t.counts) u (code, n) group by 1, 2, 3, 4, 5
  ), few as (
    select e.kind, e.day, e.is_test, e.label, array_agg(e.code order by e.code) as codes,
      array_agg(e.n order by e.code) as counts from each e group by 1, 2, 3, 4
  ), merged as (
    select a.kind, a.day, a.is_test, a.label, a.dense, coalesce(f.codes, '{}') as codes,
      coalesce(f.counts, '{}') as counts
    from added a left join few f on f.kind = a.kind and f.day = a.day and f.is_test = a.is_test
      and f.label is not distinct from a.label
  )
  select zone, b.kind, b.day, b.is_test, b.label,
    case when m.is_dense then coalesce(b.dense + p.filled, p.filled) end,
    coalesce(r.codes, '{}'), coalesce(r.counts, '{}')
  from merged b
  cross join lateral insights.dense_codes(b.kind) w
  cross join lateral (select w.width is not null
      and (b.dense is not null or cardinality(b.codes) >= 12) as is_dense,
    case when b.kind <> 'duration' then b.codes else array(
      select insights.seconds_step(u.code) from unnest(b.codes) with ordinality u (code, nth)
      order by u.nth) end as places) m
  cross join lateral (select case when m.is_dense
    then insights.placed(w.base, w.width, m.places, b.counts)::vector end as filled) p
  cross join lateral (
    select array_agg(u.code order by u.nth) as codes, array_agg(u.n order by u.nth) as counts
    from unnest(b.codes, m.places, b.counts) with ordinality u (code, place, n, nth)
    where not m.is_dense or u.place < w.base or u.place >= w.base + w.width) r;
end $$;

-- As before, of everything that is summed up.
create or replace function insights.sum_platform_days(
  most integer, before timestamptz default now() - interval '1 minute') returns integer
  language plpgsql volatile set search_path = '', pg_temp as $$
declare
  taken insights.platform_stale[];
  own record;
begin
  with gone as (
    delete from insights.platform_stale s
    where (s.part, s.day) in (
      select w.part, w.day from insights.platform_stale w where w.stale_at <= before
      order by w.day desc, w.part limit most)
    returning s as gone_row
  )
  select coalesce(array_agg(g.gone_row), '{}') into taken from gone g;
  for own in select t.part, array_agg(t.day) as days from unnest(taken) t group by 1 loop
    case
      when own.part = 'events' then perform insights.sum_event_days(own.days);
      when own.part = 'messages' then perform insights.sum_message_days(own.days);
      when own.part like 'days %' then
        perform insights.sum_conversation_days(substr(own.part, 6), own.days);
    end case;
  end loop;
  return cardinality(taken);
end $$;

revoke execute on all functions in schema insights from public;
grant execute on function insights.sum_event_days(timestamptz[]),
  insights.sum_message_days(timestamptz[]), insights.sum_conversation_days(text, timestamptz[]),
  insights.placed(integer, integer, integer[], integer[]) to insights_worker;
