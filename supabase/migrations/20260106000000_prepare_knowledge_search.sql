-- What a search reads instead of 6 kB of vector and the text: its signs and its words.
alter table public.knowledge_chunks
  add column if not exists search_bits bit(1536)
    generated always as (binary_quantize(vector_embedding)::bit(1536)) stored,
  -- Cut, because a tsvector of more than 1 MB would refuse the platform's row.
  add column if not exists search_words tsvector generated always as (
    setweight(to_tsvector('english'::regconfig, coalesce(left(question, 20000), '')), 'A')
    || to_tsvector('english'::regconfig, coalesce(left(content, 200000), ''))
    || case when position(coalesce(answer, '') in coalesce(content, '')) > 0 then ''::tsvector
            else to_tsvector('english'::regconfig, left(answer, 200000)) end) stored;

create index if not exists idx_knowledge_chunks_demo_model
  on public.knowledge_chunks (demo_id, embedding_model);
create index if not exists idx_knowledge_chunks_demo_words
  on public.knowledge_chunks using gin (demo_id, search_words);

-- A new text under an old vector: nobody knows any more what the vector stands for, so that it is
-- made again, and searched by nobody until then. The vector itself stays for the platform's own
-- search. Runs after the trigger that sets updated_at: a new embedding is no edit.
create or replace function insights.follow_text() returns trigger
  language plpgsql set search_path = public, extensions as $$
begin
  if new.vector_embedding is null then
    new.embedding_model := null;
  end if;
  if tg_op = 'INSERT' then
    return new;
  end if;
  if (new.content, new.question, new.answer)
      is distinct from (old.content, old.question, old.answer) then
    if new.vector_embedding is not distinct from old.vector_embedding then
      new.embedding_model := null;
    end if;
  elsif (new.demo_id, new.source) is not distinct from (old.demo_id, old.source) then
    new.updated_at := old.updated_at;
  end if;
  return new;
end $$;
revoke execute on function insights.follow_text() from public;
create or replace trigger version_knowledge_chunks before insert or update on public.knowledge_chunks
  for each row execute function insights.follow_text();
