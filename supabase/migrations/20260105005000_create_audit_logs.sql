-- Who changed what: the documented table with a demo, a writer and no vectors.
do $$ begin
  if to_regclass('public.audit_logs') is null then
    create table public.audit_logs (id uuid primary key default gen_random_uuid());
    perform insights.close_table('public.audit_logs');
  end if;
end $$;
alter table public.audit_logs
  add column if not exists user_id uuid,
  add column if not exists action text,
  add column if not exists table_name text,
  add column if not exists record_id uuid,
  add column if not exists old_values jsonb,
  add column if not exists new_values jsonb,
  add column if not exists created_at timestamptz default now(),
  add column if not exists demo_id uuid;
select insights.require_column('public.audit_logs', c) from unnest(array['action', 'table_name']) c;
do $$
declare named text;
begin
  -- Deleting a user must not fail, nor take the trace of what they did along.
  for named in select c.conname from pg_constraint c
    where c.conrelid = 'public.audit_logs'::regclass and c.contype = 'f'
      and c.confrelid = 'auth.users'::regclass and c.confdeltype <> 'n' loop
    execute format('alter table public.audit_logs drop constraint %I', named);
  end loop;
  if not exists (select from pg_constraint c
    where c.conrelid = 'public.audit_logs'::regclass and c.confrelid = 'auth.users'::regclass) then
    alter table public.audit_logs add constraint audit_logs_user_id_fkey
      foreign key (user_id) references auth.users (id) on delete set null not valid;
    if not insights.has_rows('public.audit_logs') then
      alter table public.audit_logs validate constraint audit_logs_user_id_fkey;
    end if;
  end if;
end $$;
create index if not exists idx_audit_logs_demo_created on public.audit_logs (demo_id, created_at);
create index if not exists idx_audit_logs_user_created on public.audit_logs (user_id, created_at);

alter table public.audit_logs enable row level security;
drop policy if exists "Users can view the audit log of their demos" on public.audit_logs;
create policy "Users can view the audit log of their demos" on public.audit_logs
  for select to authenticated using (
    demo_id = any ((select insights.my_demo_ids())::uuid[]) or user_id = (select auth.uid()));
grant select on public.audit_logs to authenticated;
grant all on public.audit_logs to service_role;

create or replace function insights.audit_row() returns trigger
  language plpgsql security definer set search_path = '' as $$
declare
  -- Made from the text, some by a later migration: a table without them has nothing to leave out.
  made constant text[] := array['vector_embedding', 'search_bits', 'search_words'];
  before jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) - made end;
  after jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) - made end;
  subject jsonb := coalesce(after, before);
begin
  -- An embedding that was made or made again is no edit.
  if tg_op = 'UPDATE' and before - array['updated_at', 'embedding_model']
                        = after - array['updated_at', 'embedding_model'] then
    return null;
  end if;
  insert into public.audit_logs
    (user_id, action, table_name, record_id, demo_id, old_values, new_values)
  values (
    (select u.id from auth.users u where u.id = insights.viewer_id()),
    lower(tg_op), tg_table_name, (subject ->> 'id')::uuid,
    case tg_table_name when 'demos' then subject ->> 'id' else subject ->> 'demo_id' end::uuid,
    before, after);
  return null;
end $$;
create or replace trigger audit_demos after insert or update or delete on public.demos
  for each row execute function insights.audit_row();
create or replace trigger audit_knowledge_chunks after insert or update or delete
  on public.knowledge_chunks for each row execute function insights.audit_row();

create or replace function insights.record(
  action text, table_name text, record_id uuid default null, demo_id uuid default null,
  details jsonb default null)
  returns void language plpgsql volatile security definer set search_path = '' as $$
#variable_conflict use_column
begin
  if record.demo_id is not null and not insights.is_product_team()
     and not record.demo_id = any (insights.my_demo_ids()) then
    raise insufficient_privilege using message = 'this demo is not yours';
  end if;
  insert into public.audit_logs (user_id, action, table_name, record_id, demo_id, new_values)
  values ((select u.id from auth.users u where u.id = insights.viewer_id()),
          record.action, record.table_name, record.record_id, record.demo_id, record.details);
end $$;
revoke execute on all functions in schema insights from public;
grant execute on function insights.record(text, text, uuid, uuid, jsonb)
  to insights_sessions, insights_editor;
