-- Access as the platform's database document writes it: the policies of demos word for word, and
-- those of its child tables, which it has not written for messages and events, in the same words.
do $$
declare found record;
begin
  for found in
    select p.policyname, p.schemaname, p.tablename from pg_policies p
    where p.schemaname = 'public' and 'authenticated' = any (p.roles::text[])
      and p.tablename in ('demos', 'demo_videos', 'knowledge_chunks', 'conversation_messages',
                          'processed_webhook_events')
  loop
    execute format('drop policy %I on %I.%I', found.policyname, found.schemaname, found.tablename);
  end loop;
end $$;
create policy "as documented" on public.demos for select using (auth.uid() = user_id);
create policy "as documented" on public.demo_videos for select
  using ((select user_id from public.demos where id = demo_id) = auth.uid());
create policy "as documented" on public.knowledge_chunks for select
  using ((select user_id from public.demos where id = demo_id) = auth.uid());
create policy "as documented" on public.conversation_messages for select
  using ((select user_id from public.demos where id = demo_id) = auth.uid());
create policy "as documented" on public.processed_webhook_events for select
  using ((select user_id from public.demos where id = demo_id) = auth.uid());
