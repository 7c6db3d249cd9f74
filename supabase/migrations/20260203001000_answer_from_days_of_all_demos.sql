-- Days of all demos together answer the product team where nobody asks for single demos. Days that are
-- not summed up yet, or to which something was written since, are added up demo by demo, as before.
--
-- Whoever does not ask for single demos says so: counts of conversations and messages are of no demo
-- then, and a bucket may have several rows.
drop function if exists
  insights.conversation_counts(timestamptz[], timestamptz, text, uuid, boolean);
drop function if exists insights.message_counts(timestamptz[], timestamptz, uuid, boolean);

-- Whether sums of all demos answer: they are the product team's alone.
create or replace function insights.is_summed(one_demo uuid, by_demo boolean) returns boolean
  language sql stable set search_path = '', pg_temp as $$
  select one_demo is null and not by_demo and current_setting('role') = 'insights_product'
$$;

-- Of the days from `from_day` to `to_day` those that sums of all demos do not have.
create or replace function insights.unsummed_days(
  part text, from_day timestamptz, to_day timestamptz) returns timestamptz[]
  language sql stable set search_path = '', pg_temp as $$
  select coalesce(array_agg(d.day), '{}') from (
    select s.day from insights.platform_stale s where s.part = unsummed_days.part
    union
    select date_bin('1 day', q.hour, 'epoch') from insights.queued_hours() q
    where unsummed_days.part = 'messages') d
  where d.day >= from_day and d.day < to_day
$$;


-- As before, and of all demos together.
create or replace function insights.conversation_counts(
  starts timestamptz[], until timestamptz, zone text, one_demo uuid, include_test boolean,
  by_demo boolean)
  returns table (demo_id uuid, number integer, n bigint, n_active bigint, n_timed bigint,
                 n_user bigint, n_confident bigint, n_confident_misses bigint,
                 replies_without_time bigint, reach_1 bigint, reach_2 bigint, reach_3 bigint,
                 reach_5 bigint, reach_10 bigint)
  language plpgsql stable set search_path = '', pg_temp as $$
#variable_conflict use_column
declare
  kept constant record := insights.kept_days_whole(starts, until, zone, false);
  demos constant uuid[] := insights.demos_of(one_demo);
  summed constant boolean := insights.is_summed(one_demo, by_demo);
  since timestamptz := kept.from_day;
  apart timestamptz[];
begin
  if summed then
    apart := insights.unsummed_days('days ' || kept.days, kept.from_day, kept.to_day);
    select min(a.day) into since from unnest(apart) a (day);
    return query
      select null::uuid, width_bucket(d.day, starts), sum(d.n), sum(d.n_active), sum(d.n_timed),
        sum(d.n_user), sum(d.n_confident), sum(d.n_confident_misses), sum(d.replies_without_time),
        sum(d.reach_1), sum(d.reach_2), sum(d.reach_3), sum(d.reach_5), sum(d.reach_10)
      from insights.platform_conversation_days d
      where d.zone = kept.days and d.day >= kept.from_day and d.day < kept.to_day
        and d.day <> all (apart) and (include_test or not d.is_test)
      group by 2;
  end if;
  return query
  with parts as (
    select d.demo_id, d.day as at, 1 as weight, d.n, d.n_active, d.n_timed, d.n_user,
      d.n_confident, d.n_confident_misses, d.replies_without_time, d.reach_1, d.reach_2, d.reach_3,
      d.reach_5, d.reach_10
    from insights.conversation_days d
    where d.demo_id = any (demos) and d.zone = kept.days
      and d.day >= since and d.day < kept.to_day and (include_test or not d.is_test)
      and (apart is null or d.day = any (apart))
    union all
    select (p.talk).demo_id, (p.talk).started_at, p.weight, m.n, m.n_active, m.n_timed, m.n_user,
      m.n_confident, m.n_confident_misses, m.replies_without_time, m.reach_1, m.reach_2, m.reach_3,
      m.reach_5, m.reach_10
    from insights.conversations_apart(
      starts[1], kept.from_day, kept.to_day, until, demos, include_test) p
    cross join lateral insights.measured(p.talk) m
  )
  select case when by_demo then p.demo_id end, width_bucket(p.at, starts),
    sum(p.weight * p.n), sum(p.weight * p.n_active), sum(p.weight * p.n_timed),
    sum(p.weight * p.n_user), sum(p.weight * p.n_confident),
    sum(p.weight * p.n_confident_misses), sum(p.weight * p.replies_without_time),
    sum(p.weight * p.reach_1), sum(p.weight * p.reach_2), sum(p.weight * p.reach_3),
    sum(p.weight * p.reach_5), sum(p.weight * p.reach_10)
  from parts p group by 1, 2 having summed or sum(p.weight * p.n) <> 0;
