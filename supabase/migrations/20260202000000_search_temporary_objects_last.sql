-- Who may make temporary objects could give a function that runs with its owner's rights a type or a
-- table of theirs: what is temporary is looked for first, even before pg_catalog, unless the path says
-- where. Here it comes last, in every function that has a path: others may be called by those.
do $$
declare
  f record;
begin
  for f in
    select p.oid::regprocedure as name, p.prosecdef,
      (select nullif(substr(c.setting, 13), '""') from unnest(p.proconfig) c (setting)
       where c.setting like 'search\_path=%') as path,
      coalesce(array_to_string(p.proconfig, ' ') like '%search\_path=%', false) as has_path
    from pg_proc p
    where p.pronamespace in ('insights'::regnamespace, 'insights_private'::regnamespace)
  loop
    if (f.has_path or f.prosecdef) and coalesce(f.path, '') !~ 'pg_temp$' then
      execute format('alter function %s set search_path = %s', f.name,
                     concat_ws(', ', f.path, 'pg_temp'));
    end if;
  end loop;
end $$;
