-- As before, and the audit log tells what grew old from what somebody wanted erased. Erases
-- `conversations` from every table, leaves a hash of each, and one line per demo in the
-- audit log. `before`: only those that no row is younger than.
create or replace function insights.erase_conversations(
  conversations text[], why text, before timestamptz default null)
  returns table (erased bigint, messages bigint, events bigint)
  language plpgsql volatile security definer set search_path = '' as $$
#variable_conflict use_column
declare
  gone text[] := insights.settled(erase_conversations.conversations, before);
  owners uuid[];
  other regclass;
  n_messages bigint;
  n_events bigint;
begin
  insert into insights.erased_conversations (conversation_hash, why)
  select insights.hash_of(c), erase_conversations.why from unnest(gone) c
  on conflict do nothing;
  with taken as (delete from insights.conversation_map m
                 where m.conversation_id = any (gone) returning m.demo_id)
  select array_agg(t.demo_id) into owners from taken t;
  delete from public.conversation_messages m where m.conversation_id = any (gone);
  get diagnostics n_messages = row_count;
  delete from public.processed_webhook_events e where e.conversation_id = any (gone);
  get diagnostics n_events = row_count;
  delete from public.conversation_details d where d.tavus_conversation_id = any (gone);
  -- What was counted of a conversation stays when it grows old, under an id that leads nowhere and
  -- that no change will ever name; it goes when somebody asks to be forgotten.
  if erase_conversations.why = 'retention' then
    update insights.conversation_rollups r
      set conversation_id = 'gone-' || replace(gen_random_uuid()::text, '-', '')
    where r.conversation_id = any (gone);
  end if;
  for other in select insights.tables_of_conversations() loop
    execute format('delete from %s where conversation_id = any ($1)', other) using gone;
  end loop;
  perform insights.forget_mentions(gone);
  insert into public.audit_logs (user_id, action, table_name, demo_id, new_values)
  select (select u.id from auth.users u where u.id = insights.viewer_id()),
         case erase_conversations.why when 'retention' then 'retention' else 'erase' end,
         'conversations', o.demo_id,
         jsonb_build_object('conversations', count(*), 'why', erase_conversations.why)
  from unnest(owners) o (demo_id) group by o.demo_id;
  return query select cardinality(gone)::bigint, n_messages, n_events;
end $$;
revoke execute on function insights.erase_conversations(text[], text, timestamptz) from public;
