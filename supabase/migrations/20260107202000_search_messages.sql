-- Words in messages. `@@` is not leakproof, so under row security no index would serve it: this
-- function looks at the viewer's own demos itself, one index scan each.
-- A message of more than 200,000 characters is searched up to there; a tsvector holds no more.
create index if not exists idx_conversation_messages_words on public.conversation_messages
  using gin (demo_id, to_tsvector('simple', left(content, 200000)));

-- What was typed, each word as the beginning of one; "quoted words" in order, -word without it.
create or replace function insights.words_asked(asked text) returns tsquery
  language plpgsql immutable parallel safe set search_path = '' as $$
declare
  exact constant tsquery := websearch_to_tsquery('simple', left(asked, 400));
begin
  return regexp_replace(exact::text, '''( |\)|$)', ''':*\1', 'g')::tsquery;
exception when syntax_error then
  return exact;
end $$;

-- Newest first, with the demo's name; `shown` is the passage, hits between U+E000 and U+E001.
create or replace function insights.search_messages(
  asked text, since timestamptz, until timestamptz, one_demo uuid, include_test boolean,
  most integer)
  returns table (id uuid, conversation_id text, demo_id uuid, occurred_at timestamptz, role text,
                 shown text, sentiment text, intent text, hits bigint)
  language sql stable security definer set search_path = '' as $$
  with looked_for as materialized (select insights.words_asked(asked) as query),
  found as materialized (
    select m.id, m.conversation_id, m.demo_id, m.occurred_at, m.seq, m.role, m.content,
           nullif(lower(btrim(m.sentiment)), '') as sentiment,
           nullif(lower(btrim(m.intent)), '') as intent, count(*) over () as hits
    from unnest(insights.my_demo_ids()) mine (demo_id)
    cross join looked_for
    join public.conversation_messages m
      on m.demo_id = mine.demo_id
     and to_tsvector('simple', left(m.content, 200000)) @@ looked_for.query
    where numnode(looked_for.query) > 0
      and (one_demo is null or m.demo_id = one_demo)
      and m.occurred_at >= since and m.occurred_at < until
      and m.role in ('user', 'assistant')
      and (include_test or not exists (
        select from public.conversation_details d
        where d.is_test and d.tavus_conversation_id = m.conversation_id and d.demo_id = m.demo_id))
    order by m.occurred_at desc, m.seq desc, m.id
    limit least(greatest(most, 0), 200)
  )
  select f.id, f.conversation_id, f.demo_id, f.occurred_at, f.role,
         ts_headline('simple', translate(left(f.content, 200000), u&'\E000\E001', ''), l.query,
           u&'StartSel=\E000, StopSel=\E001, '
           || case when char_length(f.content) <= 400 then 'HighlightAll=true'
                   else 'MaxFragments=2, MaxWords=28, MinWords=8, FragmentDelimiter=" … "' end),
         f.sentiment, f.intent, f.hits
  from found f cross join looked_for l
  order by f.occurred_at desc, f.seq desc, f.id
$$;
revoke execute on function insights.words_asked(text),
  insights.search_messages(text, timestamptz, timestamptz, uuid, boolean, integer) from public;
grant execute on function
  insights.search_messages(text, timestamptz, timestamptz, uuid, boolean, integer)
  to insights_reader;
