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

-- Where each step of durations begins, in seconds: as wide as lets one whole second of it stand for
-- all of them within 2.5 %; the bins of the chart begin with one.
create or replace function insights.seconds_steps() returns integer[]
  language sql immutable parallel safe as $$
  select array[
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24,
    25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 41, 44, 47, 50, 53, 56, 59, 60,
    63, 66, 69, 72, 75, 78, 82, 87, 92, 97, 102, 107, 112, 117, 120, 126, 133, 140, 147, 154,
    162, 171, 180, 189, 198, 208, 219, 230, 242, 255, 268, 282, 297, 300, 315, 331, 348, 366,
    385, 405, 426, 448, 471, 495, 521, 548, 576, 600, 631, 663, 697, 733, 771, 811, 853, 897,
    943, 991, 1042, 1096, 1152, 1200, 1262, 1327, 1395, 1466, 1541, 1620, 1703, 1790, 1882,
    1979, 2081, 2188, 2300, 2418, 2542, 2672, 2809, 2953, 3104, 3263, 3430, 3606, 3791, 3985,
    4189, 4404, 4630, 4867, 5116, 5378, 5654, 5944, 6249, 6570, 6907, 7261, 7633, 8024, 8435,
    8867, 9322, 9801, 10304, 10832, 11387, 11971, 12585, 13230, 13908, 14621, 15371, 16159,
    16987, 17858, 18774, 19737, 20749, 21813, 22932, 24108, 25344, 26644, 28011, 29448, 30958,
    32545, 34214, 35969, 37814, 39753, 41791, 43934, 46187, 48555, 51045, 53663, 56415, 59308,
    62349, 65546, 68907, 72441, 76156, 80061, 84167, 88484, 93022, 97792, 102807, 108079,
    113621, 119448, 125574, 132014, 138784, 145901, 153383, 161249, 169518, 178211, 187350,
    196957, 207057, 217675, 228837, 240572, 252909, 265878, 279512, 293846, 308915, 324756,
    341410, 358918, 377324, 396674, 417016, 438402, 460885, 484521, 509369, 535491, 562952,
    591821, 622171, 654077, 687619, 722882, 759953, 798925, 839896, 882968, 928249, 975852,
    1025896, 1078506, 1133814, 1191958, 1253084, 1317345, 1384901, 1455922, 1530585, 1609076,
    1691592, 1778340, 1869537, 1965411, 2066202, 2172162, 2283555, 2400660, 2523771, 2653195]
$$;
create or replace function insights.seconds_step(seconds integer) returns integer
  language sql immutable strict parallel safe as $$
  select width_bucket(seconds, insights.seconds_steps()) - 1
$$;
-- The second that stands for a step: said, not worked out, because it is asked for in thousands.
create or replace function insights.seconds_of(step integer) returns integer
  language sql immutable strict parallel safe as $$
  select (array[
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24,
    25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 42, 45, 48, 51, 54, 57, 59, 61,
    64, 67, 70, 73, 76, 79, 84, 89, 94, 99, 104, 109, 114, 119, 122, 129, 136, 143, 150, 157,
    166, 175, 184, 193, 202, 213, 224, 235, 248, 261, 274, 289, 299, 307, 322, 339, 356, 375,
    394, 415, 436, 459, 482, 507, 534, 561, 590, 615, 646, 679, 714, 751, 790, 831, 874, 919,
    966, 1015, 1068, 1123, 1180, 1230, 1293, 1360, 1429, 1502, 1579, 1660, 1745, 1834, 1929,
    2028, 2133, 2242, 2357, 2478, 2605, 2738, 2879, 3026, 3181, 3344, 3515, 3696, 3885, 4084,
    4293, 4514, 4745, 4988, 5243, 5512, 5795, 6092, 6405, 6734, 7079, 7442, 7823, 8224, 8645,
    9088, 9555, 10046, 10561, 11102, 11671, 12270, 12899, 13560, 14255, 14986, 15755, 16562,
    17411, 18304, 19243, 20230, 21267, 22358, 23505, 24710, 25977, 27310, 28711, 30184, 31731,
    33358, 35069, 36868, 38759, 40746, 42835, 45032, 47341, 49768, 52321, 55004, 57825, 60790,
    63907, 67184, 70629, 74252, 78059, 82062, 86271, 90696, 95347, 100236, 105377, 110780,
    116461, 122434, 128713, 135314, 142253, 149548, 157217, 165280, 173755, 182666, 192033,
    201880, 212233, 223116, 234557, 246586, 259231, 272524, 286499, 301192, 316637, 332874,
    349945, 367890, 386757, 406590, 427441, 449362, 472407, 496634, 522103, 548878, 577025,
    606616, 637725, 670428, 704809, 740954, 778951, 818898, 860893, 905042, 951455, 1000248,
    1051543, 1105468, 1162159, 1221756, 1284411, 1350278, 1419523, 1492320, 1568849, 1649302,
    1733881, 1822798, 1916275, 2014546, 2117857, 2226466, 2340643, 2460676, 2586865, 2719524])[step + 1]
