-- The documented statistics, dashboard and export, each child aggregated on its own. All run under
-- the caller's rights: naming somebody else gives nothing.
drop function if exists public.get_demo_stats(uuid);
create or replace function public.get_demo_stats(demo_uuid uuid)
  returns table (video_count bigint, knowledge_chunk_count bigint, total_video_duration bigint,
                 last_conversation_at timestamptz)
  language sql stable set search_path = '' as $$
  select
    (select count(*) from public.demo_videos v where v.demo_id = demo_uuid),
    (select count(*) from public.knowledge_chunks k where k.demo_id = demo_uuid),
    (select coalesce(sum(v.duration_seconds), 0)::bigint
     from public.demo_videos v where v.demo_id = demo_uuid),
    (select max(e.processed_at) from public.processed_webhook_events e
     where e.demo_id = demo_uuid)
$$;

create or replace function public.get_demo_dashboard(owner_id uuid)
  returns table (id uuid, name text, description text, status text, published_url text,
                 created_at timestamptz, updated_at timestamptz, video_count bigint,
                 knowledge_count bigint, last_activity timestamptz)
  language sql stable set search_path = '' as $$
  select d.id, d.name, d.description, d.status, d.published_url, d.created_at, d.updated_at,
         s.video_count, s.knowledge_chunk_count, s.last_conversation_at
  from public.demos d cross join lateral public.get_demo_stats(d.id) s
  where d.user_id = owner_id
  order by d.updated_at desc, d.id
$$;

create or replace function public.export_demo_data(owner_id uuid)
  returns table (demo jsonb, videos jsonb, knowledge_chunks jsonb)
  language sql stable set search_path = '' as $$
  select
    to_jsonb(d),
    (select coalesce(jsonb_agg(to_jsonb(v) order by v.order_index, v.id), '[]')
     from (select x.id, x.demo_id, x.title, x.storage_url, x.order_index, x.duration_seconds,
                  x.processing_status, x.transcript, x.created_at, x.updated_at
           from public.demo_videos x where x.demo_id = d.id) v),
    (select coalesce(jsonb_agg(to_jsonb(k) order by k.created_at, k.id), '[]')
     from (select x.id, x.demo_id, x.content, x.question, x.answer, x.source, x.embedding_model,
                  x.created_at, x.updated_at
           from public.knowledge_chunks x where x.demo_id = d.id) k)
  from (select x.id, x.name, x.description, x.created_at, x.updated_at, x.user_id, x.agent_name,
               x.agent_personality, x.agent_greeting, x.cta_text, x.cta_link, x.status,
               x.published_url, x.tavus_persona_id, x.tavus_conversation_id, x.video_storage_path,
               x.metadata
        from public.demos x where x.user_id = owner_id) d
  order by d.created_at, d.id
$$;

revoke execute on function public.get_demo_stats(uuid), public.get_demo_dashboard(uuid),
  public.export_demo_data(uuid) from public, anon;
grant execute on function public.get_demo_stats(uuid), public.get_demo_dashboard(uuid),
  public.export_demo_data(uuid) to authenticated, service_role, insights_reader;
