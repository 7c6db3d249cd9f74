-- Conversations counted by demo and day of a zone, and how their lengths, durations, reply times and
-- the like are spread: what the rows of conversations add up to, so that a page adds a few days where
-- it would read every conversation. They follow from insights.conversation_rollups alone and are
-- brought up to date by whatever changes it, in the same transaction.
create table if not exists insights.conversation_days (
  demo_id uuid not null,
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
  primary key (demo_id, zone, day, is_test)
);
comment on table insights.conversation_days is
  'Conversations by the local day they started on; ask insights.conversation_counts.';
comment on column insights.conversation_days.crossing is
  'Conversations that are not on this day with all their messages.';
create table if not exists insights.conversation_spreads (
  demo_id uuid not null,
  zone text not null,
  kind text not null,
  day timestamptz not null,
  is_test boolean not null,
  label text,
  dense vector,
  codes integer[] not null,
  counts integer[] not null,
  unique nulls not distinct (demo_id, zone, kind, day, is_test, label)
);
comment on table insights.conversation_spreads is
  'How often each value occurs in the conversations of a day; ask insights.spread.';
comment on column insights.conversation_spreads.dense is
  'How often each code of insights.dense_codes occurs: a vector, because whoever adds up days adds '
  'up vectors, which is one step of C. Whole numbers stay exact up to 16.7 million.';
comment on column insights.conversation_spreads.codes is
  'Codes that are not in `dense`, each of `counts` times.';
-- Read whole and often: a row is not to be spread over two tables.
alter table insights.conversation_spreads set (toast_tuple_target = 8160);

do $$
declare
  mine constant text := 'demo_id = any ((select insights.my_demo_ids())::uuid[])';
  product constant text := '(select insights.is_product_team())';
  rel regclass;
begin
  foreach rel in array array['insights.conversation_days',
                             'insights.conversation_spreads']::regclass[] loop
    perform insights.close_table(rel);
    perform insights.fence(rel::text, 'insights_reader', mine);
    perform insights.fence(rel::text, 'insights_product', product);
    perform insights.fence(rel::text, 'insights_worker', 'true');
    execute format('grant select on %s to insights_reader, insights_product', rel);
    execute format('grant select, insert, update, delete on %s to insights_worker', rel);
  end loop;
end $$;
grant delete on insights.rollup_state to insights_worker;
insert into insights.rollup_state (part, complete)
select 'days UTC', not exists (select from insights.conversation_map)
on conflict do nothing;

-- Where each step of durations begins, in seconds: each second up to 40, then steps of 5 %, so that
-- the middle of one is within 2.5 % of what is in it; the bins of the chart begin with one.
create or replace function insights.duration_steps() returns integer[]
  language sql immutable parallel safe as $$
  select array[
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24,
    25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 43, 46, 49, 52, 55, 58, 60,
    64, 68, 72, 76, 80, 85, 90, 95, 100, 106, 112, 118, 120, 127, 134, 141, 149, 157, 165, 174,
    180, 190, 200, 211, 222, 234, 246, 259, 272, 286, 300, 316, 332, 349, 367, 386, 406, 427,
    449, 472, 496, 521, 548, 576, 600, 631, 663, 697, 732, 769, 808, 849, 892, 937, 984, 1034,
    1086, 1141, 1199, 1200, 1261, 1325, 1392, 1462, 1536, 1613, 1694, 1779, 1868, 1962, 2061,
    2165, 2274, 2388, 2508, 2634, 2766, 2905, 3051, 3204, 3365, 3534, 3711, 3897, 4092, 4297,
    4512, 4738, 4975, 5224, 5486, 5761, 6050, 6353, 6671, 7005, 7356, 7724, 8111, 8517, 8943,
    9391, 9861, 10355, 10873, 11417, 11988, 12588, 13218, 13879, 14573, 15302, 16068, 16872,
    17716, 18602, 19533, 20510, 21536, 22613, 23744, 24932, 26179, 27488, 28863, 30307, 31823,
    33415, 35086, 36841, 38684, 40619, 42650, 44783, 47023, 49375, 51844, 54437, 57159, 60017,
    63018, 66169, 69478, 72952, 76600, 80431, 84453, 88676, 93110, 97766, 102655, 107788,
    113178, 118837, 124779, 131018, 137569, 144448, 151671, 159255, 167218, 175579, 184358,
    193576, 203255, 213418, 224089, 235294, 247059, 259412, 272383, 286003, 300304, 315320,
    331087, 347642, 365025, 383277, 402441, 422564, 443693, 465878, 489172, 513631, 539313,
    566279, 594593, 624323, 655540, 688318, 722734, 758871, 796815, 836656, 878489, 922414,
    968535, 1016962, 1067811, 1121202, 1177263, 1236127, 1297934, 1362831, 1430973, 1502522,
    1577649, 1656532, 1739359, 1826327, 1917644, 2013527, 2114204, 2219915, 2330911, 2447457,
    2569830, 2698322]
