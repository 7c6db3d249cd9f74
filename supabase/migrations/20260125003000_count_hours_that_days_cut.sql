-- In zones that are not whole hours off UTC a day begins inside an hour. Only such hours are counted
-- from the rows, like queued ones; before, all of the period was.
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
     or exists (select from unnest(starts[2:]) s where s <> date_bin('1 day', s, 'epoch')) then
    from_day := to_hour;
    to_day := to_hour;
  end if;
end $$;

-- As before, with the hours that a bucket begins in.
create or replace function insights.message_counts(
  starts timestamptz[], until timestamptz, one_demo uuid, include_test boolean)
  returns table (demo_id uuid, number integer, n_user bigint, n_assistant bigint,
                 n_labelled bigint, n_negative bigint, n_neutral bigint, n_positive bigint,
                 n_intent bigint, n_any_label bigint, n_labelled_here bigint,
                 n_confidence bigint, confidence numeric)
  language plpgsql stable set search_path = '' as $$
#variable_conflict use_column
declare
  kept record := insights.kept_parts('messages', starts, until);
  demos uuid[] := case when one_demo is not null then array[one_demo]
    else array(select d.id from public.demos d) end;
begin
  return query
  with queued as materialized (
    select q.demo_id, q.hour, date_bin('1 day', q.hour, 'epoch') as day from insights.queued_hours() q
    where q.hour >= kept.from_hour and q.hour < kept.to_hour and q.demo_id = any (demos)
    union
    select d.id, date_bin('1 hour', s.at, 'epoch'), date_bin('1 day', s.at, 'epoch')
    from unnest(demos) d (id) cross join unnest(starts[2:]) s (at)
    where s.at <> date_bin('1 hour', s.at, 'epoch')
      and s.at >= kept.from_hour and s.at < kept.to_hour
  ), parts as (
    select d.demo_id, d.hour as at,
      d.n_user, d.n_assistant, d.n_labelled, d.n_negative, d.n_neutral, d.n_positive, d.n_intent,
      d.n_any_label, d.n_labelled_here, d.n_confidence, d.confidence
    from insights.message_days d
    where d.demo_id = any (demos) and d.hour >= kept.from_day and d.hour < kept.to_day
      and (include_test or not d.is_test)
      and not exists (select from queued q where q.demo_id = d.demo_id and q.day = d.hour)
    union all
    select h.demo_id, h.hour,
      h.n_user, h.n_assistant, h.n_labelled, h.n_negative, h.n_neutral, h.n_positive, h.n_intent,
      h.n_any_label, h.n_labelled_here, h.n_confidence, h.confidence
    from insights.message_hours h
    where h.demo_id = any (demos) and h.hour >= kept.from_hour and h.hour < kept.from_day
      and (include_test or not h.is_test)
      and not exists (select from queued q where q.demo_id = h.demo_id and q.hour = h.hour)
    union all
    select h.demo_id, h.hour,
      h.n_user, h.n_assistant, h.n_labelled, h.n_negative, h.n_neutral, h.n_positive, h.n_intent,
      h.n_any_label, h.n_labelled_here, h.n_confidence, h.confidence
    from insights.message_hours h
    where h.demo_id = any (demos) and h.hour >= kept.to_day and h.hour < kept.to_hour
      and (include_test or not h.is_test)
      and not exists (select from queued q where q.demo_id = h.demo_id and q.hour = h.hour)
    union all
    select h.demo_id, h.hour,
      h.n_user, h.n_assistant, h.n_labelled, h.n_negative, h.n_neutral, h.n_positive, h.n_intent,
      h.n_any_label, h.n_labelled_here, h.n_confidence, h.confidence
    from (select distinct q.demo_id, q.day from queued q
          where q.day >= kept.from_day and q.day < kept.to_day) d
    join insights.message_hours h on h.demo_id = d.demo_id
      and h.hour >= d.day and h.hour < d.day + interval '1 day'
    where (include_test or not h.is_test)
      and not exists (select from queued q where q.demo_id = h.demo_id and q.hour = h.hour)
    union all
    select c.demo_id, c.occurred_at,
      c.n_user, c.n_assistant, c.n_labelled, c.n_negative, c.n_neutral, c.n_positive, c.n_intent,
      c.n_any_label, c.n_labelled_here, c.n_confidence, c.confidence
    from queued q
    join insights.messages_counted c on c.demo_id = q.demo_id
      and c.occurred_at >= q.hour and c.occurred_at < q.hour + interval '1 hour'
    where include_test or not c.is_test
    union all
    select c.demo_id, c.occurred_at,
      c.n_user, c.n_assistant, c.n_labelled, c.n_negative, c.n_neutral, c.n_positive, c.n_intent,
      c.n_any_label, c.n_labelled_here, c.n_confidence, c.confidence
    from insights.messages_counted c
    where c.demo_id = any (demos) and c.occurred_at >= starts[1] and c.occurred_at < kept.from_hour
      and (include_test or not c.is_test)
    union all
    select c.demo_id, c.occurred_at,
      c.n_user, c.n_assistant, c.n_labelled, c.n_negative, c.n_neutral, c.n_positive, c.n_intent,
      c.n_any_label, c.n_labelled_here, c.n_confidence, c.confidence
    from insights.messages_counted c
    where c.demo_id = any (demos) and c.occurred_at >= kept.to_hour and c.occurred_at < until
      and (include_test or not c.is_test)
  )
  select p.demo_id, width_bucket(p.at, starts),
    sum(p.n_user)::bigint, sum(p.n_assistant)::bigint, sum(p.n_labelled)::bigint,
    sum(p.n_negative)::bigint, sum(p.n_neutral)::bigint, sum(p.n_positive)::bigint,
    sum(p.n_intent)::bigint, sum(p.n_any_label)::bigint, sum(p.n_labelled_here)::bigint,
    sum(p.n_confidence)::bigint, coalesce(sum(p.confidence), 0)
  from parts p group by 1, 2;
end $$;
