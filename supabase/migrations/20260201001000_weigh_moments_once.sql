-- Whether one of a conversation's intents is a high one, as insights.high_moments counts them. An
-- intent has no two spaces in a row, so no pattern is met by two of them. An expression, which becomes
-- part of the plan: it is asked of thousands.
create or replace function insights.has_high(intents text[], patterns text[]) returns boolean
  language sql stable parallel safe as $$
  select ' ' || array_to_string(intents, '  ') || ' ' like any (patterns)
$$;

-- As before; whether there is a high intent is asked in a cheaper way.
create or replace function insights.newest_missed(
  since timestamptz, until timestamptz, one_demo uuid, include_test boolean, patterns text[],
  most integer)
  returns setof text language plpgsql stable set search_path = ''
  set plan_cache_mode = force_custom_plan as $$
#variable_conflict use_column
declare
  demos constant uuid[] := insights.demos_of(one_demo);
  began timestamptz;
begin
  -- Two questions, since each is answered from an index of its own.
  if patterns is null then
    select min(f.first_at) into began from (
      select k.first_at from unnest(demos) d (id) cross join lateral (
        select r.first_at from insights.conversation_rollups r
        where r.demo_id = d.id and r.n_confident_misses > 0
          and r.started_at >= since and r.started_at < until and (include_test or not r.is_test)
          and r.conversation_id not like 'gone-%'
        order by r.first_at desc limit most) k
      order by k.first_at desc limit most) f;
  else
    select min(f.first_at) into began from (
      select k.first_at from unnest(demos) d (id) cross join lateral (
        select r.first_at from insights.conversation_rollups r
        where r.demo_id = d.id and r.n_moment_intents > 0
          and r.started_at >= since and r.started_at < until and (include_test or not r.is_test)
          and r.conversation_id not like 'gone-%'
          and insights.has_high(r.moment_intents, patterns)
        order by r.first_at desc limit most) k
      order by k.first_at desc limit most) f;
  end if;
  return query
    select r.conversation_id from insights.conversation_rollups r
    where r.demo_id = any (demos) and r.last_at >= began
      and (r.n_confident_misses > 0 or r.n_moment_intents > 0)
      and r.started_at >= since and r.started_at < until and (include_test or not r.is_test)
      and case when patterns is null then r.n_confident_misses > 0
               else insights.has_high(r.moment_intents, patterns) end
    union
    select n.conversation_id from insights.conversations_now() n where n.demo_id = any (demos);
end $$;

-- As before; the moments of a conversation are counted once, and of those with fewer than the last
-- that is wanted nothing is said.
create or replace function insights.worth_reading(
  since timestamptz, until timestamptz, one_demo uuid, include_test boolean, patterns text[],
  usual integer, most integer)
  returns setof text language plpgsql stable set search_path = ''
  set plan_cache_mode = force_custom_plan as $$
#variable_conflict use_column
declare
  demos constant uuid[] := insights.demos_of(one_demo);
  done constant text[] := array(
    select w.conversation_id from insights.reviews w where w.demo_id = any (demos))
    || array(select insights.queued_conversations());
  found text[] := '{}';
  moments bigint[] := '{}';
  more record;
  least_of_them bigint;
begin
  return query select n.conversation_id from insights.conversations_now() n
               where n.demo_id = any (demos);
  -- A conversation has at most as many missed moments as intents that would make one.
  for k in reverse 12 .. 1 loop
    select array_agg(r.conversation_id) as ids,
      array_agg(insights.high_moments(r.moment_intents, patterns)) as moments into more
    from insights.conversation_rollups r
    where r.demo_id = any (demos) and r.n_moment_intents > 0
      and r.n_moment_intents >= k
      and r.n_moment_intents <= case k when 12 then 2147483647 else k end
      and r.started_at >= since and r.started_at < until and (include_test or not r.is_test)
      and r.conversation_id <> all (done) and r.conversation_id not like 'gone-%'
      and insights.has_high(r.moment_intents, patterns);
    found := found || more.ids;
    moments := moments || more.moments;
    select m.n into least_of_them from unnest(moments) m (n) order by m.n desc offset most - 1 limit 1;
    exit when least_of_them >= k;
  end loop;
  return query select f.id from unnest(found, moments) f (id, n)
               where least_of_them is null or f.n >= least_of_them;
  if least_of_them is not null then
    return;
  end if;
  return query
    select k.conversation_id from unnest(demos) d (id) cross join lateral (
      select r.conversation_id from insights.conversation_rollups r
      where r.demo_id = d.id and r.n_confident_misses > 0
        and r.started_at >= since and r.started_at < until and (include_test or not r.is_test)
        and r.conversation_id <> all (done) and r.conversation_id not like 'gone-%'
        and not insights.has_high(r.moment_intents, patterns)
      order by r.n_confident_misses desc, r.started_at desc limit most) k
    union all
    select k.conversation_id from unnest(demos) d (id) cross join lateral (
      select r.conversation_id from insights.conversation_rollups r
      where r.demo_id = d.id and r.unhappy_end and r.n_confident_misses = 0
        and r.started_at >= since and r.started_at < until and (include_test or not r.is_test)
        and r.conversation_id <> all (done) and r.conversation_id not like 'gone-%'
        and not insights.has_high(r.moment_intents, patterns)
      order by r.started_at desc limit most) k
    union all
    select k.conversation_id from unnest(demos) d (id) cross join lateral (
      select r.conversation_id from insights.conversation_rollups r
      where r.demo_id = d.id and r.n_user + r.n_assistant > usual
        and not r.unhappy_end and r.n_confident_misses = 0
        and r.started_at >= since and r.started_at < until and (include_test or not r.is_test)
        and r.conversation_id <> all (done) and r.conversation_id not like 'gone-%'
        and not insights.has_high(r.moment_intents, patterns)
      order by r.started_at desc limit most) k;
end $$;

revoke execute on all functions in schema insights from public;
grant execute on function insights.has_high(text[], text[])
  to insights_reader, insights_product, insights_worker;
