-- One row per conversation, as docs/metrics.md defines its start, its end and its counts.
-- security_invoker: the policies of the asking role hold for every table below.
-- A later migration gives both more columns.
drop view if exists insights.judged_messages, insights.conversations;
create or replace view insights.conversations with (security_invoker = true) as
select
  m.conversation_id,
  m.demo_id,
  coalesce(d.started_at, e.joined_at, least(t.first_at, e.first_at)) as started_at,
  least(t.first_at, e.first_at) as first_at,
  greatest(t.last_at, e.last_at) as last_at,
  coalesce(e.shutdown_at, d.completed_at, t.last_timed_at) as ended_at,
  round(extract(epoch from coalesce(e.shutdown_at, d.completed_at, t.last_timed_at)
                - coalesce(d.started_at, e.joined_at, least(t.first_at, e.first_at))))::integer
    as duration_seconds,
  e.end_reason,
  coalesce(t.n_user, 0)::integer as n_user,
  coalesce(t.n_assistant, 0)::integer as n_assistant,
  coalesce(t.n_negative, 0)::integer as n_negative,
  coalesce(t.n_labelled, 0)::integer as n_labelled,
  coalesce(t.n_intent, 0)::integer as n_intent,
  coalesce(d.is_test, false) as is_test,
  t.last_message_at
from insights.conversation_map m
left join public.conversation_details d
  on d.tavus_conversation_id = m.conversation_id and d.demo_id = m.demo_id
left join lateral (
  select
    min(x.occurred_at) as first_at,
    max(x.occurred_at) as last_at,
    max(x.occurred_at) filter (where x.timestamp is not null and x.role in ('user', 'assistant'))
      as last_timed_at,
    max(x.occurred_at) filter (where x.role in ('user', 'assistant')) as last_message_at,
    count(*) filter (where x.role = 'user') as n_user,
    count(*) filter (where x.role = 'assistant') as n_assistant,
    count(*) filter (where x.role = 'user' and lower(btrim(x.sentiment)) = 'negative')
      as n_negative,
    count(*) filter (where x.role = 'user' and btrim(x.sentiment) <> '') as n_labelled,
    count(*) filter (where x.role = 'user' and btrim(x.intent) <> '') as n_intent
  from public.conversation_messages x
  where x.conversation_id = m.conversation_id and x.demo_id = m.demo_id
) t on true
left join lateral (
  select
    min(y.occurred_at) as first_at,
    max(y.occurred_at) as last_at,
    min(y.occurred_at) filter (where y.event_type = 'system.replica_joined') as joined_at,
    max(y.occurred_at) filter (where y.event_type = 'system.shutdown') as shutdown_at,
    (array_agg(y.shutdown_reason order by y.occurred_at desc)
      filter (where y.event_type = 'system.shutdown'))[1] as end_reason
  from public.processed_webhook_events y
  where y.conversation_id = m.conversation_id and y.demo_id = m.demo_id
) e on true;
grant select on insights.conversations to insights_reader, insights_product, insights_editor,
  insights_worker;
