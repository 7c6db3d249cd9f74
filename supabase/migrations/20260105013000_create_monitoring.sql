-- The documented health and monitoring questions, in names that Postgres has today.
create or replace view insights.table_sizes as
  select n.nspname::text as schema_name, c.relname::text as table_name,
         pg_total_relation_size(c.oid) as total_bytes,
         pg_size_pretty(pg_total_relation_size(c.oid)) as size,
         greatest(c.reltuples, 0)::bigint as estimated_rows
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p') and n.nspname in ('public', 'insights', 'insights_private')
  order by pg_total_relation_size(c.oid) desc;

create or replace view insights.index_usage as
  select s.schemaname::text as schema_name, s.relname::text as table_name,
         s.indexrelname::text as index_name, s.idx_scan, s.idx_tup_read, s.idx_tup_fetch,
         pg_relation_size(s.indexrelid) as bytes
  from pg_stat_user_indexes s
  where s.schemaname in ('public', 'insights', 'insights_private')
  order by s.idx_scan desc;

create or replace function insights.slow_queries(most integer default 10)
  returns table (query text, calls bigint, total_ms double precision, mean_ms double precision,
                 result_rows bigint)
  language plpgsql stable security definer set search_path = extensions, public as $$
begin
  if to_regclass('pg_stat_statements') is null then
    return;
  end if;
  return query execute
    'select s.query, s.calls, s.total_exec_time, s.mean_exec_time, s.rows from pg_stat_statements s
     where s.dbid = (select oid from pg_database where datname = current_database())
     order by s.mean_exec_time desc limit $1' using most;
end $$;
revoke all on insights.table_sizes, insights.index_usage from public, anon, authenticated;
revoke execute on function insights.slow_queries(integer) from public;
grant select on insights.table_sizes, insights.index_usage to insights_product;
grant execute on function insights.slow_queries(integer) to insights_product;
