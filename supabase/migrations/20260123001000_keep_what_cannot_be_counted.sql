-- Counts of conversations that retention has deleted are all that is left of them: they stay when
-- everything else is counted anew, and go with their demo.

-- As before, but for those. First that nothing is kept, so that nobody brings anything up to date on
-- the way.
create or replace function insights.forget_rollups() returns trigger
  language plpgsql security definer set search_path = '' as $$
begin
  update insights.rollup_state set complete = false, position = '', done = 0, updated_at = now();
  delete from insights.conversation_rollups r where r.conversation_id not like 'gone-%';
  insert into insights.change_queue (source) values ('truncate');
  return null;
end $$;

-- As before, but for those.
create or replace function insights.fill_conversations(
  after text, most integer, out did integer, out next text)
  language plpgsql volatile set search_path = '' as $$
declare ids text[];
begin
  if after = '' then
    delete from insights.conversation_rollups r
    where r.conversation_id not like 'gone-%' and not exists (
      select from insights.conversation_map m where m.conversation_id = r.conversation_id);
  end if;
  ids := array(select m.conversation_id from insights.conversation_map m
               where m.conversation_id > after order by m.conversation_id limit most);
  perform insights.refresh_conversations(ids);
  did := cardinality(ids);
  next := case when did = most then ids[did] end;
end $$;

-- A demo that is deleted takes along what no row leads to any more.
create or replace function insights.forget_demos() returns trigger
  language plpgsql security definer set search_path = '' as $$
begin
  delete from insights.conversation_rollups r using touched t where r.demo_id = t.id;
  delete from insights.message_hours h using touched t where h.demo_id = t.id;
  delete from insights.message_days d using touched t where d.demo_id = t.id;
  delete from insights.intent_days d using touched t where d.demo_id = t.id;
  delete from insights.event_hours h using touched t where h.demo_id = t.id;
  delete from insights.event_days d using touched t where d.demo_id = t.id;
  return null;
end $$;
create or replace trigger forget_demos after delete on public.demos
  referencing old table as touched for each statement execute function insights.forget_demos();

revoke execute on function insights.forget_rollups(), insights.fill_conversations(text, integer),
  insights.forget_demos() from public;
grant execute on function insights.fill_conversations(text, integer) to insights_worker;
