-- Full-text search of one demo. Under row security `@@` may not use an index, for it is not
-- leakproof: so the function sees all rows and keeps to the caller's demos itself.

-- The words of a question, any of which may match; few enough for the longest question.
create or replace function insights.question_terms(question text) returns text[]
  language sql stable parallel safe set search_path = pg_catalog as $$
  select coalesce(array_agg(t.lexeme), '{}')
  from (select u.lexeme from unnest(to_tsvector('english', left(question, 10000))) u
        order by u.positions[1], u.lexeme limit 40) t
$$;

create or replace function insights.any_of(terms text[]) returns tsquery
  language sql stable parallel safe set search_path = pg_catalog as $$
  select coalesce(string_agg('''' || replace(replace(t, '\', '\\'), '''', '''''') || '''', ' | '),
                  '')::tsquery
  from unnest(terms) t
$$;

create or replace function insights.match_knowledge(asked_demo uuid, question text, depth integer)
  returns table (chunk_id uuid, text_score real, text_rank bigint)
  language plpgsql stable security definer set search_path = public, extensions as $$
declare asked tsquery := insights.any_of(insights.question_terms(question));
begin
  if asked_demo = any (insights.my_demo_ids()) and numnode(asked) > 0 then
    return query
      select m.id, m.score, row_number() over (order by m.score desc, m.id)
      from (select k.id, ts_rank(k.search_words, asked, 1) as score
            from public.knowledge_chunks k
            where k.demo_id = asked_demo and k.search_words @@ asked
            order by 2 desc, 1 limit greatest(depth, 0)) m;
  end if;
end $$;

-- The words of `body`, as they stand there, that match a question.
create or replace function insights.matched_words(question text, body text) returns text[]
  language sql stable parallel safe set search_path = pg_catalog as $$
  select coalesce(array_agg(distinct lower(p.token)), '{}')
  from ts_parse('default', left(body, 50000)) p
  where length(p.token) between 1 and 100
    and ts_lexize('english_stem', lower(p.token)) && (select insights.question_terms(question))
$$;

revoke execute on function insights.question_terms(text), insights.any_of(text[]),
  insights.match_knowledge(uuid, text, integer), insights.matched_words(text, text) from public;
grant execute on function insights.question_terms(text),
  insights.match_knowledge(uuid, text, integer), insights.matched_words(text, text)
  to insights_reader;
