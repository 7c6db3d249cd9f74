-- What an owner noted beside a conversation: that somebody read it, and a note. A note is words.
create table if not exists insights.reviews (
  demo_id uuid not null references public.demos (id) on delete cascade,
  conversation_id text not null,
  reviewed_at timestamptz,
  note text not null default '' check (char_length(note) <= 2000),
  by uuid default insights.viewer_id() references auth.users (id) on delete set null,
  updated_at timestamptz not null default now(),
  primary key (demo_id, conversation_id)
);
select insights.close_table('insights.reviews');

do $$
declare
  mine constant text := 'demo_id = any ((select insights.my_demo_ids())::uuid[])';
begin
  perform insights.fence('insights.reviews', 'insights_reader', mine);
  perform insights.fence('insights.reviews', 'insights_editor', mine);
  perform insights.fence('insights.reviews', 'insights_product',
    '(select insights.is_product_team())');
end $$;
-- A review belongs to a conversation of that demo, so that no id can be probed for.
drop policy if exists insights_editor_known on insights.reviews;
create policy insights_editor_known on insights.reviews as restrictive for insert
  to insights_editor with check (exists (
    select from insights.conversation_map m
    where m.conversation_id = reviews.conversation_id and m.demo_id = reviews.demo_id));

grant select on insights.reviews to insights_reader, insights_editor;
grant select (demo_id, conversation_id, reviewed_at, by, updated_at)
  on insights.reviews to insights_product;
grant insert (demo_id, conversation_id, reviewed_at, note),
  update (reviewed_at, note, updated_at) on insights.reviews to insights_editor;
