-- Conversations that are gone for good, at a visitor's request or by age, and stay gone: what is
-- left of each is a hash of its id, by which a callback that is delivered again is known.
create table if not exists insights.erased_conversations (
  conversation_hash bytea primary key,
  why text not null check (why in ('request', 'retention')),
  erased_at timestamptz not null default now()
);
select insights.close_table('insights.erased_conversations');

create or replace function insights.hash_of(conversation_id text) returns bytea
  language sql immutable strict parallel safe set search_path = '' as $$
  select sha256(convert_to(conversation_id, 'UTF8'))
$$;
create or replace function insights.is_erased(conversation_id text) returns boolean
  language sql stable security definer set search_path = '' as $$
  select exists (select from insights.erased_conversations e
                 where e.conversation_hash = insights.hash_of(is_erased.conversation_id))
$$;

-- As before, and it gives nobody a conversation that was erased.
create or replace function insights.claim(conversation_id text, demo_id uuid, source text)
  returns uuid language plpgsql volatile security definer set search_path = '' as $$
#variable_conflict use_variable
declare
  held insights.conversation_map;
begin
  if insights.trust(source) is null then
    raise exception 'unknown source of a mapping: %', source using errcode = '22023';
  end if;
  perform pg_advisory_xact_lock(hashtextextended(conversation_id, 0));
  if insights.is_erased(conversation_id) then
    return null;
  end if;
  select * into held from insights.conversation_map m where m.conversation_id = claim.conversation_id;
  if held.demo_id is null then
    if not exists (select from public.demos d where d.id = claim.demo_id) then
      return null;
    end if;
    insert into insights.conversation_map (conversation_id, demo_id, mapped_by)
    values (conversation_id, demo_id, source);
    return demo_id;
  end if;
  if held.demo_id = demo_id then
    if insights.trust(source) > insights.trust(held.mapped_by) then
      update insights.conversation_map m set mapped_by = source
      where m.conversation_id = claim.conversation_id;
    end if;
    return demo_id;
  end if;
  if exists (select from public.demos d where d.id = claim.demo_id)
     and insights.trust(source) > insights.trust(held.mapped_by)
     and (source = 'operator' or (source = 'address'
       and not exists (select from public.processed_webhook_events e
                       where e.conversation_id = claim.conversation_id)
       and not exists (select from public.conversation_messages m
                       where m.conversation_id = claim.conversation_id))) then
    update insights.conversation_map m
      set demo_id = claim.demo_id, mapped_by = source, mapped_at = now()
    where m.conversation_id = claim.conversation_id;
    return demo_id;
  end if;
  perform insights.count_delivery(
    (select d.id from public.demos d where d.id = claim.demo_id), 'conflicts');
  return held.demo_id;
end $$;

-- As before, and it holds a share of the mapping, so that an erasure, which takes the mapping
-- first, waits for rows that are on their way and finds them.
create or replace function insights.place(conversation_id text, persona_id text) returns uuid
  language plpgsql volatile security definer set search_path = '' as $$
#variable_conflict use_variable
declare
  found_demo uuid;
  candidates uuid[];
begin
  if conversation_id is null then
    return null;
  end if;
  select m.demo_id into found_demo from insights.conversation_map m
  where m.conversation_id = place.conversation_id for key share;
  if found_demo is not null then
    return found_demo;
  end if;
  perform pg_advisory_xact_lock(hashtextextended(conversation_id, 0));
  if insights.is_erased(conversation_id) then
    return null;
  end if;
  select m.demo_id into found_demo from insights.conversation_map m
  where m.conversation_id = place.conversation_id for key share;
  if found_demo is not null then
    return found_demo;
  end if;
  select d.demo_id into found_demo from public.conversation_details d
  where d.tavus_conversation_id = place.conversation_id;
  if found_demo is not null then
    return insights.claim(conversation_id, found_demo, 'details');
  end if;
  select array_agg(d.id) into candidates from public.demos d
  where d.tavus_conversation_id = place.conversation_id;
  if cardinality(candidates) = 1 then
    return insights.claim(conversation_id, candidates[1], 'demo');
  end if;
  if persona_id is not null then
    select array_agg(d.id) into candidates from public.demos d
    where d.tavus_persona_id = place.persona_id;
    if cardinality(candidates) = 1 then
      return insights.claim(conversation_id, candidates[1], 'persona');
    end if;
  end if;
  return null;
end $$;

-- Whoever writes the row: the platform, its REST API, our own ingest. Named to run after the
-- trigger that places it.
create or replace function insights.stay_erased() returns trigger
  language plpgsql security definer set search_path = '' as $$
begin
  if tg_table_name = 'conversation_details' then
    if new.tavus_conversation_id is null then
      return new;
    end if;
    perform pg_advisory_xact_lock(hashtextextended(new.tavus_conversation_id, 0));
    return case when insights.is_erased(new.tavus_conversation_id) then null else new end;
  end if;
  return case when insights.is_erased(new.conversation_id) then null else new end;
end $$;
create or replace trigger stay_erased before insert on public.processed_webhook_events
  for each row execute function insights.stay_erased();