end $$;

-- As before, and of all demos together.
create or replace function insights.message_counts(
  starts timestamptz[], until timestamptz, one_demo uuid, include_test boolean,
  by_demo boolean)
  returns table (demo_id uuid, number integer, n_user bigint, n_assistant bigint,
                 n_labelled bigint, n_negative bigint, n_neutral bigint, n_positive bigint,
                 n_intent bigint, n_any_label bigint, n_labelled_here bigint,
                 n_confidence bigint, confidence numeric)
  language plpgsql stable set search_path = '', pg_temp as $$
#variable_conflict use_column
declare
  kept constant record := insights.kept_parts('messages', starts, until);
  demos constant uuid[] := insights.demos_of(one_demo);
  summed constant boolean := insights.is_summed(one_demo, by_demo);
  first timestamptz := kept.from_day;
  apart timestamptz[];
begin
  if summed then
    apart := insights.unsummed_days('messages', kept.from_day, kept.to_day);
    select min(a.day) into first from unnest(apart) a (day);
    return query
      select null::uuid, width_bucket(d.day + interval '12 hours', starts), sum(d.n_user),
        sum(d.n_assistant), sum(d.n_labelled), sum(d.n_negative), sum(d.n_neutral),
        sum(d.n_positive), sum(d.n_intent), sum(d.n_any_label), sum(d.n_labelled_here),
        sum(d.n_confidence), sum(d.confidence)
      from insights.platform_message_days d
      where d.day >= kept.from_day and d.day < kept.to_day
        and d.day <> all (apart) and (include_test or not d.is_test)
      group by 2;
  end if;
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
    where d.demo_id = any (demos) and d.hour >= first and d.hour < kept.to_day
      and (apart is null or d.hour = any (apart))
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
    select case when by_demo then p.demo_id end as demo_id, width_bucket(p.at, starts) as number,
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
  group by 1, 2 having summed or sum(w.weight * (p.n_user + p.n_assistant)) <> 0;
end $$;

-- As before, and of all demos together: an intent may have several rows in a bucket then.
create or replace function insights.intent_counts(
  starts timestamptz[], until timestamptz, one_demo uuid, include_test boolean)
  returns table (number integer, intent text, n bigint, n_labelled bigint, n_negative bigint,
                 n_confidence bigint, confidence numeric)
  language plpgsql stable set search_path = '', pg_temp as $$
#variable_conflict use_column
declare
  kept record := insights.kept_parts('messages', starts, until);
  demos constant uuid[] := insights.demos_of(one_demo);
  summed constant boolean := insights.is_summed(one_demo, false);
  first timestamptz;
  apart timestamptz[];
begin
  if kept.to_day = kept.from_day then
    kept.from_day := until;
    kept.to_day := until;
  end if;
  first := kept.from_day;
  if summed then
    apart := insights.unsummed_days('messages', kept.from_day, kept.to_day);
    select min(a.day) into first from unnest(apart) a (day);
    return query
      select width_bucket(d.day + interval '12 hours', starts), d.intent, sum(d.n),
        sum(d.n_labelled), sum(d.n_negative), sum(d.n_confidence), sum(d.confidence)
      from insights.platform_intent_days d
      where d.day >= kept.from_day and d.day < kept.to_day
        and d.day <> all (apart) and (include_test or not d.is_test)
      group by 1, 2;
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
    where d.demo_id = any (demos) and d.day >= first and d.day < kept.to_day
      and (apart is null or d.day = any (apart))
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
  group by 1, 2 having summed or sum(w.weight * p.n) <> 0;
end $$;

-- As before, and of all demos together.
create or replace function insights.packed_spreads(
  kinds text[], starts timestamptz[], until timestamptz, zone text, one_demo uuid,
  include_test boolean, by_demo boolean default false)
  returns table (kind text, demo_id uuid, number integer, label text, dense vector,
                 codes integer[], counts integer[])
  language plpgsql stable set search_path = extensions, public, pg_temp as $$
