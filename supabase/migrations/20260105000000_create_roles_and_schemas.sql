-- Roles that may do one thing each, the schemas of this dashboard, and the extensions it needs.
create schema if not exists extensions;
create schema if not exists insights;
create schema if not exists insights_private;
comment on schema insights is 'Domo Insights: views, functions and derived tables. Not for the REST API.';
comment on schema insights_private is 'Domo Insights: browser sessions.';
revoke all on schema insights, insights_private from public;

create extension if not exists vector with schema extensions;
create extension if not exists pg_trgm with schema extensions;
create extension if not exists btree_gin with schema extensions;
do $$ begin
  create extension if not exists pg_stat_statements with schema extensions;
exception when insufficient_privilege or undefined_file or feature_not_supported then
  raise warning 'pg_stat_statements is not available: slow queries will not be listed';
end $$;

do $$
declare wanted text;
begin
  foreach wanted in array array['insights_reader', 'insights_product', 'insights_editor',
                                'insights_ingest', 'insights_sessions', 'insights_worker'] loop
    begin
      execute format('create role %I nologin noinherit', wanted);
    exception when duplicate_object or unique_violation then null;
    end;
  end loop;
end $$;

grant usage on schema public, extensions, insights
  to insights_reader, insights_product, insights_editor, insights_ingest, insights_worker;
grant usage on schema insights to insights_sessions, authenticated, service_role;
grant usage on schema insights_private to insights_sessions;

-- What a new constraint could not cover on a table that was there before; `doctor` tells it.
create table if not exists insights.left_as_found (
  object text primary key,
  note text not null,
  noted_at timestamptz not null default now()
);
alter table insights.left_as_found enable row level security;

create or replace function insights.close_table(rel regclass) returns void
  language plpgsql set search_path = '' as $$
begin
  -- Hosted default privileges give these everything on every new table.
  execute format('revoke all on %s from public, anon, authenticated', rel);
  execute format('alter table %s enable row level security', rel);
end $$;

create or replace function insights.has_rows(rel regclass, condition text default 'true')
  returns boolean language plpgsql set search_path = public, extensions as $$
declare answer boolean;
begin
  execute format('select exists (select from %s where %s)', rel, condition) into answer;
  return answer;
end $$;

create or replace function insights.note(subject text, problem text) returns void
  language plpgsql set search_path = '' as $$
begin
  if problem is null then
    delete from insights.left_as_found l where l.object = subject;
  else
    insert into insights.left_as_found as l (object, note) values (subject, problem)
    on conflict (object) do update set note = excluded.note;
    raise notice '%: %', subject, problem;
  end if;
end $$;

create or replace function insights.require_check(rel regclass, constraint_name text, condition text)
  returns void language plpgsql set search_path = public, extensions as $$
declare subject text := format('%s, constraint %I', rel, constraint_name);
begin
  if exists (select from pg_catalog.pg_constraint c
             where c.conrelid = rel and c.conname = constraint_name) then
    return;
  end if;
  if insights.has_rows(rel, format('not (%s)', condition)) then
    perform insights.note(subject, format('some rows break it: %s', condition));
    return;
  end if;
  execute format('alter table %s add constraint %I check (%s) not valid',
                 rel, constraint_name, condition);
  if not insights.has_rows(rel) then
    execute format('alter table %s validate constraint %I', rel, constraint_name);
  end if;
  perform insights.note(subject, null);
end $$;

create or replace function insights.require_column(rel regclass, column_name text) returns void
  language plpgsql set search_path = '' as $$
begin
  if (select a.attnotnull from pg_catalog.pg_attribute a
      where a.attrelid = rel and a.attname = column_name) then
    return;
  end if;
  if insights.has_rows(rel) then
    perform insights.require_check(
      rel, format('%s_%s_required', (select c.relname from pg_catalog.pg_class c where c.oid = rel),
                  column_name), format('%I is not null', column_name));
  else
    execute format('alter table %s alter column %I set not null', rel, column_name);
  end if;
end $$;

create or replace function insights.require_unique(
  rel regclass, constraint_name text, columns text[], deferred boolean default false)
  returns void language plpgsql set search_path = '' as $$
declare
  listed text := (select string_agg(format('%I', c), ', ') from unnest(columns) c);
  subject text := format('%s, unique (%s)', rel, listed);
  doubled boolean;
begin
  if exists (select from pg_catalog.pg_index i
             where i.indrelid = rel and i.indisunique and i.indpred is null and i.indexprs is null
               and columns = (select array_agg(a.attname::text order by k.n)
                              from unnest(i.indkey::int2[]) with ordinality k (attnum, n)
                              join pg_catalog.pg_attribute a
                                on a.attrelid = rel and a.attnum = k.attnum
                              where k.n <= i.indnkeyatts)) then
    return;
  end if;
  execute format('select exists (select from %s where (%s) is not null group by %s having count(*) > 1)',
                 rel, listed, listed) into doubled;
  if doubled then
    perform insights.note(subject, 'some rows are there twice');
    return;
  end if;
  execute format('alter table %s add constraint %I unique (%s) %s', rel, constraint_name, listed,
                 case when deferred then 'deferrable initially immediate' else '' end);
  perform insights.note(subject, null);
end $$;

create or replace function insights.viewer_id() returns uuid
  language sql stable parallel safe set search_path = ''
  as $$ select (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;

create or replace function insights.is_product_team() returns boolean
  language sql stable parallel safe set search_path = '' as $$
  select coalesce(nullif(current_setting('request.jwt.claims', true), '')::jsonb
                  #>> '{app_metadata,role}' = 'product_team', false)
$$;

revoke execute on all functions in schema insights from public;
grant execute on function insights.viewer_id() to authenticated, service_role, insights_reader,
  insights_product, insights_editor, insights_ingest, insights_worker, insights_sessions;
grant execute on function insights.is_product_team() to insights_product, insights_reader,
  insights_editor;
