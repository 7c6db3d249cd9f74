-- What is older than an owner of the database wants to keep: found, and taken out or made
-- anonymous a few conversations at a time. Nobody but the owner of the database may call this.

-- Conversations, mapped or nobody's, that no row is younger than `before`.
create or replace function insights.old_conversations(
  before timestamptz, one_demo uuid default null, not_anonymous boolean default false)
  returns table (conversation_id text, demo_id uuid, messages bigint, events bigint,
                 first_at timestamptz, last_at timestamptz)
  language sql stable set search_path = '' as $$
  with rows as (
    select m.conversation_id, m.demo_id, m.occurred_at as at, 1 as message, 0 as event
    from public.conversation_messages m
    union all
    select e.conversation_id, e.demo_id, e.occurred_at, 0, 1
    from public.processed_webhook_events e
    union all
    select d.tavus_conversation_id, d.demo_id, moment.at, 0, 0
    from public.conversation_details d
    cross join lateral unnest(array[d.started_at, d.completed_at]) moment (at)
    where d.tavus_conversation_id is not null
  )
  select r.conversation_id, (array_agg(r.demo_id) filter (where r.demo_id is not null))[1],
         sum(r.message), sum(r.event), min(r.at), max(r.at)
  from rows r
  where (one_demo is null or r.demo_id = one_demo) and r.conversation_id is not null
    and not (not_anonymous and r.conversation_id ~ '^anonymous-[0-9a-f]{32}$')
  group by r.conversation_id
  having max(r.at) < before
  order by r.conversation_id collate "C"
$$;

-- Says that the rows of `demo` are complete only from `before` on. Said before anything is taken
-- out, so that nobody recomputes what was counted with it.
create or replace function insights.keep_detail_since(
  demo uuid, before timestamptz, anonymise boolean)
  returns void language sql volatile set search_path = '' as $$
  insert into insights.detail_kept as k (demo_id, deleted_before, anonymised_before)
  values (demo, case when not anonymise then before end, case when anonymise then before end)
  on conflict (demo_id) do update set
    deleted_before = greatest(k.deleted_before, excluded.deleted_before),
    anonymised_before = greatest(k.anonymised_before, excluded.anonymised_before),
    changed_at = now()
$$;

-- Takes words, names and ids out and leaves what is counted. Each conversation gets an id of
-- chance, so that no row leads back to the sender's copy; the old one stays away like an erased one.
create or replace function insights.anonymise_conversations(
  conversations text[], before timestamptz default null)
  returns table (anonymised bigint, messages bigint, events bigint)
  language plpgsql volatile security definer set search_path = '' as $$
#variable_conflict use_column
declare
  told text[] := insights.settled(anonymise_conversations.conversations, before);
  fresh text[] := array(select 'anonymous-' || replace(gen_random_uuid()::text, '-', '')
                        from unnest(told));
  owners uuid[];
  other regclass;
  n_messages bigint;
  n_events bigint;
begin
  insert into insights.erased_conversations (conversation_hash, why)
  select insights.hash_of(c), 'retention' from unnest(told) c on conflict do nothing;
  with moved as (
    update insights.conversation_map m set conversation_id = n.fresh
    from unnest(told, fresh) n (told, fresh) where m.conversation_id = n.told returning m.demo_id)
  select array_agg(m.demo_id) into owners from moved m;
  update public.conversation_details d set tavus_conversation_id = n.fresh,
    conversation_name = null, transcript = null, perception_analysis = null
  from unnest(told, fresh) n (told, fresh) where d.tavus_conversation_id = n.told;
  update public.conversation_messages m
    set conversation_id = n.fresh, content = null, message_id = null
  from unnest(told, fresh) n (told, fresh) where m.conversation_id = n.told;
  get diagnostics n_messages = row_count;
  update public.processed_webhook_events e set conversation_id = n.fresh,
    event_hash = encode(sha256(convert_to(e.id::text, 'UTF8')), 'hex'),
    event_data = jsonb_strip_nulls(jsonb_build_object(
      'event_type', e.event_type, 'timestamp', e.event_data -> 'timestamp', 'anonymised', true))
  from unnest(told, fresh) n (told, fresh) where e.conversation_id = n.told;
  get diagnostics n_events = row_count;
  update insights.conversation_rollups r set conversation_id = n.fresh
  from unnest(told, fresh) n (told, fresh) where r.conversation_id = n.told;
  update insights.reviews r set conversation_id = n.fresh, note = ''
  from unnest(told, fresh) n (told, fresh) where r.conversation_id = n.told;
  for other in select t from insights.tables_of_conversations() t
               where t <> all (array['insights.reviews', 'insights.conversation_rollups']::regclass[]) loop
    execute format('delete from %s where conversation_id = any ($1)', other) using told;
  end loop;
  perform insights.forget_mentions(told);
  insert into public.audit_logs (user_id, action, table_name, demo_id, new_values)
  select null, 'anonymise', 'conversations', o.demo_id,
         jsonb_build_object('conversations', count(*), 'why', 'retention')
  from unnest(owners) o (demo_id) group by o.demo_id;
  return query select cardinality(told)::bigint, n_messages, n_events;
end $$;

revoke execute on function insights.old_conversations(timestamptz, uuid, boolean),
  insights.keep_detail_since(uuid, timestamptz, boolean),
  insights.anonymise_conversations(text[], timestamptz) from public;