$$;
create or replace function insights.duration_code(seconds integer) returns integer
  language sql immutable strict parallel safe as $$
  select sign(seconds)::integer * (width_bucket(abs(seconds), insights.duration_steps()) - 1)
$$;
create or replace function insights.duration_middle(code integer) returns double precision
  language sql immutable strict parallel safe as $$
  select sign(code) * (s.steps[abs(code) + 1]
                       + coalesce(s.steps[abs(code) + 2], s.steps[abs(code) + 1] + 1) - 1) / 2.0
  from (select insights.duration_steps() as steps) s
$$;
create or replace function insights.duration_start(code integer) returns integer
  language sql immutable strict parallel safe as $$
  select sign(code)::integer * (insights.duration_steps())[abs(code) + 1]
$$;

-- Which codes of a kind have a place of their own: `width` of them from `base` on.
create or replace function insights.dense_codes(kind text, out base integer, out width integer)
  language sql immutable parallel safe as $$
  select d.base, d.width from (values
    ('length', 0, 64), ('duration', 0, 131), ('reply', 9953, 150), ('judged', 0, 202),
    ('feeling', 5, 50), ('hour', 0, 24), ('end', 0, 64)) d (kind, base, width)
  where d.kind = dense_codes.kind
$$;

-- Whether all that is stored of a conversation lies on the local day it started on.
create or replace function insights.is_whole(talk insights.conversation_rollups, zone text)
  returns boolean language sql stable parallel safe as $$
  select date_trunc('day', talk.first_at, zone) = date_trunc('day', talk.started_at, zone)
     and date_trunc('day', talk.last_at, zone) = date_trunc('day', talk.started_at, zone)
$$;

-- What a conversation adds to the counts of a day.
create or replace function insights.measured(talk insights.conversation_rollups)
  returns table (n integer, n_active integer, n_timed integer, n_user integer, n_confident integer,
                 n_confident_misses integer, replies_without_time integer, reach_1 integer,
                 reach_2 integer, reach_3 integer, reach_5 integer, reach_10 integer)
  language sql stable parallel safe as $$
  select 1, (talk.n_user >= 2 and talk.n_assistant >= 1)::integer,
    (talk.duration_seconds is not null)::integer, talk.n_user, talk.n_confident,
    talk.n_confident_misses, talk.replies_without_time, (talk.n_user >= 1)::integer,
    (talk.n_user >= 2)::integer, (talk.n_user >= 3)::integer, (talk.n_user >= 5)::integer,
    (talk.n_user >= 10)::integer
$$;

