-- From when on a demo still has its conversations, and their words. What was counted before that
-- stays as it was counted: whoever recomputes derived tables asks insights.detail_since first.
create table if not exists insights.detail_kept (
  demo_id uuid primary key references public.demos (id) on delete cascade,
  deleted_before timestamptz,
  anonymised_before timestamptz,
  changed_at timestamptz not null default now()
);
comment on table insights.detail_kept is
  'Conversations that ended before these moments were deleted, or lost their words.';
select insights.close_table('insights.detail_kept');

do $$
declare
  mine constant text := 'demo_id = any ((select insights.my_demo_ids())::uuid[])';
begin
  perform insights.fence('insights.detail_kept', 'insights_reader', mine);
  perform insights.fence('insights.detail_kept', 'insights_product',
    '(select insights.is_product_team())');
  perform insights.fence('insights.detail_kept', 'insights_worker', 'true');
end $$;
grant select on insights.detail_kept to insights_reader, insights_product, insights_worker;

-- The moment before which the rows of `demo` no longer say everything; NULL: they say everything.
-- Under the caller's rights: the worker sees every demo, a viewer their own.
create or replace function insights.detail_since(demo uuid) returns timestamptz
  language sql stable parallel safe set search_path = '' as $$
  select greatest(k.deleted_before, k.anonymised_before) from insights.detail_kept k
  where k.demo_id = detail_since.demo
$$;
revoke execute on function insights.detail_since(uuid) from public;
grant execute on function insights.detail_since(uuid)
  to insights_reader, insights_product, insights_worker;

-- Open pages learn of it like of any other change.
select insights.watch('insights.detail_kept');