#variable_conflict use_column
declare
  kept constant record := insights.kept_days_whole(starts, until, zone, 'hour' = any (kinds));
  demos constant uuid[] := insights.demos_of(one_demo);
  summed constant boolean := insights.is_summed(one_demo, by_demo);
  since timestamptz := kept.from_day;
  apart timestamptz[];
  -- Summed days of which durations are a vector, and the same of test conversations.
  stepped timestamptz[];
  stepped_tests timestamptz[];
begin
  return query select k, null::uuid, null::integer, null::text, null::vector,
    insights.dense_values(k), null::integer[] from unnest(kinds) k;
  if summed then
    apart := insights.unsummed_days('days ' || kept.days, kept.from_day, kept.to_day);
    select min(a.day) into since from unnest(apart) a (day);
    select array_agg(s.day) filter (where not s.is_test), array_agg(s.day) filter (where s.is_test)
    into stepped, stepped_tests
    from insights.platform_spreads s
    where 'duration' = any (kinds) and s.zone = kept.days and s.kind = 'duration'
      and s.day >= kept.from_day and s.day < kept.to_day and s.dense is not null;
    return query
      select s.kind, null::uuid, width_bucket(s.day, starts), s.label, sum(s.dense),
        null::integer[], null::integer[]
      from insights.platform_spreads s
      where s.zone = kept.days and s.kind = any (kinds) and s.day >= kept.from_day
        and s.day < kept.to_day and s.day <> all (apart) and (include_test or not s.is_test)
        and s.dense is not null
      group by 1, 3, 4;
    return query
      select c.kind, null::uuid, c.number, c.label, null::vector, array_agg(c.code), array_agg(c.n)
      from (select s.kind, width_bucket(s.day, starts) as number, s.label, u.code,
              sum(u.n)::integer as n
            from insights.platform_spreads s
            cross join lateral unnest(s.codes, s.counts) u (code, n)
            where s.zone = kept.days and s.kind = any (kinds) and s.day >= kept.from_day
              and s.day < kept.to_day and s.day <> all (apart) and (include_test or not s.is_test)
            group by 1, 2, 3, 4) c
      group by 1, 3, 4;
  end if;
  return query
    select s.kind, case when by_demo then s.demo_id end, width_bucket(s.day, starts), s.label,
      sum(s.dense), null::integer[], null::integer[]
    from insights.conversation_spreads s
    where s.demo_id = any (demos) and s.zone = kept.days and s.kind = any (kinds)
      and s.day >= since and s.day < kept.to_day and (include_test or not s.is_test)
      and (apart is null or s.day = any (apart)) and s.dense is not null
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
          and s.day >= since and s.day < kept.to_day and (include_test or not s.is_test)
          and (apart is null or s.day = any (apart))
          and s.codes <> '{}'
        union all
        -- Many rows, of one code each.
        select s.kind, case when by_demo then s.demo_id end, width_bucket(s.day, starts), s.label,
          s.codes[1], s.counts[1]
        from insights.conversation_spreads s
        where 'moment' = any (kinds)
          and s.demo_id = any (demos) and s.zone = kept.days and s.kind = 'moment'
          and s.day >= since and s.day < kept.to_day and (include_test or not s.is_test)
          and (apart is null or s.day = any (apart))
        union all
        -- What is taken off stands where it was put.
        select c.kind, case when by_demo then (t.talk).demo_id end,
          width_bucket((t.talk).started_at, starts), c.label,
          case when t.weight < 0 and c.kind = 'duration'
            and insights.seconds_step(c.code) between 0 and (insights.dense_codes(c.kind)).width - 1
            and case
              when date_trunc('day', (t.talk).started_at, kept.days) <> all (apart) then
                date_trunc('day', (t.talk).started_at, kept.days)
                  = any (case when (t.talk).is_test then stepped_tests else stepped end)
              else exists (
                select from insights.conversation_spreads s
                where s.demo_id = (t.talk).demo_id and s.zone = kept.days and s.kind = c.kind
                  and s.day = date_trunc('day', (t.talk).started_at, kept.days)
                  and s.is_test = (t.talk).is_test and s.dense is not null)
              end
            then insights.seconds_of(insights.seconds_step(c.code)) else c.code end,
          t.weight
        from insights.conversations_apart(
          starts[1], kept.from_day, kept.to_day, until, demos, include_test) t
        cross join lateral insights.spread_codes(t.talk, kept.days, zone) c
        where c.kind = any (kinds)
      ) q group by 1, 2, 3, 4, 5
    ) p where p.n <> 0 group by 1, 2, 3, 4;
