-- How each visitor's message went, said once: what a confident miss and a missed moment are made of.
-- insights.same_words drops case, space and punctuation, also where the locale knows ASCII only.
create or replace function insights.bare_words(said text) returns text
  language sql immutable parallel safe set search_path = '' as $$
  select lower(regexp_replace(said,
    '[[:space:][:punct:]\u00a0-\u00bf\u2000-\u206f\u2e00-\u2e7f\u3000-\u303f\uff00-\uff0f\uff1a-\uff20\ufeff]+',
    '', 'g'))
$$;

-- book_demo, book-demo and bookDemo are "book demo".
create or replace function insights.intent_words(intent text) returns text
  language sql immutable parallel safe set search_path = '' as $$
  select btrim(regexp_replace(lower(regexp_replace(regexp_replace(intent,
    '([a-z0-9])([A-Z])', '\1 \2', 'g'), '([A-Z]+)([A-Z][a-z])', '\1 \2', 'g')),
    '[[:space:][:punct:]]+', ' ', 'g'))
$$;
revoke execute on function insights.bare_words(text), insights.intent_words(text) from public;
grant execute on function insights.bare_words(text), insights.intent_words(text)
  to insights_reader, insights_worker;

-- One row per user message of a conversation. The subquery per conversation lets a condition on
-- started_at or conversation_id keep the other conversations from being read at all.
create or replace view insights.judged_messages with (security_invoker = true) as
select
  t.id, c.conversation_id, c.demo_id, c.started_at, c.is_test, t.occurred_at, t.seq, t.turn::integer,
  t.content, t.sentiment, t.intent, t.intent_words, t.confidence, t.label_source,
  coalesce(t.next_sentiment = 'negative', false) as next_negative,
  coalesce(t.next_words = t.words, false) as repeated,
  coalesce(t.is_last and t.occurred_at <= c.ended_at - interval '30 seconds', false) as broke_off,
  t.replies_by_then = t.replies as unanswered
from insights.conversations c
cross join lateral (
  select
    u.*,
    row_number() over turns as turn,
    lead(u.sentiment) over turns as next_sentiment,
    lead(u.words) over turns as next_words,
    coalesce(lead(u.replies) over turns, u.all_replies) as replies_by_then
  from (
    select
      m.id, m.role, m.occurred_at, m.seq, m.content, m.confidence, m.label_source,
      nullif(lower(btrim(m.sentiment)), '') as sentiment,
      nullif(lower(btrim(m.intent)), '') as intent,
      insights.intent_words(m.intent) as intent_words,
      case when m.role = 'user' then insights.bare_words(m.content) end as words,
      lead(m.id) over said is null as is_last,
      count(*) filter (where m.role = 'assistant') over said as replies,
      count(*) filter (where m.role = 'assistant') over () as all_replies
    from public.conversation_messages m
    where m.conversation_id = c.conversation_id and m.demo_id = c.demo_id
    window said as (order by m.occurred_at, m.seq, m.id)
  ) u
  where u.role = 'user'
  window turns as (order by u.occurred_at, u.seq, u.id)
) t;
grant select on insights.judged_messages to insights_reader, insights_worker;

-- Counts of it, for the product team as well, who may not read what they rest on: `bin` is the
-- number of the stretch of `starts` that a conversation started in, up to `until`; `step` the tenth
-- of confidence, from 0, NULL without one. `high` are patterns of words of a high intent.
create or replace function insights.count_judged(
  starts timestamptz[], until timestamptz, one_demo uuid, include_test boolean, high text[])
  returns table (number integer, step integer, user_messages bigint, confidence double precision,
                 troubled bigint, confident bigint, confident_misses bigint, missed_moments bigint)
  language sql stable security definer set search_path = '' as $$
  select
    width_bucket(j.started_at, starts),
    case when j.confidence < 1 then floor(j.confidence * 10) when j.confidence = 1 then 9 end::integer,
    count(*), sum(j.confidence)::double precision,
    count(*) filter (where j.next_negative or j.repeated or j.broke_off),
    count(*) filter (where j.confidence >= 0.8),
    count(*) filter (where j.confidence >= 0.8
                       and (j.next_negative or j.repeated or j.broke_off)),
    count(*) filter (where ' ' || j.intent_words || ' ' like any (high)
                       and (j.confidence < 0.5 or j.unanswered or j.next_negative))
  from insights.judged_messages j
  where j.demo_id = any (case when insights.is_product_team()
                           then (select array_agg(d.id) from public.demos d)
                           else insights.my_demo_ids() end)
    and (one_demo is null or j.demo_id = one_demo)
    and (include_test or not j.is_test)
    and j.started_at >= starts[1] and j.started_at < until
  group by 1, 2
$$;
revoke execute on function
  insights.count_judged(timestamptz[], timestamptz, uuid, boolean, text[]) from public;
grant execute on function
  insights.count_judged(timestamptz[], timestamptz, uuid, boolean, text[])
  to insights_reader, insights_product;
