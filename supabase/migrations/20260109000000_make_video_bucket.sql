-- The bucket of demo videos also where the policies of storage.objects may not be set, which took
-- the bucket along with them.
do $$ begin
  if to_regclass('storage.buckets') is not null then
    insert into storage.buckets (id, name, public, file_size_limit)
    values ('demo-videos', 'demo-videos', false, 104857600) on conflict (id) do nothing;
  end if;
exception when insufficient_privilege or undefined_column then
  raise warning 'the bucket demo-videos is not ours to make here: %', sqlerrm;
end $$;