-- And to the spreads. Codes: length, messages; duration, insights.duration_code; reply and judged,
-- as the conversation has them; feeling, 5 for each turn up to the tenth and the feeling, if it is
-- whole on the day of zone `days`; hour, of its start in `zone`; moment, 0 for each intent that it
-- is labelled with; end, the length, and end_negative, the negative messages, by end reason.
create or replace function insights.spread_codes(
  talk insights.conversation_rollups, days text, zone text)
  returns table (kind text, label text, code integer)
  language sql stable parallel safe as $$
  select 'length', '', talk.n_user + talk.n_assistant
  union all
  select 'duration', '', insights.duration_code(talk.duration_seconds)
  where talk.duration_seconds is not null
  union all
  select 'reply', '', u.code::integer from unnest(talk.replies) u (code)
  union all
  select 'judged', '', u.code::integer from unnest(talk.judged) u (code)
  union all
  select 'feeling', '', least(u.nth, 10)::integer * 5 + u.code
  from unnest(talk.feelings) with ordinality u (code, nth) where insights.is_whole(talk, days)
  union all
  select 'hour', '', extract(hour from talk.started_at at time zone zone)::integer
  union all
  select 'moment', u.words, 0 from unnest(talk.moment_intents) u (words)
  union all
  select 'end', talk.end_reason, talk.n_user + talk.n_assistant
  union all
  select 'end_negative', talk.end_reason, talk.n_negative where talk.n_negative > 0
$$;

-- Codes with a place of their own as a vector's numbers, where there are enough of them.
create or replace function insights.densely(
  base integer, width integer, codes integer[], counts integer[])
  returns real[] language plpgsql immutable parallel safe set search_path = '' as $$
declare
  filled real[];
begin
  if width is null or cardinality(codes) < 12 then
    return null;
  end if;
  filled := array_fill(0::real, array[width]);
  for n in 1 .. cardinality(codes) loop
    if codes[n] >= base and codes[n] < base + width then
      filled[codes[n] - base + 1] := counts[n];
    end if;
  end loop;
  return filled;
end $$;

create or replace function insights.day_after(day timestamptz, zone text) returns timestamptz
  language sql stable parallel safe as $$
  select date_trunc('day', day + interval '36 hours', zone)
$$;

-- Makes the kept days of a zone, on which these moments are, what the rows of conversations add up
-- to.
create or replace function insights.refresh_days(zone text, demos uuid[], moments timestamptz[])
  returns void language plpgsql volatile set search_path = '' as $$
#variable_conflict use_variable
declare
  day_demos uuid[];
  days timestamptz[];
begin
  select array_agg(k.demo_id), array_agg(k.day) into day_demos, days from (
    select distinct u.demo_id, date_trunc('day', u.at, zone) as day
    from unnest(demos, moments) u (demo_id, at) where u.at is not null) k;
  if days is null then
    return;
  end if;
  delete from insights.conversation_days d using unnest(day_demos, days) k (demo_id, day)
  where d.demo_id = k.demo_id and d.zone = refresh_days.zone and d.day = k.day;
  insert into insights.conversation_days
  select k.demo_id, zone, k.day, c.is_test, sum(m.n), sum(m.n_active), sum(m.n_timed),
    sum(m.n_user), sum(m.n_confident), sum(m.n_confident_misses), sum(m.replies_without_time),
    sum(m.reach_1), sum(m.reach_2), sum(m.reach_3), sum(m.reach_5), sum(m.reach_10),
    coalesce(array_agg(c.conversation_id order by c.conversation_id)
      filter (where not insights.is_whole(c, zone)), '{}')
  from unnest(day_demos, days) k (demo_id, day)
  join insights.conversation_rollups c on c.demo_id = k.demo_id
    and c.started_at >= k.day and c.started_at < insights.day_after(k.day, zone)
  cross join lateral insights.measured(c) m
  group by k.demo_id, k.day, c.is_test;

  delete from insights.conversation_spreads s using unnest(day_demos, days) k (demo_id, day)
  where s.demo_id = k.demo_id and s.zone = refresh_days.zone and s.day = k.day;
  -- Told first: a row as a whole does not survive what is made of it in one go (Postgres 18.6 ends
  -- with "variable not found in subplan target list").
  with told as materialized (
    select k.demo_id, k.day, c as talk
    from unnest(day_demos, days) k (demo_id, day)
    join insights.conversation_rollups c on c.demo_id = k.demo_id
      and c.started_at >= k.day and c.started_at < insights.day_after(k.day, zone)
  ), each as (
    select t.demo_id, t.day, (t.talk).is_test, s.kind, s.label, s.code, count(*)::integer as n
    from told t cross join lateral insights.spread_codes(t.talk, zone, zone) s
    group by 1, 2, 3, 4, 5, 6
  ), packed as (
    select e.demo_id, e.day, e.is_test, e.kind, e.label,
      array_agg(e.code order by e.code) as codes, array_agg(e.n order by e.code) as counts
    from each e group by 1, 2, 3, 4, 5
  )
  insert into insights.conversation_spreads
  select p.demo_id, zone, p.kind, p.day, p.is_test, p.label, d.dense, coalesce(r.codes, '{}'),
    coalesce(r.counts, '{}')
  from packed p
  cross join lateral insights.dense_codes(p.kind) w
  cross join lateral (select insights.densely(w.base, w.width, p.codes, p.counts)) d (dense)
  cross join lateral (
    select array_agg(u.code order by u.nth), array_agg(u.n order by u.nth)
    from unnest(p.codes, p.counts) with ordinality u (code, n, nth)
    where d.dense is null or u.code < w.base or u.code >= w.base + w.width) r (codes, counts);
