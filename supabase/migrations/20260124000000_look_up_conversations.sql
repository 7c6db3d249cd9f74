-- What ingest has to know of conversations before it writes to them: one question where there were
-- four. The locks come first, in the order given; what is read afterwards has a snapshot of its
-- own, so that whatever another writer committed while this one waited is seen. Which of `hashes`
-- are stored is said once, in the first row.
create or replace function insights.look_up(conversations text[], hashes text[])
  returns table (conversation_id text, erased boolean, demo_id uuid, mapped_by text,
                 known boolean, entangled boolean, stored text[])
  language plpgsql volatile set search_path = ''
  -- The plan is kept for the session: it must not be one that was cheap while the tables were empty.
  set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
begin
  perform pg_advisory_xact_lock(hashtextextended(c, 0)) from unnest(conversations) c;
  return query
  select c.id, insights.is_erased(c.id), m.demo_id, m.mapped_by,
    exists (select from public.processed_webhook_events e where e.conversation_id = c.id)
      or exists (select from public.conversation_messages s where s.conversation_id = c.id),
    -- A transcript, or rows without a time: one more utterance can change other rows.
    exists (select from public.processed_webhook_events e where e.conversation_id = c.id
            and e.event_type in ('application.transcription_ready',
                                 'application_transcription_ready'))
      or exists (select from public.conversation_messages s where s.conversation_id = c.id
                 and s.timestamp is null),
    case when c.place = 1 then array(
      select e.event_hash from unnest(hashes) h
      join public.processed_webhook_events e on e.event_hash = h) else '{}' end
  from unnest(conversations) with ordinality c (id, place)
  left join insights.conversation_map m on m.conversation_id = c.id;
end $$;
revoke execute on function insights.look_up(text[], text[]) from public;
grant execute on function insights.look_up(text[], text[]) to insights_ingest;
