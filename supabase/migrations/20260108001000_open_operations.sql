-- What the product team needs to watch the platform: counts and states, no words of anybody.

-- Asked first by every question about the platform as a whole: no other role may call it, so an
-- owner is refused and is not shown a platform that consists of their own demos.
create or replace function insights.product_only() returns boolean
  language plpgsql stable set search_path = '' as $$
begin
  if not insights.is_product_team() then
    raise insufficient_privilege using message = 'this is for the product team';
  end if;
  return true;
end $$;

-- Whether a chunk has a vector is a count's worth of knowledge; the vector itself is not granted.
create or replace function insights.demos_with_knowledge() returns setof uuid
  language sql stable security definer set search_path = extensions, public as $$
  select d.id from public.demos d
  where insights.is_product_team() and exists (
    select from public.knowledge_chunks k
    where k.demo_id = d.id and k.vector_embedding is not null)
$$;

create or replace function insights.applied_migrations() returns table (version text, name text)
  language plpgsql stable security definer set search_path = '' as $$
begin
  if to_regclass('supabase_migrations.schema_migrations') is null then
    return;
  end if;
  return query select m.version::text, m.name::text from supabase_migrations.schema_migrations m
    order by 1;
end $$;

create or replace function insights.health()
  returns table (server_version text, database_bytes bigint, cache_hit_ratio double precision,
                 connections bigint, active_connections bigint, max_connections integer,
                 queued bigint, oldest_queued_at timestamptz, drained_at timestamptz,
                 migrations bigint, latest_migration text, deadlocks bigint, started_at timestamptz)
  language sql stable security definer set search_path = '' as $$
  select current_setting('server_version'), pg_database_size(current_database()),
    s.blks_hit::double precision / nullif(s.blks_hit + s.blks_read, 0),
    (select count(*) from pg_stat_activity a where a.datname = current_database()),
    (select count(*) from pg_stat_activity a
     where a.datname = current_database() and a.state = 'active'),
    current_setting('max_connections')::integer,
    (select count(*) from insights.change_queue), (select min(q.queued_at) from insights.change_queue q),
    (select v.drained_at from insights.data_version v),
    (select count(*) from insights.applied_migrations()),
    (select max(m.version) from insights.applied_migrations() m),
    s.deadlocks, pg_postmaster_start_time()
  from pg_stat_database s where s.datname = current_database()
$$;

-- Only what reads and writes rows: there constants are cut out. Commands such as ALTER ROLE are
-- kept as they were written, passwords included.
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
       and s.query ~* ''^\s*(select|insert|update|delete|merge|with)\s''
     order by s.mean_exec_time desc limit $1' using most;
end $$;

revoke execute on all functions in schema insights from public;
grant execute on function insights.product_only(), insights.demos_with_knowledge(),
  insights.health(), insights.applied_migrations() to insights_product;
grant execute on function insights.health(), insights.applied_migrations() to insights_worker;
