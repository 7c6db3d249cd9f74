-- Knowledge: text chunks, their embeddings and the model that made each.
do $$ begin
  if to_regclass('public.knowledge_chunks') is null then
    create table public.knowledge_chunks (id uuid primary key default gen_random_uuid());
    perform insights.close_table('public.knowledge_chunks');
  end if;
end $$;

alter table public.knowledge_chunks
  add column if not exists demo_id uuid references public.demos (id) on delete cascade,
  add column if not exists content text,
  add column if not exists question text,
  add column if not exists answer text,
  add column if not exists source text,
  add column if not exists vector_embedding vector(1536),
  add column if not exists created_at timestamptz default now(),
  add column if not exists updated_at timestamptz default now(),
  add column if not exists embedding_model text;
select insights.require_column('public.knowledge_chunks', c)
  from unnest(array['demo_id', 'content']) c;
select insights.require_check('public.knowledge_chunks', 'knowledge_chunks_content_length_check',
  'char_length(content) >= 1');

create index if not exists idx_chunks_demo_source on public.knowledge_chunks (demo_id, source);
-- Documented, and kept from being picked for a search: see search_knowledge_chunks.
create index if not exists knowledge_chunks_vector_embedding_idx on public.knowledge_chunks
  using ivfflat (vector_embedding vector_cosine_ops) with (lists = 100);

create or replace trigger update_knowledge_chunks_updated_at before update
  on public.knowledge_chunks for each row execute function public.update_updated_at_column();

alter table public.knowledge_chunks enable row level security;
drop policy if exists "Users can select their knowledge chunks" on public.knowledge_chunks;
create policy "Users can select their knowledge chunks" on public.knowledge_chunks
  for select to authenticated using (demo_id = any ((select insights.my_demo_ids())::uuid[]));
drop policy if exists "Users can insert their knowledge chunks" on public.knowledge_chunks;
create policy "Users can insert their knowledge chunks" on public.knowledge_chunks
  for insert to authenticated with check (demo_id = any ((select insights.my_demo_ids())::uuid[]));
drop policy if exists "Users can update their knowledge chunks" on public.knowledge_chunks;
create policy "Users can update their knowledge chunks" on public.knowledge_chunks
  for update to authenticated using (demo_id = any ((select insights.my_demo_ids())::uuid[]))
  with check (demo_id = any ((select insights.my_demo_ids())::uuid[]));
drop policy if exists "Users can delete their knowledge chunks" on public.knowledge_chunks;
create policy "Users can delete their knowledge chunks" on public.knowledge_chunks
  for delete to authenticated using (demo_id = any ((select insights.my_demo_ids())::uuid[]));
grant select, insert, update, delete on public.knowledge_chunks to authenticated;
grant all on public.knowledge_chunks to service_role;

create table if not exists insights.embedding_models (
  name text primary key,
  threshold double precision not null check (threshold between -1 and 1)
);
comment on table insights.embedding_models is
  'The cosine similarity from which a chunk counts as a match, by the model of its embedding.';
alter table insights.embedding_models enable row level security;
drop policy if exists insights_everybody on insights.embedding_models;
create policy insights_everybody on insights.embedding_models for select to authenticated,
  insights_reader, insights_product, insights_editor using (true);
grant select on insights.embedding_models to authenticated, service_role, insights_reader,
  insights_product, insights_editor;
insert into insights.embedding_models (name, threshold) values
  ('all-MiniLM-L6-v2', 0.35), ('text-embedding-3-small', 0.35), ('text-embedding-ada-002', 0.78)
on conflict (name) do nothing;

-- Exact on purpose: `+ 0` keeps the ivfflat index out of the plan, whose recall under a filter on
-- demo_id is poor. Without a threshold each chunk is held against that of its own model.
drop function if exists public.search_knowledge_chunks(vector, uuid, double precision, integer);
create or replace function public.search_knowledge_chunks(
  query_embedding vector(1536),
  demo_id uuid,
  match_threshold double precision default null,
  match_count integer default 5)
  returns table (id uuid, content text, question text, answer text, source text,
                 similarity double precision)
  language sql stable set search_path = public, extensions as $$
  select k.id, k.content, k.question, k.answer, k.source,
         1 - (k.vector_embedding <=> search_knowledge_chunks.query_embedding) as similarity
  from public.knowledge_chunks k
  left join insights.embedding_models m on m.name = k.embedding_model
  where k.demo_id = search_knowledge_chunks.demo_id
    and 1 - (k.vector_embedding <=> search_knowledge_chunks.query_embedding)
        > coalesce(search_knowledge_chunks.match_threshold, m.threshold, 0.7)
  order by (k.vector_embedding <=> search_knowledge_chunks.query_embedding) + 0, k.id
  limit greatest(search_knowledge_chunks.match_count, 0)
$$;
revoke execute on function
  public.search_knowledge_chunks(vector, uuid, double precision, integer) from public, anon;
grant execute on function public.search_knowledge_chunks(vector, uuid, double precision, integer)
  to authenticated, service_role, insights_reader;
