-- What each role may see and do. Per table and role one policy lets in and a restrictive one with
-- the same predicate keeps any other policy, ours or foreign, from letting in more.
create table if not exists insights.fences (
  relation text not null,
  role_name text not null,
  predicate text not null,
  primary key (relation, role_name)
);
alter table insights.fences enable row level security;
comment on table insights.fences is 'What each fence said when it was put up; `doctor` compares.';

create or replace function insights.fence(rel regclass, role_name text, predicate text)
  returns void language plpgsql set search_path = '' as $$
#variable_conflict use_column
begin
  execute format('alter table %s enable row level security', rel);
  execute format('drop policy if exists %I on %s', role_name || '_rows', rel);
  execute format('drop policy if exists %I on %s', role_name || '_fence', rel);
  execute format('create policy %I on %s to %I using (%s) with check (%s)',
                 role_name || '_rows', rel, role_name, predicate, predicate);
  execute format('create policy %I on %s as restrictive to %I using (%s) with check (%s)',
                 role_name || '_fence', rel, role_name, predicate, predicate);
  insert into insights.fences (relation, role_name, predicate)
  select fence.rel::text, fence.role_name, p.qual from pg_catalog.pg_policies p
  where format('%I.%I', p.schemaname, p.tablename) = fence.rel::text
    and p.policyname = fence.role_name || '_rows'
  on conflict (relation, role_name) do update set predicate = excluded.predicate;
end $$;
revoke execute on function insights.fence(regclass, text, text) from public;

do $$
declare
  mine constant text := 'demo_id = any ((select insights.my_demo_ids())::uuid[])';
  own constant text := 'user_id = (select insights.viewer_id())';
  product constant text := '(select insights.is_product_team())';
  rel text;
begin
  foreach rel in array array['public.demo_videos', 'public.knowledge_chunks',
      'public.conversation_details', 'public.custom_objectives', 'public.processed_webhook_events',
      'public.conversation_messages', 'insights.conversation_map', 'insights.delivery_counts'] loop
    perform insights.fence(rel, 'insights_reader', mine);
    perform insights.fence(rel, 'insights_editor', mine);
    perform insights.fence(rel, 'insights_product', product);
  end loop;
  perform insights.fence('public.demos', 'insights_reader', own);
  perform insights.fence('public.demos', 'insights_editor', own);
  perform insights.fence('public.demos', 'insights_product', product);
  perform insights.fence('public.audit_logs', 'insights_reader', mine || ' or ' || own);
  perform insights.fence('public.audit_logs', 'insights_editor', mine || ' or ' || own);
  perform insights.fence('public.audit_logs', 'insights_product', product);
  foreach rel in array array['public.demos', 'public.conversation_details',
      'public.processed_webhook_events', 'public.conversation_messages',
      'insights.conversation_map', 'insights.delivery_counts'] loop
    perform insights.fence(rel, 'insights_ingest', 'true');
    perform insights.fence(rel, 'insights_worker', 'true');
  end loop;
end $$;

grant select on public.demos, public.demo_videos, public.knowledge_chunks,
  public.conversation_details, public.custom_objectives, public.processed_webhook_events,
  public.conversation_messages, public.audit_logs, insights.conversation_map,
  insights.delivery_counts to insights_reader;

-- The product team: everybody's rows, nobody's words.
grant select (id, user_id, name, status, published_url, tavus_persona_id, tavus_conversation_id,
  created_at, updated_at) on public.demos to insights_product;
grant select (id, demo_id, order_index, duration_seconds, processing_status, created_at,
  updated_at) on public.demo_videos to insights_product;
grant select (id, demo_id, embedding_model, created_at, updated_at)
  on public.knowledge_chunks to insights_product;
grant select (id, demo_id, tavus_conversation_id, started_at, completed_at, duration_seconds,
  status, is_test, created_at, updated_at) on public.conversation_details to insights_product;
grant select (id, demo_id, is_active, created_at, updated_at)
  on public.custom_objectives to insights_product;
grant select (id, conversation_id, event_type, processed_at, processing_duration_ms, demo_id,
  occurred_at, received_via, persona_id, shutdown_reason)
  on public.processed_webhook_events to insights_product;
grant select (id, conversation_id, message_id, role, content_length, timestamp, sentiment, intent,
  confidence, created_at, demo_id, occurred_at, seq, label_source)
  on public.conversation_messages to insights_product;
grant select (id, user_id, action, table_name, record_id, demo_id, created_at)
  on public.audit_logs to insights_product;
grant select on insights.conversation_map, insights.delivery_counts to insights_product;

create or replace function insights.owner_labels()
  returns table (user_id uuid, label text)
  language sql stable security definer set search_path = '' as $$
  select u.id, split_part(u.email, '@', 2) || ' · ' || left(u.id::text, 8)
  from auth.users u
  where insights.is_product_team() and exists (select from public.demos d where d.user_id = u.id)
$$;
revoke execute on function insights.owner_labels() from public;
grant execute on function insights.owner_labels() to insights_product;

-- The editor: what an owner may change here.
grant select on public.demos, public.demo_videos, public.knowledge_chunks,
  public.conversation_details, insights.conversation_map to insights_editor;
grant insert (id, user_id, name, description, status, metadata) on public.demos to insights_editor;
grant insert, update, delete on public.knowledge_chunks to insights_editor;
grant update (is_test) on public.conversation_details to insights_editor;
drop policy if exists insights_editor_draft on public.demos;
create policy insights_editor_draft on public.demos as restrictive for insert to insights_editor
  with check (status = 'draft');

grant select (id, tavus_persona_id, tavus_conversation_id) on public.demos to insights_ingest;
grant select, insert on public.processed_webhook_events to insights_ingest;
grant select, delete on public.conversation_messages to insights_ingest;
grant insert (id, conversation_id, message_id, role, content, timestamp, sentiment, intent,
  confidence, occurred_at, seq, label_source),
  update (message_id, role, content, timestamp, sentiment, intent, confidence, occurred_at, seq,
  label_source) on public.conversation_messages to insights_ingest;
grant select, insert, update on public.conversation_details to insights_ingest;
grant select on insights.conversation_map, insights.delivery_counts to insights_ingest;

grant select (id, user_id) on public.demos to insights_worker;
grant select (id, demo_id, tavus_conversation_id, started_at, completed_at, duration_seconds,
  status, is_test) on public.conversation_details to insights_worker;
grant select (id, conversation_id, event_type, processed_at, processing_duration_ms, demo_id,
  occurred_at, received_via, shutdown_reason) on public.processed_webhook_events to insights_worker;
-- content, because a confident miss compares the words of two messages.
grant select on public.conversation_messages to insights_worker;
grant select on insights.conversation_map to insights_worker;
