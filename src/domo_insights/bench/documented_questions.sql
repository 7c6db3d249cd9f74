-- The questions of four pages over the tables as the document has them, each section one statement:
-- "page, what, how often per page". Those asked twice compare with the period before.

-- Overview, messages and negative share by day, 2
select date_trunc('day', timestamp), role, count(*),
  count(*) filter (where sentiment = 'negative'), count(sentiment)
from conversation_messages
where timestamp >= %(since)s and timestamp < %(until)s and role in ('user', 'assistant')
group by 1, 2 order by 1, 2;

-- Overview, conversations and their length by day, 2
select date_trunc('day', began), count(*), percentile_disc(0.5) within group (order by lasted),
  count(*) filter (where said >= 2)
from (
  select conversation_id, min(timestamp) as began, max(timestamp) - min(timestamp) as lasted,
    count(*) filter (where role = 'user') as said
  from conversation_messages where timestamp >= %(since)s and timestamp < %(until)s
  group by conversation_id
) c group by 1 order by 1;

-- Conversations, volume by role and day, 2
select date_trunc('day', timestamp), role, count(*) from conversation_messages
where timestamp >= %(since)s and timestamp < %(until)s group by 1, 2 order by 1, 2;

-- Conversations, their length, weekday and hour, 2
select extract(isodow from began), extract(hour from began), count(*),
  percentile_disc(0.5) within group (order by messages),
  count(*) filter (where said >= 1), count(*) filter (where said >= 2),
  count(*) filter (where said >= 3), count(*) filter (where said >= 5),
  count(*) filter (where said >= 10)
from (
  select conversation_id, min(timestamp) as began, count(*) as messages,
    count(*) filter (where role = 'user') as said
  from conversation_messages where timestamp >= %(since)s and timestamp < %(until)s
  group by conversation_id
) c group by 1, 2 order by 1, 2;

-- Conversations, reply time, 2
select percentile_disc(array[0.5, 0.95]) within group (order by waited) from (
  select role, lead(role) over said as then_role,
    lead(timestamp) over said - timestamp as waited
  from conversation_messages where timestamp >= %(since)s and timestamp < %(until)s
  window said as (partition by conversation_id order by timestamp)
) m where role = 'user' and then_role = 'assistant';

-- Sentiment and intent, sentiment by day, 2
select date_trunc('day', timestamp), sentiment, count(*) from conversation_messages
where timestamp >= %(since)s and timestamp < %(until)s and role = 'user' group by 1, 2 order by 1, 2;

-- Sentiment and intent, intents, 2
select intent, count(*), avg(confidence), count(*) filter (where sentiment = 'negative')
from conversation_messages
where timestamp >= %(since)s and timestamp < %(until)s and role = 'user' and intent is not null
group by 1 order by 2 desc;

-- Sentiment and intent, sentiment by turn, 1
select turn, sentiment, count(*) from (
  select sentiment, row_number() over (partition by conversation_id order by timestamp) as turn
  from conversation_messages
  where timestamp >= %(since)s and timestamp < %(until)s and role = 'user'
) m group by 1, 2 order by 1, 2;

-- Webhooks, handler time by type and day, 2
select date_trunc('day', processed_at), event_type, count(*),
  percentile_disc(array[0.5, 0.95, 0.99]) within group (order by processing_duration_ms)
from processed_webhook_events
where processed_at >= %(since)s and processed_at < %(until)s group by 1, 2 order by 1, 2;

-- Webhooks, handler time, 2
select count(*), percentile_disc(array[0.5, 0.95, 0.99]) within group (order by processing_duration_ms)
from processed_webhook_events where processed_at >= %(since)s and processed_at < %(until)s;

-- Dashboard, the document's own query, 1
SELECT
    d.*,
    COUNT(dv.id) as video_count,
    COUNT(kc.id) as knowledge_count,
    MAX(pwe.processed_at) as last_activity
FROM demos d
LEFT JOIN demo_videos dv ON d.id = dv.demo_id
LEFT JOIN knowledge_chunks kc ON d.id = kc.demo_id
LEFT JOIN processed_webhook_events pwe ON pwe.event_data->>'demo_id' = d.id::text
WHERE d.user_id = %(owner)s
GROUP BY d.id
ORDER BY d.updated_at DESC;