end $$;

-- The zones whose days are kept, or being filled in.
create or replace function insights.kept_zones() returns setof text
  language sql stable set search_path = '' as $$
  select substr(s.part, 6) from insights.rollup_state s
  where s.part like 'days %' and (s.complete or s.position <> '') order by 1
$$;

-- One at a time: two that add up the same day would each miss what the other changed. Asked for
-- before any row is touched, so that nobody waits for it while others wait for a row of theirs.
create or replace function insights.hold_days() returns trigger
  language plpgsql security definer set search_path = '' as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('insights.drain_changes', 0));
  return null;
end $$;
create or replace function insights.follow_days() returns trigger
  language plpgsql security definer set search_path = '' as $$
declare
  demos uuid[];
  moments timestamptz[];
  zone text;
begin
  -- Only the branch that runs is planned: each names the tables that its trigger has.
  case tg_op
    when 'INSERT' then
      select array_agg(t.demo_id), array_agg(t.started_at) into demos, moments from fresh t;
    when 'DELETE' then
      select array_agg(t.demo_id), array_agg(t.started_at) into demos, moments from stale t;
    else
      select array_agg(t.demo_id), array_agg(t.started_at) into demos, moments from (
        select f.demo_id, f.started_at from fresh f
        union all
        select o.demo_id, o.started_at from stale o) t;
  end case;
  if demos is not null then
    for zone in select insights.kept_zones() loop
      perform insights.refresh_days(zone, demos, moments);
    end loop;
  end if;
  return null;
end $$;
create or replace trigger hold_days before insert or update or delete
  on insights.conversation_rollups for each statement execute function insights.hold_days();
create or replace trigger follow_inserts after insert on insights.conversation_rollups
  referencing new table as fresh for each statement execute function insights.follow_days();
create or replace trigger follow_updates after update on insights.conversation_rollups
  referencing old table as stale new table as fresh
  for each statement execute function insights.follow_days();
create or replace trigger follow_deletes after delete on insights.conversation_rollups
  referencing old table as stale for each statement execute function insights.follow_days();

-- One local day of every demo: the first one after `after` on which a conversation started.
create or replace function insights.fill_days(
  zone text, after text, out did integer, out next text)
  language plpgsql volatile set search_path = '' as $$
