-- Webhook events and the messages in them, with the demo, the time and the order that pages need.
do $$ begin
  if to_regclass('public.processed_webhook_events') is null then
    create table public.processed_webhook_events (id uuid primary key default gen_random_uuid());
    perform insights.close_table('public.processed_webhook_events');
  end if;
  if to_regclass('public.conversation_messages') is null then
    create table public.conversation_messages (id uuid primary key default gen_random_uuid());
    perform insights.close_table('public.conversation_messages');
  end if;
end $$;

create or replace function insights.as_time(value text) returns timestamptz
  language plpgsql stable set search_path = '' set timezone = 'UTC' as $$
begin
  return value::timestamptz;
exception when others then
  return null;
end $$;

alter table public.processed_webhook_events
  add column if not exists id uuid not null default gen_random_uuid(),
  add column if not exists conversation_id text,
  add column if not exists event_type text,
  add column if not exists event_data jsonb,
  add column if not exists processed_at timestamptz default now(),
  add column if not exists processing_duration_ms integer,
  add column if not exists event_hash text,
  add column if not exists demo_id uuid references public.demos (id) on delete cascade,
  add column if not exists occurred_at timestamptz,
  add column if not exists received_via text not null default 'http',
  add column if not exists persona_id text,
  add column if not exists shutdown_reason text;
do $$ begin
  -- The platform's first shape had event_id as its key and nothing else: a new row must not need
  -- one from us, and its writer must not need our columns.
  if exists (select from information_schema.columns
             where table_schema = 'public' and table_name = 'processed_webhook_events'
               and column_name = 'event_id') then
    alter table public.processed_webhook_events
      alter column event_id set default gen_random_uuid()::text,
      alter column event_type set default 'unknown',
      alter column event_data set default '{}';
  end if;
end $$;

update public.processed_webhook_events e set
  event_type = coalesce(event_type, 'unknown'),
  event_data = coalesce(event_data, '{}'),
  processed_at = coalesce(processed_at, insights.as_time(event_data ->> 'timestamp'), now()),
  event_hash = coalesce(event_hash, encode(sha256(convert_to(e.id::text, 'UTF8')), 'hex')),
  occurred_at = coalesce(occurred_at, insights.as_time(event_data ->> 'timestamp'),
                         processed_at, now()),
  persona_id = coalesce(persona_id, event_data #>> '{properties,persona_id}',
                        event_data #>> '{data,persona_id}'),
  shutdown_reason = coalesce(shutdown_reason, event_data #>> '{properties,shutdown_reason}',
                             event_data #>> '{data,shutdown_reason}')
where occurred_at is null or event_hash is null or processed_at is null or event_type is null
   or event_data is null;
select insights.require_unique('public.processed_webhook_events',
  'processed_webhook_events_id_key', array['id']);
select insights.require_unique('public.processed_webhook_events',
  'processed_webhook_events_event_hash_key', array['event_hash']);
select insights.require_column('public.processed_webhook_events', c)
  from unnest(array['conversation_id', 'event_type', 'event_data', 'processed_at', 'event_hash',
                    'occurred_at']) c;
select insights.require_check('public.processed_webhook_events',
  'processed_webhook_events_received_via_check', 'received_via in (''http'', ''file'')');
select insights.require_check('public.processed_webhook_events',
  'processed_webhook_events_duration_check',
  'processing_duration_ms is null or processing_duration_ms >= 0');

alter table public.conversation_messages
  add column if not exists conversation_id text,
  add column if not exists message_id text,
  add column if not exists role text,
  add column if not exists content text,
  add column if not exists content_length integer,
  add column if not exists timestamp timestamptz,
  add column if not exists sentiment text,
  add column if not exists intent text,
  add column if not exists confidence numeric(3, 2),
  add column if not exists created_at timestamptz default now(),
  add column if not exists demo_id uuid references public.demos (id) on delete cascade,
  add column if not exists occurred_at timestamptz,
  add column if not exists seq integer not null default 0,
  add column if not exists label_source text;
update public.conversation_messages set
  occurred_at = coalesce(timestamp, created_at, now()),
  content_length = coalesce(content_length, char_length(content))
where occurred_at is null;
select insights.require_column('public.conversation_messages', c)
  from unnest(array['conversation_id', 'role', 'occurred_at']) c;
select insights.require_check('public.conversation_messages', 'conversation_messages_role_check',
  'role = any (enum_range(null::public.message_role)::text[])');
select insights.require_check('public.conversation_messages',
  'conversation_messages_confidence_check',
  'confidence is null or (confidence >= 0 and confidence <= 1)');
select insights.require_check('public.conversation_messages',
  'conversation_messages_label_source_check',
  'label_source is null or label_source in (''sender'', ''file'', ''local'')');
select insights.require_unique('public.conversation_messages',
  'conversation_messages_conversation_id_role_message_id_key',
  array['conversation_id', 'role', 'message_id']);

create index if not exists idx_webhook_events_conversation_id
  on public.processed_webhook_events (conversation_id);
create index if not exists idx_webhook_events_type on public.processed_webhook_events (event_type);
create index if not exists idx_webhook_events_processed_at
  on public.processed_webhook_events (processed_at);
create index if not exists idx_webhook_events_demo_processed
  on public.processed_webhook_events (demo_id, processed_at)
  include (event_type, processing_duration_ms);
create index if not exists idx_webhook_events_unmapped_persona
  on public.processed_webhook_events (persona_id)
  where demo_id is null and persona_id is not null;
create index if not exists idx_conversation_messages_conversation_id
  on public.conversation_messages (conversation_id, occurred_at, seq);
create index if not exists idx_conversation_messages_timestamp
  on public.conversation_messages (timestamp);
create index if not exists idx_conversation_messages_role on public.conversation_messages (role);
create index if not exists idx_conversation_messages_demo_occurred
  on public.conversation_messages (demo_id, occurred_at)
  include (role, sentiment, intent, confidence, conversation_id);

alter table public.processed_webhook_events enable row level security;
alter table public.conversation_messages enable row level security;
drop policy if exists "Users can select their webhook events" on public.processed_webhook_events;
create policy "Users can select their webhook events" on public.processed_webhook_events
  for select to authenticated using (demo_id = any ((select insights.my_demo_ids())::uuid[]));
drop policy if exists "Users can select their conversation messages"
  on public.conversation_messages;
create policy "Users can select their conversation messages" on public.conversation_messages
  for select to authenticated using (demo_id = any ((select insights.my_demo_ids())::uuid[]));
grant select on public.processed_webhook_events, public.conversation_messages to authenticated;
grant all on public.processed_webhook_events, public.conversation_messages to service_role;
revoke execute on all functions in schema insights from public;