create or replace trigger stay_erased before insert on public.conversation_messages
  for each row execute function insights.stay_erased();
create or replace trigger stay_erased before insert on public.conversation_details
  for each row execute function insights.stay_erased();

-- Tables beside the platform's own that keep rows of one conversation, whatever added them.
create or replace function insights.tables_of_conversations() returns setof regclass
  language sql stable set search_path = '' as $$
  select c.oid::regclass from pg_catalog.pg_class c
  join pg_catalog.pg_attribute a on a.attrelid = c.oid
  where c.relkind = 'r' and c.relnamespace = 'insights'::regnamespace
    and a.attname = 'conversation_id' and a.atttypid = 'text'::regtype and not a.attisdropped
    -- The queue names what is to be counted anew, and is empty a moment later.
    and c.oid <> all (array['insights.conversation_map', 'insights.change_queue']::regclass[])
  order by 1
$$;

-- Takes the ids out of what others noted: the audit log keeps that something was done, addresses
-- that were kept under a name open the page without the conversation.
create or replace function insights.forget_mentions(conversations text[]) returns void
  language plpgsql volatile set search_path = '' as $$
#variable_conflict use_variable
begin
  update public.demos d set tavus_conversation_id = null
  where d.tavus_conversation_id = any (conversations);
  update public.audit_logs a set
    old_values = a.old_values - array['conversation', 'conversation_id', 'tavus_conversation_id'],
    new_values = a.new_values - array['conversation', 'conversation_id', 'tavus_conversation_id']
  where a.old_values ->> 'conversation' = any (conversations)
     or a.new_values ->> 'conversation' = any (conversations)
     or a.old_values ->> 'conversation_id' = any (conversations)
     or a.new_values ->> 'conversation_id' = any (conversations)
     or a.old_values ->> 'tavus_conversation_id' = any (conversations)
     or a.new_values ->> 'tavus_conversation_id' = any (conversations);
  -- What was asked stays counted; whose words stand for it is not known, so they go.
  delete from insights.replayed_questions q
  where q.conversations && conversations and q.conversations <@ conversations;
  update insights.replayed_questions q set question = '(erased)', wordings = '{}',
    conversations = array(select c from unnest(q.conversations) c where c <> all (conversations))
  where q.conversations && conversations;
  update insights.saved_views v set query = regexp_replace(v.query, '(^|&)conversation=[^&]*', '')
  where substring(v.query from '(?:^|&)conversation=([^&]*)') = any (conversations);
end $$;

-- Locks `conversations` in the order that every writer takes, and answers those that no row is
-- younger than `before` (NULL: all of them).
create or replace function insights.settled(conversations text[], before timestamptz)
  returns text[] language plpgsql volatile set search_path = '' as $$
declare
  one text;
  kept text[] := '{}';
begin
  for one in select u.c from (select distinct c from unnest(conversations) c) u order by u.c collate "C" loop
    perform pg_advisory_xact_lock(hashtextextended(one, 0));
    -- Waits for rows of it that are on their way.
    perform from insights.conversation_map m where m.conversation_id = one for update;
    if before is null or not exists (
        select from public.conversation_messages m
        where m.conversation_id = one and m.occurred_at >= before
        union all
        select from public.processed_webhook_events e
        where e.conversation_id = one and e.occurred_at >= before
        union all
        select from public.conversation_details d
        where d.tavus_conversation_id = one
          and greatest(d.started_at, d.completed_at) >= before) then
      kept := kept || one;
    end if;
  end loop;
  return kept;
end $$;

-- Erases `conversations` from every table, leaves a hash of each, and one line per demo in the
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
  select (select u.id from auth.users u where u.id = insights.viewer_id()), 'erase',
         'conversations', o.demo_id,
         jsonb_build_object('conversations', count(*), 'why', erase_conversations.why)
  from unnest(owners) o (demo_id) group by o.demo_id;
  return query select cardinality(gone)::bigint, n_messages, n_events;
end $$;

-- A conversation of the viewer's own, at a visitor's request. NULL: the viewer has none such.
create or replace function insights.erase_mine(conversation_id text)
  returns table (messages bigint, events bigint)
  language plpgsql volatile security definer set search_path = '' as $$
#variable_conflict use_column
begin
  if not exists (select from insights.conversation_map m
                 where m.conversation_id = erase_mine.conversation_id
                   and m.demo_id = any (insights.my_demo_ids())) then
    return;
  end if;
  return query select e.messages, e.events
    from insights.erase_conversations(array[erase_mine.conversation_id], 'request') e;
end $$;

revoke execute on function insights.hash_of(text), insights.is_erased(text),
  insights.claim(text, uuid, text), insights.place(text, text), insights.stay_erased(),
  insights.tables_of_conversations(), insights.forget_mentions(text[]),
  insights.settled(text[], timestamptz),
  insights.erase_conversations(text[], text, timestamptz), insights.erase_mine(text) from public;
grant execute on function insights.is_erased(text), insights.claim(text, uuid, text)
  to insights_ingest;
grant execute on function insights.erase_mine(text) to insights_editor;
