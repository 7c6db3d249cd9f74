-- Addresses of pages that somebody keeps under a name. An address says what is asked, never whose
-- rows are shown.
create table if not exists insights.saved_views (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null default insights.viewer_id() references auth.users (id) on delete cascade,
  name text not null check (char_length(btrim(name)) between 1 and 80),
  page text not null check (page ~ '^[a-z_]{1,40}$'),
  query text not null default '' check (char_length(query) <= 4000),
  created_at timestamptz not null default now(),
  unique (user_id, name)
);
select insights.close_table('insights.saved_views');

do $$
declare
  own constant text := 'user_id = (select insights.viewer_id())';
  wanted text;
begin
  foreach wanted in array array['insights_reader', 'insights_editor', 'insights_product'] loop
    perform insights.fence('insights.saved_views', wanted, own);
  end loop;
end $$;

grant select on insights.saved_views to insights_reader, insights_editor, insights_product;
grant insert (name, page, query), update (page, query), delete
  on insights.saved_views to insights_editor;
