-- An archive is put back as it was written: what triggers would add, rename or note is in it
-- already. The triggers that queue changes and that keep erased conversations away go on working.
-- Holds until `on` is false again, or the transaction ends without having been committed.
create or replace function insights.take_rows_as_they_are(switched_on boolean)
  returns void language plpgsql volatile set search_path = '' as $$
declare
  named record;
begin
  for named in
    select t.tgrelid::regclass as rel, t.tgname from pg_catalog.pg_trigger t
    where not t.tgisinternal and (t.tgrelid::regclass::text, t.tgname) in (
      ('public.demos', 'audit_demos'), ('public.demos', 'demo_settles'),
      ('public.knowledge_chunks', 'audit_knowledge_chunks'),
      ('public.conversation_details', 'details_arrive'),
      ('public.conversation_details', 'details_settle'),
      ('public.processed_webhook_events', 'event_arrives'),
      ('public.conversation_messages', 'message_arrives'))
  loop
    execute format('alter table %s %s trigger %I', named.rel,
                   case when switched_on then 'disable' else 'enable' end, named.tgname);
  end loop;
end $$;
revoke execute on function insights.take_rows_as_they_are(boolean) from public;
