-- The bucket of demo videos. storage belongs to another role on hosted Supabase: what may not be
-- done here is told, and everything else goes on.
do $$
declare
  predicate constant text := $p$
    bucket_id = 'demo-videos'
    and (storage.foldername(name))[1] = any ((select insights.my_demo_ids())::text[])$p$;
  wanted record;
begin
  if to_regclass('storage.buckets') is null then
    raise warning 'there is no schema storage: the bucket demo-videos was not made';
    return;
  end if;
  insert into storage.buckets (id, name, public, file_size_limit)
  values ('demo-videos', 'demo-videos', false, 104857600) on conflict (id) do nothing;
  for wanted in select * from (values
      ('Users can view their own videos', 'select', 'using (%s)'),
      ('Users can upload their own videos', 'insert', 'with check (%s)'),
      ('Users can update their own videos', 'update', 'using (%1$s) with check (%1$s)'),
      ('Users can delete their own videos', 'delete', 'using (%s)')) p (name, command, clause) loop
    execute format('drop policy if exists %I on storage.objects', wanted.name);
    execute format('create policy %I on storage.objects for %s to authenticated ',
                   wanted.name, wanted.command) || format(wanted.clause, predicate);
  end loop;
exception when insufficient_privilege then
  raise warning 'the policies of storage.objects are not ours to set here: %', sqlerrm;
end $$;
