-- Which days answer for which part of a period, as insights.kept_days says; a day that the period cuts
-- in its later half is taken whole. What is kept of it after `until`, the shorter part, is to be taken
-- off, as insights.conversations_apart does.
create or replace function insights.kept_days_whole(
  starts timestamptz[], until timestamptz, zone text, its_own boolean,
  out days text, out from_day timestamptz, out to_day timestamptz)
  language plpgsql stable set search_path = '' as $$
begin
  select k.days, k.from_day, k.to_day into days, from_day, to_day
  from insights.kept_days(starts, until, zone, its_own) k;
  if until - to_day > interval '12 hours' then
    to_day := insights.day_after(to_day, days);
  end if;
end $$;

-- As before, and what lies after the period of a day that is taken whole.
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
  if to_day > until then
    return query
      select -1, r from insights.conversation_rollups r
      where r.demo_id = any (demos) and r.started_at >= until and r.started_at < to_day
        and (include_test or not r.is_test) and r.conversation_id <> all (queued);
  end if;
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

-- As before, with days that are taken whole.
create or replace function insights.conversation_counts(
  starts timestamptz[], until timestamptz, zone text, one_demo uuid, include_test boolean)
  returns table (demo_id uuid, number integer, n bigint, n_active bigint, n_timed bigint,
                 n_user bigint, n_confident bigint, n_confident_misses bigint,
                 replies_without_time bigint, reach_1 bigint, reach_2 bigint, reach_3 bigint,
                 reach_5 bigint, reach_10 bigint)
  language plpgsql stable set search_path = '' as $$
#variable_conflict use_column
declare
  kept constant record := insights.kept_days_whole(starts, until, zone, false);
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

revoke execute on all functions in schema insights from public;
grant execute on function insights.kept_days_whole(timestamptz[], timestamptz, text, boolean)
  to insights_reader, insights_product, insights_worker;
