-- The one answer to "whose conversation is this", and the counts of claims that were refused.
create table if not exists insights.conversation_map (
  conversation_id text primary key,
  demo_id uuid not null references public.demos (id) on delete cascade,
  mapped_by text not null check (mapped_by in ('address', 'operator', 'details', 'demo', 'persona')),
  mapped_at timestamptz not null default now()
);
create index if not exists conversation_map_demo_id_idx on insights.conversation_map (demo_id);
alter table insights.conversation_map enable row level security;

-- A quarter of an hour fits into the days of every zone.
create table if not exists insights.delivery_counts (
  demo_id uuid references public.demos (id) on delete cascade,
  bucket timestamptz not null,
  duplicates bigint not null default 0,
  conflicts bigint not null default 0,
  refused bigint not null default 0,
  unique nulls not distinct (demo_id, bucket)
);
alter table insights.delivery_counts enable row level security;

create or replace function insights.count_delivery(demo_id uuid, kind text, n integer default 1)
  returns void language sql volatile security definer set search_path = '' as $$
  insert into insights.delivery_counts as c (demo_id, bucket, duplicates, conflicts, refused)
  values (count_delivery.demo_id, date_bin('15 minutes', now(), 'epoch'),
          case kind when 'duplicates' then n else 0 end,
          case kind when 'conflicts' then n else 0 end,
          case kind when 'refused' then n else 0 end)
  on conflict (demo_id, bucket) do update set
    duplicates = c.duplicates + excluded.duplicates,
    conflicts = c.conflicts + excluded.conflicts,
    refused = c.refused + excluded.refused
$$;

create or replace function insights.trust(source text) returns integer
  language sql immutable parallel safe set search_path = '' as $$
  select case source when 'address' then 4 when 'operator' then 4 when 'details' then 3
                     when 'demo' then 2 when 'persona' then 1 end
$$;

-- Says that `conversation_id` belongs to `demo_id`; answers whose it is after that. The first
-- mapping wins. The operator may correct a weaker one; a demo's own address may too, as long as
-- nothing of the conversation is stored, since its owner can write any conversation id.
create or replace function insights.claim(conversation_id text, demo_id uuid, source text)
  returns uuid language plpgsql volatile security definer set search_path = '' as $$
#variable_conflict use_variable
declare
  held insights.conversation_map;
begin
  if insights.trust(source) is null then
    raise exception 'unknown source of a mapping: %', source using errcode = '22023';
  end if;
  perform pg_advisory_xact_lock(hashtextextended(conversation_id, 0));
  select * into held from insights.conversation_map m where m.conversation_id = claim.conversation_id;
  if held.demo_id is null then
    if not exists (select from public.demos d where d.id = claim.demo_id) then
      return null;
    end if;
    insert into insights.conversation_map (conversation_id, demo_id, mapped_by)
    values (conversation_id, demo_id, source);
    return demo_id;
  end if;
  if held.demo_id = demo_id then
    if insights.trust(source) > insights.trust(held.mapped_by) then
      update insights.conversation_map m set mapped_by = source
      where m.conversation_id = claim.conversation_id;
    end if;
    return demo_id;
  end if;
  if exists (select from public.demos d where d.id = claim.demo_id)
     and insights.trust(source) > insights.trust(held.mapped_by)
     and (source = 'operator' or (source = 'address'
       and not exists (select from public.processed_webhook_events e
                       where e.conversation_id = claim.conversation_id)
       and not exists (select from public.conversation_messages m
                       where m.conversation_id = claim.conversation_id))) then
    update insights.conversation_map m
      set demo_id = claim.demo_id, mapped_by = source, mapped_at = now()
    where m.conversation_id = claim.conversation_id;
    return demo_id;
  end if;
  perform insights.count_delivery(
    (select d.id from public.demos d where d.id = claim.demo_id), 'conflicts');
  return held.demo_id;
end $$;

-- Whose conversation this is, asked when a row of it arrives: the map, else what details, demos
-- and the persona say. The lock keeps a mapping and an unmapped row from missing each other.
create or replace function insights.place(conversation_id text, persona_id text) returns uuid
  language plpgsql volatile security definer set search_path = '' as $$
#variable_conflict use_variable
declare
  found_demo uuid;
  candidates uuid[];