end $$;

-- As before, and of all demos together.
create or replace function insights.turn_counts(
  since timestamptz, until timestamptz, one_demo uuid, include_test boolean)
  returns table (turn integer, feeling integer, n bigint)
  language plpgsql stable set search_path = '', pg_temp as $$
#variable_conflict use_column
declare
  kept constant record := insights.kept_days(array[since], until, 'UTC', true);
  demos constant uuid[] := insights.demos_of(one_demo);
  queued constant text[] := array(select insights.queued_conversations());
  stale timestamptz[];
  crossing text[];
  apart insights.conversation_rollups[];
begin
  if insights.is_summed(one_demo, false) then
    stale := insights.unsummed_days('days UTC', '-infinity', 'infinity');
    crossing := array(
      select u.id from insights.platform_conversation_days d
      cross join lateral unnest(d.crossing) u (id)
      where d.zone = 'UTC' and d.day <> all (stale));
  end if;
  crossing := crossing || array(
    select u.id from insights.conversation_days d cross join lateral unnest(d.crossing) u (id)
    where d.demo_id = any (demos) and d.zone = 'UTC' and (stale is null or d.day = any (stale)));
  select array_agg(r) into apart from insights.conversation_rollups r
  where r.conversation_id = any (array(
      select c.conversation_id from insights.conversation_rollups c
      where c.demo_id = any (demos) and c.last_at >= since and c.last_at < kept.from_day
      union all
      select c.conversation_id from insights.conversation_rollups c
      where c.demo_id = any (demos) and c.first_at < until and c.last_at >= kept.to_day
        and (c.last_at < until + interval '1 day' or kept.from_day = until)
      union all
      select unnest(crossing)))
    and r.conversation_id <> all (queued) and r.demo_id = any (demos);
  apart := apart || array(select n from insights.conversations_now() n
                          where n.demo_id = any (demos));
  return query
  with talks as materialized (
    select t.*, t.first_at >= since and t.last_at < until as inside
    from unnest(apart) t
    where t.first_at < until and t.last_at >= since and (include_test or not t.is_test)
      and not (coalesce(insights.is_whole(t, 'UTC'), false)
               and t.started_at >= kept.from_day and t.started_at < kept.to_day)
  ), parts as (
    select s.code as code, s.n from insights.spread(
      'feeling', array[kept.from_day], kept.to_day, 'UTC', one_demo, include_test) s
    union all
    select least(u.nth, 10)::integer * 5 + u.code, 1
    from talks t cross join lateral unnest(t.feelings) with ordinality u (code, nth)
    where t.inside
    union all
    select least(f.nth, 10)::integer * 5 + f.code, 1
    from talks t cross join lateral (
      select row_number() over (order by m.occurred_at, m.seq, m.id) as nth, m.occurred_at,
        case lower(btrim(m.sentiment)) when 'negative' then 1 when 'neutral' then 2
          when 'positive' then 3
          else case when coalesce(btrim(m.sentiment), '') = '' then 0 else 4 end end as code
      from public.conversation_messages m
      where m.conversation_id = t.conversation_id and m.demo_id = t.demo_id and m.role = 'user'
    ) f
    where not t.inside and f.occurred_at >= since and f.occurred_at < until
  )
  select p.code / 5, p.code % 5, sum(p.n)::bigint from parts p group by 1, 2;
end $$;

revoke execute on all functions in schema insights from public;
grant execute on function insights.unsummed_days(text, timestamptz, timestamptz)
  to insights_product;
grant execute on function insights.is_summed(uuid, boolean),
  insights.conversation_counts(timestamptz[], timestamptz, text, uuid, boolean, boolean),
  insights.message_counts(timestamptz[], timestamptz, uuid, boolean, boolean)
  to insights_reader, insights_product, insights_worker;
