-- Real-time subscriptions of the platform's own clients.
do $$
declare rel text;
begin
  if not exists (select from pg_publication where pubname = 'supabase_realtime') then
    create publication supabase_realtime;
  end if;
  foreach rel in array array['demos', 'processed_webhook_events'] loop
    if not exists (select from pg_publication_tables
                   where pubname = 'supabase_realtime' and schemaname = 'public'
                     and tablename = rel)
       and not exists (select from pg_publication
                       where pubname = 'supabase_realtime' and puballtables) then
      execute format('alter publication supabase_realtime add table public.%I', rel);
    end if;
  end loop;
exception when insufficient_privilege then
  raise warning 'the publication supabase_realtime is not ours to change here: %', sqlerrm;
end $$;
