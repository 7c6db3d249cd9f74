-- As before, and no longer than it takes to find the newest: words that many messages hold are looked
-- for from the newest message back, others in the index, where common words cost as much as there
-- are messages that hold them. `hits` is 1,001 where there are more than a thousand.
create or replace function insights.search_messages(
  asked text, since timestamptz, until timestamptz, one_demo uuid, include_test boolean,
  most integer)
  returns table (id uuid, conversation_id text, demo_id uuid, occurred_at timestamptz, role text,
                 shown text, sentiment text, intent text, hits bigint)
  language plpgsql stable security definer set search_path = ''
  -- The words decide which index serves: a plan for any words reads all messages.
  set plan_cache_mode = force_custom_plan as $$
#variable_conflict use_column
declare
  counted constant integer := 1000;
  query constant tsquery := insights.words_asked(asked);
  demos constant uuid[] := array(select d from unnest(insights.my_demo_ids()) d
                                 where one_demo is null or d = one_demo);
  -- What every hit has in it, of words that are all to be there: to look for this first is ten times
  -- as fast as to look for words.
  patterns constant text[] := case when query::text ~ '[!|]|[^ -~]' then '{}' else array(
    select '%' || regexp_replace(replace(w[1], '''''', ''''), '([%_])', '\\\1', 'g') || '%'
    from regexp_matches(query::text, '''((?:[^'']|'''')+)''', 'g') w) end;
  scarce constant integer := case when patterns = '{}' then 20 else 100 end;
  found uuid[] := '{}';
  total bigint;
  part uuid[];
  looked integer := 0;
  n integer;
  at timestamptz := until;
  width interval := interval '1 hour';
  lower timestamptz;
begin
  if numnode(query) = 0 or cardinality(demos) = 0 then
    return;
  end if;
  -- Back in stretches that grow, while hits are not too scarce.
  while at > since and cardinality(found) <= counted
        and (looked < 1500 or cardinality(found) * scarce >= looked) loop
    lower := case when width > interval '20 years' then since else greatest(since, at - width) end;
    select count(*), coalesce(array_agg(m.id) filter (
      where lower(m.content) like all (patterns)
        and to_tsvector('simple', left(m.content, 200000)) @@ query
        and (include_test or not exists (
          select from public.conversation_details d where d.is_test
            and d.tavus_conversation_id = m.conversation_id and d.demo_id = m.demo_id))), '{}')
    into n, part
    from public.conversation_messages m
    where m.demo_id = any (demos) and m.occurred_at >= lower and m.occurred_at < at
      and m.role in ('user', 'assistant');
    found := found || part;
    looked := looked + n;
    at := lower;
    width := width * least(4, greatest(0.25, (1500 + looked) / greatest(n, 1)::numeric));
  end loop;
  total := cardinality(found);
  if at > since and total <= counted then
    select array_agg(f.id), max(f.hits) into found, total from (
      select m.id, count(*) over () as hits
      from public.conversation_messages m
      where m.demo_id = any (demos) and m.occurred_at >= since and m.occurred_at < until
        and to_tsvector('simple', left(m.content, 200000)) @@ query
        and m.role in ('user', 'assistant')
        and (include_test or not exists (
          select from public.conversation_details d where d.is_test
            and d.tavus_conversation_id = m.conversation_id and d.demo_id = m.demo_id))
      order by m.occurred_at desc, m.seq desc, m.id
      limit least(greatest(most, 0), 200)) f;
  end if;
  return query
    select f.id, f.conversation_id, f.demo_id, f.occurred_at, f.role,
      ts_headline('simple', translate(left(f.content, 200000), u&'\E000\E001', ''), query,
        u&'StartSel=\E000, StopSel=\E001, '
        || case when char_length(f.content) <= 400 then 'HighlightAll=true'
                else 'MaxFragments=2, MaxWords=28, MinWords=8, FragmentDelimiter=" … "' end),
      nullif(lower(btrim(f.sentiment)), ''), nullif(lower(btrim(f.intent)), ''),
      least(total, counted + 1)
    from (select m.* from public.conversation_messages m where m.id = any (found)
          order by m.occurred_at desc, m.seq desc, m.id
          limit least(greatest(most, 0), 200)) f
    order by f.occurred_at desc, f.seq desc, f.id;
end $$;
revoke execute on function
  insights.search_messages(text, timestamptz, timestamptz, uuid, boolean, integer) from public;
grant execute on function
  insights.search_messages(text, timestamptz, timestamptz, uuid, boolean, integer)
  to insights_reader;
