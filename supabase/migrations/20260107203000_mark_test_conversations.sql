-- A conversation of the viewer's own is a test or is not; true when that could be kept. One that
-- the platform has no row for gets one, which says no more than the map says already.
create or replace function insights.mark_test(conversation_id text, is_test boolean)
  returns boolean language plpgsql volatile security definer set search_path = '' as $$
#variable_conflict use_column
declare
  own constant uuid := (
    select m.demo_id from insights.conversation_map m
    where m.conversation_id = mark_test.conversation_id
      and m.demo_id = any (insights.my_demo_ids()));
  kept boolean;
begin
  if own is null then
    return false;
  end if;
  insert into public.conversation_details as d (demo_id, tavus_conversation_id, is_test)
  values (own, mark_test.conversation_id, mark_test.is_test)
  on conflict (tavus_conversation_id) do update set is_test = excluded.is_test
    where d.demo_id = own;
  kept := found;
  if kept then
    perform insights.record('mark_test', 'conversation_details', null, own, jsonb_build_object(
      'conversation_id', mark_test.conversation_id, 'is_test', mark_test.is_test));
  end if;
  return kept;
end $$;
revoke execute on function insights.mark_test(text, boolean) from public;
grant execute on function insights.mark_test(text, boolean) to insights_editor;
