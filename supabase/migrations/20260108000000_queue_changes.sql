-- What changed, for those who keep derived tables and open pages up to date. Statement triggers
-- only append (demo, hour): nothing is upserted on the way in, so writers of one demo never wait
-- for each other, and a row is seen when its transaction commits, however late that is.
create table if not exists insights.change_queue (
  id bigint generated always as identity primary key,
  source text not null,
  demo_id uuid,
  bucket timestamptz,
  queued_at timestamptz not null default now()
);
comment on table insights.change_queue is
  'Which hours of which demos were written to; emptied by the worker. NULL demo: nobody''s rows.';

create sequence if not exists insights.data_versions;
create table if not exists insights.demo_versions (
  demo_id uuid primary key,
  user_id uuid,
  version bigint not null,
  changed_at timestamptz not null default now()
);
create index if not exists demo_versions_version_idx on insights.demo_versions (version);
create table if not exists insights.data_version (
  only_row boolean primary key default true check (only_row),
  version bigint not null default 0,
  drained_at timestamptz
);
insert into insights.data_version default values on conflict do nothing;

select insights.close_table(rel::regclass), insights.fence(rel::regclass, 'insights_worker', 'true')
from unnest(array['insights.change_queue', 'insights.demo_versions', 'insights.data_version']) rel;
revoke all on sequence insights.data_versions from public, anon, authenticated;
grant select, delete on insights.change_queue to insights_worker;
grant select, insert, update, delete on insights.demo_versions to insights_worker;
grant select, update on insights.data_version to insights_worker;
grant usage on sequence insights.data_versions to insights_worker;

create or replace function insights.queue_change() returns trigger
  language plpgsql security definer set search_path = '' as $$
begin
  -- Only the branch that runs is planned, so each may name columns of its own table.
  case tg_table_name
    when 'processed_webhook_events' then
      insert into insights.change_queue (source, demo_id, bucket)
      select distinct tg_table_name, t.demo_id, date_bin('1 hour', t.processed_at, 'epoch')
      from touched t;
    when 'conversation_messages' then
      insert into insights.change_queue (source, demo_id, bucket)
      select distinct tg_table_name, t.demo_id, date_bin('1 hour', t.occurred_at, 'epoch')
      from touched t;
    when 'demos' then
      insert into insights.change_queue (source, demo_id) select tg_table_name, t.id from touched t;
    else
      insert into insights.change_queue (source, demo_id)
      select distinct tg_table_name, t.demo_id from touched t;
  end case;
  return null;
end $$;

-- Watches a table that has a demo_id (or is demos). Rows that leave a demo count as well as rows
-- that come to one.
create or replace function insights.watch(rel regclass) returns void
  language plpgsql set search_path = '' as $$
declare
  part record;
begin
  for part in select * from (values
      ('insert', 'insert', 'new'), ('update_from', 'update', 'old'),
      ('update_to', 'update', 'new'), ('delete', 'delete', 'old')) as p (suffix, event, side) loop
    execute format(
      'create or replace trigger %I after %s on %s referencing %s table as touched '
      'for each statement execute function insights.queue_change()',
      'queue_' || part.suffix, part.event, rel, part.side);
  end loop;
end $$;

do $$
declare rel regclass;
begin
  for rel in
    select c.oid from pg_class c
    where c.relkind = 'r' and c.relnamespace::regnamespace::text in ('public', 'insights')
      and c.relname not in ('change_queue', 'demo_versions', 'audit_logs')
      -- What is kept of these changes would keep itself busy.
      and c.relname not in ('conversation_rollups', 'message_hours', 'message_days', 'intent_days',
                            'event_days', 'event_hours', 'conversation_days',
                            'conversation_spreads')
      and (c.oid = 'public.demos'::regclass or exists (
        select from pg_attribute a where a.attrelid = c.oid and a.attname = 'demo_id'
          and not a.attisdropped and a.atttypid = 'uuid'::regtype))
      and pg_has_role(c.relowner, 'member')
  loop
    perform insights.watch(rel);
  end loop;
end $$;

-- Empties up to `most` rows of the queue: each demo in them gets a new version, and whoever listens
-- is told which demo it was. One process at a time; the answer is NULL where another is at it.
create or replace function insights.drain_changes(most integer default 10000) returns integer
  language plpgsql volatile set search_path = '' as $$
declare
  taken integer;
  moved bigint;
begin
  if not exists (select from insights.change_queue) then
    return 0;
  end if;
  if not pg_try_advisory_xact_lock(hashtextextended('insights.drain_changes', 0)) then
    return null;
  end if;
  moved := nextval('insights.data_versions');
  with gone as (
    delete from insights.change_queue q
    where q.id in (select w.id from insights.change_queue w order by w.id limit most)
    returning q.demo_id
  ), touched as (
    select distinct g.demo_id from gone g where g.demo_id is not null
  ), bumped as (
    insert into insights.demo_versions as v (demo_id, user_id, version, changed_at)
    select t.demo_id, d.user_id, moved, now()
    from touched t left join public.demos d on d.id = t.demo_id
    on conflict (demo_id) do update set
      user_id = coalesce(excluded.user_id, v.user_id), version = excluded.version, changed_at = now()
    returning v.demo_id
  )
  select (select count(*) from gone) into taken
  from (select count(pg_notify('insights_changes', b.demo_id::text)) from bumped b) told;
  update insights.data_version set version = moved, drained_at = clock_timestamp();
  -- Rows of nobody name no demo, and yet the product team counts them.
  perform pg_notify('insights_changes', '');
  return taken;
end $$;
revoke execute on all functions in schema insights from public;
grant execute on function insights.drain_changes(integer) to insights_worker;