#variable_conflict use_variable
declare
  since constant timestamptz := coalesce(
    insights.day_after(nullif(after, '')::timestamptz, zone), '-infinity');
  day timestamptz;
begin
  if after = '' then
    delete from insights.conversation_days d where d.zone = fill_days.zone;
    delete from insights.conversation_spreads s where s.zone = fill_days.zone;
  end if;
  select date_trunc('day', min(f.started_at), zone) into day
  from (select distinct m.demo_id from insights.conversation_map m) d cross join lateral (
    select c.started_at from insights.conversation_rollups c
    where c.demo_id = d.demo_id and c.started_at >= since order by c.started_at limit 1) f;
  did := (day is not null)::integer;
  if day is not null then
    next := to_char(day at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
    perform insights.refresh_days(zone, array_agg(f.demo_id), array_agg(day))
    from (select distinct m.demo_id from insights.conversation_map m) f;
  end if;
end $$;

-- Makes `zones`, and UTC, the ones whose days are kept.
create or replace function insights.keep_zones(zones text[]) returns void
  language plpgsql volatile set search_path = '' as $$
#variable_conflict use_variable
declare
  wanted constant text[] := array(
    select distinct 'days ' || z from unnest(zones || 'UTC') z);
begin
  if (select array_agg(s.part) from insights.rollup_state s where s.part like 'days %')
     is not distinct from wanted then
    return;
  end if;
  perform pg_advisory_xact_lock(hashtextextended('insights.drain_changes', 0));
  delete from insights.rollup_state s where s.part like 'days %' and s.part <> all (wanted);
  delete from insights.conversation_days d where 'days ' || d.zone <> all (wanted);
  delete from insights.conversation_spreads s where 'days ' || s.zone <> all (wanted);
  insert into insights.rollup_state (part, complete)
  select w, not exists (select from insights.conversation_map) from unnest(wanted) w
  on conflict do nothing;
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
  -- Conversations come first, by name: days are what they add up to.
  select * into state from insights.rollup_state s where not s.complete
  order by s.part collate "C" limit 1;
  if not found then
    return 0;
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

-- Which days answer for which part of a period: those of `zone` if they are kept, else those of UTC
-- where no bucket begins inside one (and `its_own` days are not asked for). What lies outside is
-- added up from the rows of conversations.
create or replace function insights.kept_days(
  starts timestamptz[], until timestamptz, zone text, its_own boolean,
  out days text, out from_day timestamptz, out to_day timestamptz)
  language plpgsql stable security definer set search_path = '' as $$
#variable_conflict use_variable
declare one text;
begin
  foreach one in array array[zone, 'UTC'] loop
    days := one;
    if exists (select from insights.rollup_state s where s.part = 'days ' || one and s.complete)
       and not exists (select from unnest(starts[2:]) s where s <> date_trunc('day', s, one)) then
      from_day := date_trunc('day', starts[1], one);
      if from_day < starts[1] then
        from_day := insights.day_after(from_day, one);
      end if;
      to_day := date_trunc('day', until, one);
      if from_day < to_day then
        return;
      end if;
    end if;
    exit when its_own;
  end loop;
  days := zone;
  from_day := until;
  to_day := until;
end $$;

create or replace function insights.demos_of(one_demo uuid) returns uuid[]
  language sql stable as $$
  select case when one_demo is not null then array[one_demo]
    else array(select d.id from public.demos d) end
$$;

-- What kept days do not say of a period: conversations outside of them, as they are now those that
-- are queued, and, to be taken off, as they were when they were added to a day.
create or replace function insights.conversations_apart(
  since timestamptz, from_day timestamptz, to_day timestamptz, until timestamptz,
  demos uuid[], include_test boolean)
  returns table (weight integer, talk insights.conversation_rollups)
  language plpgsql stable rows 100 set search_path = '' as $$
declare queued constant text[] := array(select insights.queued_conversations());
begin
  return query
    select 1, r from insights.conversation_rollups r
    where r.demo_id = any (demos) and r.started_at >= since and r.started_at < from_day
      and (include_test or not r.is_test) and r.conversation_id <> all (queued);
  return query
    select 1, r from insights.conversation_rollups r
    where r.demo_id = any (demos) and r.started_at >= to_day and r.started_at < until
      and (include_test or not r.is_test) and r.conversation_id <> all (queued);
  if cardinality(queued) > 0 then
    return query
      select -1, r from insights.conversation_rollups r
      where r.conversation_id = any (queued) and r.demo_id = any (demos)
        and r.started_at >= from_day and r.started_at < to_day
        and (include_test or not r.is_test);
  end if;
  return query
    select 1, n from insights.conversations_now() n
    where n.demo_id = any (demos) and n.started_at >= since and n.started_at < until
      and (include_test or not n.is_test);
end $$;

-- Conversations by demo and bucket, `number` from 1, of the viewer's demos or of one of them.
create or replace function insights.conversation_counts(
  starts timestamptz[], until timestamptz, zone text, one_demo uuid, include_test boolean)
  returns table (demo_id uuid, number integer, n bigint, n_active bigint, n_timed bigint,
                 n_user bigint, n_confident bigint, n_confident_misses bigint,
                 replies_without_time bigint, reach_1 bigint, reach_2 bigint, reach_3 bigint,
                 reach_5 bigint, reach_10 bigint)
  language plpgsql stable set search_path = '' as $$
#variable_conflict use_column
declare
  kept constant record := insights.kept_days(starts, until, zone, false);
  demos constant uuid[] := insights.demos_of(one_demo);
begin
  return query
  with parts as (
    select d.demo_id, d.day as at, 1 as weight, d.n, d.n_active, d.n_timed, d.n_user,
      d.n_confident, d.n_confident_misses, d.replies_without_time, d.reach_1, d.reach_2, d.reach_3,
      d.reach_5, d.reach_10
    from insights.conversation_days d
    where d.demo_id = any (demos) and d.zone = kept.days
      and d.day >= kept.from_day and d.day < kept.to_day and (include_test or not d.is_test)
    union all
    select (p.talk).demo_id, (p.talk).started_at, p.weight, m.n, m.n_active, m.n_timed, m.n_user,
      m.n_confident, m.n_confident_misses, m.replies_without_time, m.reach_1, m.reach_2, m.reach_3,
      m.reach_5, m.reach_10
    from insights.conversations_apart(
      starts[1], kept.from_day, kept.to_day, until, demos, include_test) p
    cross join lateral insights.measured(p.talk) m
  )
  select p.demo_id, width_bucket(p.at, starts),
    sum(p.weight * p.n), sum(p.weight * p.n_active), sum(p.weight * p.n_timed),
    sum(p.weight * p.n_user), sum(p.weight * p.n_confident),
    sum(p.weight * p.n_confident_misses), sum(p.weight * p.replies_without_time),
    sum(p.weight * p.reach_1), sum(p.weight * p.reach_2), sum(p.weight * p.reach_3),
    sum(p.weight * p.reach_5), sum(p.weight * p.reach_10)
  from parts p group by 1, 2 having sum(p.weight * p.n) <> 0;
end $$;

-- How often each code of `kind` occurs in each bucket (and demo, if they are to be `by_demo`).
create or replace function insights.spread(
  kind text, starts timestamptz[], until timestamptz, zone text, one_demo uuid,
  include_test boolean, by_demo boolean default false)
  returns table (demo_id uuid, number integer, label text, code integer, n bigint)
  language plpgsql stable set search_path = extensions, public as $$
#variable_conflict use_column
declare
  kept constant record := insights.kept_days(starts, until, zone, kind = 'hour');
  demos constant uuid[] := insights.demos_of(one_demo);
  base constant integer := (insights.dense_codes(kind)).base;
begin
  return query
  with kept_rows as materialized (
    select case when by_demo then s.demo_id end as demo_id, width_bucket(s.day, starts) as number,
      s.label, s.dense, s.codes, s.counts
    from insights.conversation_spreads s
    where s.demo_id = any (demos) and s.zone = kept.days and s.kind = spread.kind
      and s.day >= kept.from_day and s.day < kept.to_day and (include_test or not s.is_test)
  ), parts as (
    select d.demo_id, d.number, d.label, (base + u.nth - 1)::integer as code, u.n::bigint
    from (select k.demo_id, k.number, k.label, sum(k.dense)::real[] as total
          from kept_rows k where k.dense is not null group by 1, 2, 3) d
    cross join lateral unnest(d.total) with ordinality u (n, nth) where u.n <> 0
    union all
    select k.demo_id, k.number, k.label, u.code, u.n::bigint
    from kept_rows k cross join lateral unnest(k.codes, k.counts) u (code, n)
    union all
    select case when by_demo then (p.talk).demo_id end, width_bucket((p.talk).started_at, starts),
      c.label, c.code, p.weight::bigint
    from insights.conversations_apart(
      starts[1], kept.from_day, kept.to_day, until, demos, include_test) p
    cross join lateral insights.spread_codes(p.talk, kept.days, zone) c where c.kind = spread.kind
  )
  select p.demo_id, p.number, p.label, p.code, sum(p.n)::bigint
  from parts p group by 1, 2, 3, 4 having sum(p.n) <> 0;
end $$;

-- Visitors' messages sent in a period, by turn (the tenth and later as one) and feeling: of kept
-- days those of conversations that are whole on theirs, of others what lies in the period.
create or replace function insights.turn_counts(
  since timestamptz, until timestamptz, one_demo uuid, include_test boolean)
  returns table (turn integer, feeling integer, n bigint)
  language plpgsql stable set search_path = '' as $$
#variable_conflict use_column
declare
  kept constant record := insights.kept_days(array[since], until, 'UTC', true);
  demos constant uuid[] := insights.demos_of(one_demo);
  queued constant text[] := array(select insights.queued_conversations());
  apart insights.conversation_rollups[];
begin
  select array_agg(r) into apart from insights.conversation_rollups r
  where r.conversation_id = any (array(
      select c.conversation_id from insights.conversation_rollups c
      where c.demo_id = any (demos) and c.last_at >= since and c.last_at < kept.from_day
      union all
      select c.conversation_id from insights.conversation_rollups c
      where c.demo_id = any (demos) and c.first_at < until and c.last_at >= kept.to_day
        and (c.last_at < until + interval '1 day' or kept.from_day = until)
      union all
      select unnest(d.crossing) from insights.conversation_days d
      where d.demo_id = any (demos) and d.zone = 'UTC'))
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
grant execute on function insights.duration_steps(), insights.duration_code(integer),
  insights.duration_middle(integer), insights.duration_start(integer),
  insights.dense_codes(text), insights.is_whole(insights.conversation_rollups, text),
  insights.measured(insights.conversation_rollups),
  insights.spread_codes(insights.conversation_rollups, text, text),
  insights.day_after(timestamptz, text),
  insights.kept_days(timestamptz[], timestamptz, text, boolean), insights.demos_of(uuid),
  insights.conversations_apart(timestamptz, timestamptz, timestamptz, timestamptz, uuid[], boolean),
  insights.conversation_counts(timestamptz[], timestamptz, text, uuid, boolean),
  insights.spread(text, timestamptz[], timestamptz, text, uuid, boolean, boolean),
  insights.turn_counts(timestamptz, timestamptz, uuid, boolean)
  to insights_reader, insights_product, insights_worker;
grant execute on function insights.densely(integer, integer, integer[], integer[]),
  insights.refresh_days(text, uuid[], timestamptz[]), insights.kept_zones(),
  insights.fill_days(text, text), insights.keep_zones(text[]) to insights_worker;
