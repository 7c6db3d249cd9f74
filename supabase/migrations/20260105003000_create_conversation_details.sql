-- One row per conversation as the platform keeps it, and the objectives of a demo's agent.
do $$ begin
  if to_regclass('public.conversation_details') is null then
    create table public.conversation_details (id uuid primary key default gen_random_uuid());
    perform insights.close_table('public.conversation_details');
  end if;
  if to_regclass('public.custom_objectives') is null then
    create table public.custom_objectives (id uuid primary key default gen_random_uuid());
    perform insights.close_table('public.custom_objectives');
  end if;
end $$;

alter table public.conversation_details
  add column if not exists demo_id uuid references public.demos (id) on delete cascade,
  add column if not exists tavus_conversation_id text,
  add column if not exists conversation_name text,
  add column if not exists transcript jsonb,
  add column if not exists perception_analysis jsonb,
  add column if not exists started_at timestamptz,
  add column if not exists completed_at timestamptz,
  add column if not exists duration_seconds integer,
  add column if not exists status text default 'active',
  add column if not exists created_at timestamptz default now(),
  add column if not exists updated_at timestamptz default now(),
  add column if not exists is_test boolean not null default false;
select insights.require_column('public.conversation_details', 'demo_id');
select insights.require_unique('public.conversation_details',
  'conversation_details_tavus_conversation_id_key', array['tavus_conversation_id']);
select insights.require_check('public.conversation_details', 'conversation_details_duration_check',
  'duration_seconds is null or duration_seconds >= 0');
update public.conversation_details set is_test = true
  where not is_test and lower(conversation_name) ~ '^\s*test\M';

alter table public.custom_objectives
  add column if not exists demo_id uuid references public.demos (id) on delete cascade,
  add column if not exists name text,
  add column if not exists description text,
  add column if not exists objectives jsonb default '[]',
  add column if not exists is_active boolean default false,
  add column if not exists created_at timestamptz default now(),
  add column if not exists updated_at timestamptz default now();
select insights.require_column('public.custom_objectives', c) from unnest(array['demo_id', 'name']) c;

create index if not exists idx_conversation_details_demo_started
  on public.conversation_details (demo_id, started_at);
create index if not exists idx_custom_objectives_demo_id on public.custom_objectives (demo_id);
create or replace trigger update_conversation_details_updated_at before update
  on public.conversation_details for each row execute function public.update_updated_at_column();
create or replace trigger update_custom_objectives_updated_at before update
  on public.custom_objectives for each row execute function public.update_updated_at_column();

alter table public.conversation_details enable row level security;
alter table public.custom_objectives enable row level security;
drop policy if exists "Users can select their conversation details" on public.conversation_details;
create policy "Users can select their conversation details" on public.conversation_details
  for select to authenticated using (demo_id = any ((select insights.my_demo_ids())::uuid[]));
drop policy if exists "Users can select their custom objectives" on public.custom_objectives;
create policy "Users can select their custom objectives" on public.custom_objectives
  for select to authenticated using (demo_id = any ((select insights.my_demo_ids())::uuid[]));
drop policy if exists "Users can insert their custom objectives" on public.custom_objectives;
create policy "Users can insert their custom objectives" on public.custom_objectives
  for insert to authenticated with check (demo_id = any ((select insights.my_demo_ids())::uuid[]));
drop policy if exists "Users can update their custom objectives" on public.custom_objectives;
create policy "Users can update their custom objectives" on public.custom_objectives
  for update to authenticated using (demo_id = any ((select insights.my_demo_ids())::uuid[]))
  with check (demo_id = any ((select insights.my_demo_ids())::uuid[]));
drop policy if exists "Users can delete their custom objectives" on public.custom_objectives;
create policy "Users can delete their custom objectives" on public.custom_objectives
  for delete to authenticated using (demo_id = any ((select insights.my_demo_ids())::uuid[]));
-- Who a conversation belongs to follows from details: no user writes them.
grant select on public.conversation_details to authenticated;
grant select, insert, update, delete on public.custom_objectives to authenticated;
grant all on public.conversation_details, public.custom_objectives to service_role;