begin
  if conversation_id is null then
    return null;
  end if;
  select m.demo_id into found_demo from insights.conversation_map m
  where m.conversation_id = place.conversation_id;
  if found_demo is not null then
    return found_demo;
  end if;
  perform pg_advisory_xact_lock(hashtextextended(conversation_id, 0));
  select m.demo_id into found_demo from insights.conversation_map m
  where m.conversation_id = place.conversation_id;
  if found_demo is not null then
    return found_demo;
  end if;
  select d.demo_id into found_demo from public.conversation_details d
  where d.tavus_conversation_id = place.conversation_id;
  if found_demo is not null then
    return insights.claim(conversation_id, found_demo, 'details');
  end if;
  select array_agg(d.id) into candidates from public.demos d
  where d.tavus_conversation_id = place.conversation_id;
  if cardinality(candidates) = 1 then
    return insights.claim(conversation_id, candidates[1], 'demo');
  end if;
  if persona_id is not null then
    select array_agg(d.id) into candidates from public.demos d
    where d.tavus_persona_id = place.persona_id;
    if cardinality(candidates) = 1 then
      return insights.claim(conversation_id, candidates[1], 'persona');
    end if;
  end if;
  return null;
end $$;

create or replace function insights.spread_mapping() returns trigger
  language plpgsql security definer set search_path = '' as $$
begin
  update public.processed_webhook_events e set demo_id = new.demo_id
  where e.conversation_id = new.conversation_id and e.demo_id is distinct from new.demo_id;
  update public.conversation_messages m set demo_id = new.demo_id
  where m.conversation_id = new.conversation_id and m.demo_id is distinct from new.demo_id;
  return null;
end $$;
create or replace trigger spread_mapping after insert or update of demo_id
  on insights.conversation_map for each row execute function insights.spread_mapping();

create or replace function insights.event_arrives() returns trigger
  language plpgsql security definer set search_path = '' as $$
declare
  properties jsonb := coalesce(new.event_data -> 'properties', new.event_data -> 'data');
  claimed uuid;
begin
  new.processed_at := coalesce(new.processed_at, now());
  -- A writer without hashes does not ask for duplicates to be refused.
  new.event_hash := coalesce(new.event_hash,
    encode(sha256(convert_to(new.id::text, 'UTF8')), 'hex'));
  if jsonb_typeof(properties) = 'object' then
    new.persona_id := coalesce(new.persona_id, properties ->> 'persona_id');
    new.shutdown_reason := coalesce(new.shutdown_reason, properties ->> 'shutdown_reason');
  end if;
  -- Our own ingest has weighed its sender already; whoever else may write here is the platform.
  if current_setting('role') <> 'insights_ingest' and new.event_data ? 'demo_id'
     and new.event_data ->> 'demo_id' ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
    claimed := (new.event_data ->> 'demo_id')::uuid;
    perform insights.claim(new.conversation_id, claimed, 'operator');
  end if;
  new.demo_id := insights.place(new.conversation_id, new.persona_id);
  new.occurred_at := coalesce(new.occurred_at, insights.as_time(new.event_data ->> 'timestamp'),
    (select d.started_at from public.conversation_details d
     where d.tavus_conversation_id = new.conversation_id and d.demo_id = new.demo_id),
    new.processed_at);
  return new;
end $$;

create or replace function insights.message_arrives() returns trigger
  language plpgsql security definer set search_path = '' as $$
begin
  new.created_at := coalesce(new.created_at, now());
  new.content_length := char_length(new.content);
  new.demo_id := insights.place(new.conversation_id, null);
  new.occurred_at := coalesce(new.occurred_at, new.timestamp,
    (select d.started_at from public.conversation_details d
     where d.tavus_conversation_id = new.conversation_id and d.demo_id = new.demo_id),
    new.created_at);
  return new;
end $$;
create or replace function insights.message_changes() returns trigger
  language plpgsql set search_path = '' as $$
begin
  new.content_length := char_length(new.content);
  return new;
end $$;
create or replace trigger event_arrives before insert on public.processed_webhook_events
  for each row execute function insights.event_arrives();
create or replace trigger message_arrives before insert on public.conversation_messages
  for each row execute function insights.message_arrives();
create or replace trigger message_changes before update of content on public.conversation_messages
  for each row execute function insights.message_changes();

create or replace function insights.details_arrive() returns trigger
  language plpgsql security definer set search_path = '' as $$
