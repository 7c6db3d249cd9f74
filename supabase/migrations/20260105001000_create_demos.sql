-- Demos and their videos, as the platform's database document has them.
do $$ begin
  if to_regtype('public.demo_status') is null then
    create type public.demo_status as enum ('draft', 'published', 'archived');
  end if;
  if to_regtype('public.processing_status') is null then
    create type public.processing_status as enum ('pending', 'processing', 'completed', 'failed');
  end if;
  if to_regtype('public.message_role') is null then
    create type public.message_role as enum ('user', 'assistant', 'system');
  end if;
  if to_regclass('public.demos') is null then
    create table public.demos (id uuid primary key default gen_random_uuid());
    perform insights.close_table('public.demos');
  end if;
  if to_regclass('public.demo_videos') is null then
    create table public.demo_videos (id uuid primary key default gen_random_uuid());
    perform insights.close_table('public.demo_videos');
  end if;
end $$;

alter table public.demos
  add column if not exists name text,
  add column if not exists description text,
  add column if not exists created_at timestamptz default now(),
  add column if not exists updated_at timestamptz default now(),
  add column if not exists user_id uuid references auth.users (id),
  add column if not exists agent_name text default 'Demo Agent',
  add column if not exists agent_personality text default 'Friendly and helpful',
  add column if not exists agent_greeting text
    default 'Hello! I''m your demo agent. How can I help you today?',
  add column if not exists cta_text text,
  add column if not exists cta_link text,
  add column if not exists status text default 'draft',
  add column if not exists published_url text,
  add column if not exists tavus_persona_id text,
  add column if not exists tavus_conversation_id text,
  add column if not exists video_storage_path text default '',
  add column if not exists metadata jsonb default '{}';
alter table public.demos alter column video_storage_path set default '';
alter table public.demos alter column status set default 'draft';

update public.demos set name = 'Untitled demo' where name is null;
update public.demos set status = 'draft' where status is null;
select insights.require_column('public.demos', 'name');
select insights.require_column('public.demos', 'user_id');
select insights.require_column('public.demos', 'status');
select insights.require_check('public.demos', 'demos_status_check',
  'status = any (enum_range(null::public.demo_status)::text[])');
select insights.require_check('public.demos', 'demos_name_length_check',
  'char_length(name) >= 1 and char_length(name) <= 255');

alter table public.demo_videos
  add column if not exists demo_id uuid references public.demos (id) on delete cascade,
  add column if not exists title text,
  add column if not exists storage_url text,
  add column if not exists order_index integer,
  add column if not exists duration_seconds integer,
  add column if not exists processing_status text default 'pending',
  add column if not exists created_at timestamptz default now(),
  add column if not exists updated_at timestamptz default now(),
  add column if not exists transcript text;
update public.demo_videos set processing_status = 'pending' where processing_status is null;
select insights.require_column('public.demo_videos', c)
  from unnest(array['demo_id', 'title', 'storage_url', 'order_index', 'processing_status']) c;
select insights.require_check('public.demo_videos', 'demo_videos_order_index_check',
  'order_index >= 0');
select insights.require_check('public.demo_videos', 'demo_videos_duration_check',
  'duration_seconds is null or duration_seconds > 0');
select insights.require_check('public.demo_videos', 'demo_videos_processing_status_check',
  'processing_status = any (enum_range(null::public.processing_status)::text[])');
-- Deferrable, so that two videos can change places in one transaction.
select insights.require_unique('public.demo_videos', 'demo_videos_demo_id_order_index_key',
  array['demo_id', 'order_index'], deferred => true);

create index if not exists idx_demos_user_status on public.demos (user_id, status);
create index if not exists idx_demos_status on public.demos (status);
create index if not exists idx_demos_tavus_persona_id on public.demos (tavus_persona_id);
create index if not exists idx_demos_tavus_conversation_id on public.demos (tavus_conversation_id);
create index if not exists idx_demos_metadata_gin on public.demos using gin (metadata);
create index if not exists idx_demo_videos_status on public.demo_videos (processing_status);
create index if not exists idx_videos_processing on public.demo_videos (demo_id)
  where processing_status = 'pending';
do $$ begin
  -- The unique index serves this one, unless old rows kept it from being made.
  if not exists (select from pg_index i join pg_attribute a
                   on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
                 where i.indrelid = 'public.demo_videos'::regclass and a.attname = 'demo_id'
                   and i.indpred is null) then
    create index idx_demo_videos_order on public.demo_videos (demo_id, order_index);
  end if;
end $$;

-- One evaluation per statement, and an array that can drive an index. SECURITY DEFINER, because
-- the policies of demos would otherwise be asked from inside themselves.
create or replace function insights.my_demo_ids() returns uuid[]
  language sql stable security definer parallel safe set search_path = '' as $$
  select coalesce(array_agg(d.id), '{}') from public.demos d
  where d.user_id = insights.viewer_id()
$$;
revoke execute on function insights.my_demo_ids() from public;
grant execute on function insights.my_demo_ids()
  to authenticated, service_role, insights_reader, insights_product, insights_editor;

create or replace function public.update_updated_at_column() returns trigger
  language plpgsql set search_path = '' as $$
begin
  new.updated_at = now();
  return new;
end $$;
create or replace trigger update_demos_updated_at before update on public.demos
  for each row execute function public.update_updated_at_column();
create or replace trigger update_demo_videos_updated_at before update on public.demo_videos
  for each row execute function public.update_updated_at_column();

alter table public.demos enable row level security;
alter table public.demo_videos enable row level security;

drop policy if exists "Users can view their own demos" on public.demos;
create policy "Users can view their own demos" on public.demos
  for select to authenticated using (user_id = (select auth.uid()));
drop policy if exists "Users can insert their own demos" on public.demos;
create policy "Users can insert their own demos" on public.demos
  for insert to authenticated with check (user_id = (select auth.uid()));
drop policy if exists "Users can update their own demos" on public.demos;
create policy "Users can update their own demos" on public.demos
  for update to authenticated using (user_id = (select auth.uid()))
  with check (user_id = (select auth.uid()));
drop policy if exists "Users can delete their own demos" on public.demos;
create policy "Users can delete their own demos" on public.demos
  for delete to authenticated using (user_id = (select auth.uid()));

drop policy if exists "Users can select their demo videos" on public.demo_videos;
create policy "Users can select their demo videos" on public.demo_videos
  for select to authenticated using (demo_id = any ((select insights.my_demo_ids())::uuid[]));
drop policy if exists "Users can insert their demo videos" on public.demo_videos;
create policy "Users can insert their demo videos" on public.demo_videos
  for insert to authenticated with check (demo_id = any ((select insights.my_demo_ids())::uuid[]));
drop policy if exists "Users can update their demo videos" on public.demo_videos;
create policy "Users can update their demo videos" on public.demo_videos
  for update to authenticated using (demo_id = any ((select insights.my_demo_ids())::uuid[]))
  with check (demo_id = any ((select insights.my_demo_ids())::uuid[]));
drop policy if exists "Users can delete their demo videos" on public.demo_videos;
create policy "Users can delete their demo videos" on public.demo_videos
  for delete to authenticated using (demo_id = any ((select insights.my_demo_ids())::uuid[]));

grant select, insert, update, delete on public.demos, public.demo_videos to authenticated;
grant all on public.demos, public.demo_videos to service_role;
