-- How many chunks a demo has and how many of them no search can find: the product team may count
-- them without the right to read a vector.
create or replace function insights.chunk_counts()
  returns table (demo_id uuid, chunks bigint, without_embedding bigint)
  language sql stable security definer set search_path = '' as $$
  select k.demo_id, count(*), count(*) filter (where k.vector_embedding is null)
  from public.knowledge_chunks k
  where insights.is_product_team() or k.demo_id = any ((select insights.my_demo_ids())::uuid[])
  group by k.demo_id
$$;
revoke execute on function insights.chunk_counts() from public;
grant execute on function insights.chunk_counts() to insights_reader, insights_product;