begin
  if lower(new.conversation_name) ~ '^\s*test\M'
     and (tg_op = 'INSERT' or old.conversation_name is null) then
    new.is_test := true;
  end if;
  return new;
end $$;
create or replace trigger details_arrive before insert or update of conversation_name
  on public.conversation_details for each row execute function insights.details_arrive();

-- Rows without a time of their own stand at the conversation's start, or behind the row before.
create or replace function insights.retime(conversation_id text, started_at timestamptz)
  returns void language sql volatile security definer set search_path = '' as $$
  update public.conversation_messages m
  set occurred_at = coalesce(
    (select p.timestamp from public.conversation_messages p
     where p.conversation_id = m.conversation_id and p.timestamp is not null and p.seq < m.seq
     order by p.seq desc limit 1), retime.started_at)
  where m.conversation_id = retime.conversation_id and m.timestamp is null;
  update public.processed_webhook_events e set occurred_at = retime.started_at
  where e.conversation_id = retime.conversation_id
    and insights.as_time(e.event_data ->> 'timestamp') is null
$$;
create or replace function insights.details_settle() returns trigger
  language plpgsql security definer set search_path = '' as $$
declare
  held uuid;
begin
  if new.tavus_conversation_id is null or new.demo_id is null then
    return null;
  end if;
  held := insights.claim(new.tavus_conversation_id, new.demo_id, 'details');
  if held = new.demo_id and new.started_at is not null
     and (tg_op = 'INSERT' or old.started_at is distinct from new.started_at) then
    perform insights.retime(new.tavus_conversation_id, new.started_at);
  end if;
  return null;
end $$;
create or replace trigger details_settle
  after insert or update of demo_id, tavus_conversation_id, started_at
  on public.conversation_details for each row execute function insights.details_settle();

-- A demo that comes to have a conversation or a persona takes what nobody has yet.
create or replace function insights.demo_settles() returns trigger
  language plpgsql security definer set search_path = '' as $$
begin
  if new.tavus_conversation_id is not null
     and (tg_op = 'INSERT' or old.tavus_conversation_id is distinct from new.tavus_conversation_id)
     and exists (select from public.processed_webhook_events e
                 where e.conversation_id = new.tavus_conversation_id
                 union all
                 select from public.conversation_messages m
                 where m.conversation_id = new.tavus_conversation_id)
     and not exists (select from public.demos d where d.id <> new.id
                     and d.tavus_conversation_id = new.tavus_conversation_id) then
    perform insights.claim(new.tavus_conversation_id, new.id, 'demo');
  end if;
  if new.tavus_persona_id is not null
     and (tg_op = 'INSERT' or old.tavus_persona_id is distinct from new.tavus_persona_id)
     and not exists (select from public.demos d where d.id <> new.id
                     and d.tavus_persona_id = new.tavus_persona_id) then
    perform insights.claim(waiting.conversation_id, new.id, 'persona')
    from (select distinct e.conversation_id from public.processed_webhook_events e
          where e.persona_id = new.tavus_persona_id and e.demo_id is null
          order by 1) waiting;
  end if;
  return null;
end $$;

-- What was stored before there was a map.
select insights.claim(said.conversation_id, said.demo_id::uuid, 'operator')
from (select distinct e.conversation_id, e.event_data ->> 'demo_id' as demo_id
      from public.processed_webhook_events e
      where e.conversation_id is not null and e.demo_id is null
        and e.event_data ->> 'demo_id' ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
      order by 1, 2) said;
select insights.claim(d.tavus_conversation_id, d.demo_id, 'details')
from public.conversation_details d
where d.tavus_conversation_id is not null and d.demo_id is not null
order by d.tavus_conversation_id;
select insights.place(waiting.conversation_id, waiting.persona_id)
from (select e.conversation_id, min(e.persona_id) as persona_id
      from public.processed_webhook_events e
      where e.demo_id is null and e.conversation_id is not null
      group by e.conversation_id order by e.conversation_id) waiting;
select insights.place(waiting.conversation_id, null)
from (select distinct m.conversation_id from public.conversation_messages m
      where m.demo_id is null order by 1) waiting;

create or replace trigger demo_settles
  after insert or update of tavus_conversation_id, tavus_persona_id
  on public.demos for each row execute function insights.demo_settles();

revoke execute on all functions in schema insights from public;
grant execute on function insights.claim(text, uuid, text),
  insights.count_delivery(uuid, text, integer) to insights_ingest;