$$;

-- Which codes of a kind have a place of their own: `width` of them from `base` on; of durations,
-- insights.seconds_step stands there for the seconds.
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

-- And to the spreads. Codes: length, messages; duration, seconds; reply and judged,
-- as the conversation has them; feeling, 5 for each turn up to the tenth and the feeling, if it is
-- whole on the day of zone `days`; hour, of its start in `zone`; moment, 0 for each intent that it
-- is labelled with; end, the length, and end_negative, the negative messages, by end reason.
create or replace function insights.spread_codes(
  talk insights.conversation_rollups, days text, zone text)
  returns table (kind text, label text, code integer)
  language sql stable parallel safe as $$
  select 'length', '', talk.n_user + talk.n_assistant
  union all
  select 'duration', '', talk.duration_seconds
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
      filled[codes[n] - base + 1] := filled[codes[n] - base + 1] + counts[n];
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
  cross join lateral (select case when p.kind <> 'duration' then p.codes else array(
    select insights.seconds_step(u.code) from unnest(p.codes) with ordinality u (code, nth)
    order by u.nth) end) m (places)
  cross join lateral (select insights.densely(w.base, w.width, m.places, p.counts)) d (dense)
  cross join lateral (
    select array_agg(u.code order by u.nth), array_agg(u.n order by u.nth)
    from unnest(p.codes, m.places, p.counts) with ordinality u (code, place, n, nth)
    where d.dense is null or u.place < w.base or u.place >= w.base + w.width) r (codes, counts);
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
  from public.demos d cross join lateral (
    select c.started_at from insights.conversation_rollups c
    where c.demo_id = d.id and c.started_at >= since order by c.started_at limit 1) f;
  did := (day is not null)::integer;
  if day is not null then
    next := to_char(day at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
    perform insights.refresh_days(zone, array_agg(d.id), array_agg(day)) from public.demos d;
  end if;
end $$;

-- Makes `zones`, and UTC, the ones whose days are kept.
create or replace function insights.keep_zones(zones text[]) returns void
  language plpgsql volatile set search_path = '' as $$
#variable_conflict use_variable
declare
  wanted constant text[] := array(
    select distinct 'days ' || z from unnest(zones || 'UTC'::text) z order by 1);
begin
  if (select array_agg(s.part order by s.part) from insights.rollup_state s where s.part like 'days %')
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
    select d.demo_id, d.number, d.label, case when spread.kind = 'duration'
        then insights.seconds_of((base + u.nth - 1)::integer)
        else (base + u.nth - 1)::integer end as code, u.n::bigint
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
grant execute on function insights.seconds_steps(), insights.seconds_step(integer),
  insights.seconds_of(integer),
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
