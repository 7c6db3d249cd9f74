-- A database of the platform from before its present document: fewer columns, no row security on
-- knowledge, an events table that only knows ids, public policies, doubled indexes, odd rows.
create type public.demo_status as enum ('draft', 'published', 'archived');
create table public.demos (
  id uuid primary key default gen_random_uuid(),
  name text not null,
  created_at timestamptz default now(),
  user_id uuid not null references auth.users (id),
  tavus_persona_id text,
  video_storage_path text not null,
  embeddable boolean default false
);
alter table public.demos enable row level security;
create policy "Users can view their own demos" on public.demos for select using (auth.uid() = user_id);
create policy "Anyone can view embeddable demos" on public.demos for select using (embeddable);
create index idx_demos_user_id on public.demos (user_id);
create index demos_user_id_again on public.demos (user_id);

create table public.knowledge_chunks (
  id uuid primary key default gen_random_uuid(),
  demo_id uuid not null references public.demos (id) on delete cascade,
  content text not null,
  vector_embedding extensions.vector(1536)
);
create table public.demo_videos (
  id uuid primary key default gen_random_uuid(),
  demo_id uuid not null references public.demos (id) on delete cascade,
  title text not null,
  storage_url text not null,
  order_index integer not null
);
create table public.processed_webhook_events (
  event_id text primary key,
  processed_at timestamptz default now()
);
create table public.conversation_details (
  id uuid primary key default gen_random_uuid(),
  demo_id uuid references public.demos (id) on delete cascade,
  tavus_conversation_id text unique,
  conversation_name text,
  started_at timestamptz
);
create table public.conversation_messages (
  id uuid primary key default gen_random_uuid(),
  conversation_id text not null,
  message_id text,
  role text not null,
  content text,
  timestamp timestamptz,
  confidence numeric(3, 2),
  created_at timestamptz default now()
);
create table public.audit_logs (
  id uuid primary key default gen_random_uuid(),
  user_id uuid references auth.users (id),
  action text not null,
  table_name text not null,
  created_at timestamptz default now()
);
create function public.get_demo_stats(demo_uuid uuid)
  returns table (video_count bigint, total_video_duration integer) language sql
  as $$ select 0::bigint, 0 $$;
