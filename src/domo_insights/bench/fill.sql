-- A platform of any size, made set by set inside the database. Run as the superuser of a scratch
-- database; the same seed and size give the same conversations.
create schema if not exists bench;

create table if not exists bench.sizes (
  only_row boolean primary key default true check (only_row),
  conversations integer not null, seed double precision not null, now timestamptz not null,
  filled integer not null default 0, done boolean not null default false
);
-- One row per demo; conversations fall on `low <= r < next low`.
create table if not exists bench.shares (
  n integer primary key, demo_id uuid not null, user_id uuid not null, low double precision not null
);
create table if not exists bench.set_aside (definition text not null);

create or replace function bench.uuid_of(what text) returns uuid language sql immutable as $$
  select md5('bench ' || what)::uuid
$$;

-- Owner 1 has `heaviest` of all; the others follow a power law. The heaviest has twelve demos, the
-- first of them half of its traffic.
create or replace function bench.make_owners(owners integer, heaviest double precision, secret text)
  returns void language plpgsql set session_replication_role = replica as $$
declare as_of timestamptz := (select s.now from bench.sizes s);
begin
  insert into auth.users (instance_id, id, aud, role, email, encrypted_password,
    email_confirmed_at, confirmation_token, recovery_token, email_change_token_new, email_change,
    raw_app_meta_data, raw_user_meta_data, is_sso_user, created_at, updated_at)
  select '00000000-0000-0000-0000-000000000000', bench.uuid_of('owner ' || o), 'authenticated',
    'authenticated', case o when 0 then 'product@bench.example'
                            else format('owner%s@site%s.example', o, o % 17) end,
    secret, as_of, '', '', '', '',
    case o when 0 then '{"provider": "email", "providers": ["email"], "role": "product_team"}'
           else '{"provider": "email", "providers": ["email"]}' end::jsonb,
    '{}', false, as_of - interval '300 days', as_of
  from generate_series(0, owners) o;
  insert into auth.identities (id, provider_id, user_id, identity_data, provider, created_at,
    updated_at)
  select bench.uuid_of('identity ' || u.email), u.id, u.id, jsonb_build_object(
    'sub', u.id, 'email', u.email, 'email_verified', true), 'email', u.created_at, u.updated_at
  from auth.users u where u.email like '%.example';

  with weighted as (
    select o, d, case when o = 1 then heaviest * case d when 1 then 0.5 else 0.5 / 11 end
      else (1 - heaviest) * power(o, -0.9) / sum(case when o > 1 and d = 1 then power(o, -0.9) end)
             over () / (1 + o % 5) end as share
    from generate_series(1, owners) o,
      lateral generate_series(1, case o when 1 then 12 else 1 + o % 5 end) d
  )
  insert into bench.shares
  select row_number() over walk, bench.uuid_of(format('demo %s %s', o, d)),
    bench.uuid_of('owner ' || o), coalesce(sum(share) over (walk rows between unbounded preceding
      and 1 preceding), 0)
  from weighted window walk as (order by o, d);

  insert into public.demos (id, user_id, name, status, created_at, updated_at, tavus_persona_id,
    published_url, metadata)
  select s.demo_id, s.user_id, 'Demo ' || s.n, case when s.n % 9 = 8 then 'draft' else 'published' end,
    as_of - interval '250 days', as_of - s.n * interval '1 hour', 'persona-' || s.n,
    'https://example.com/demo/' || s.n, '{}'
  from bench.shares s;
  insert into public.demo_videos (id, demo_id, title, storage_url, order_index, duration_seconds,
    processing_status, transcript)
  select bench.uuid_of(format('video %s %s', s.n, v)), s.demo_id, 'Part ' || v,
    format('%s/%s.mp4', s.demo_id, v), v, 60 + 30 * v,
    case when (s.n + v) % 40 = 0 then 'failed' when (s.n + v) % 37 = 0 then 'pending'
         else 'completed' end, 'What part ' || v || ' says.'
  from bench.shares s, generate_series(0, 3) v;
end $$;

-- Vectors as the local model makes them: 384 live dimensions of 1536, length 1.
create or replace function bench.make_chunks(each integer, most integer, model text)
  returns void language plpgsql set session_replication_role = replica
  set search_path = public, extensions as $$
begin
  perform setseed(0.25);
  insert into public.knowledge_chunks (id, demo_id, content, question, answer, source,
    vector_embedding, embedding_model, created_at, updated_at)
  select bench.uuid_of(format('chunk %s %s', s.n, c)), s.demo_id,
    format('About plan %s: %s of the account, with limit %s and %s.', c,
      (array['billing', 'pricing', 'export', 'invitation', 'security', 'import'])[1 + c % 6], c * 3,
      (array['support by mail', 'a trial', 'single sign-on', 'an invoice'])[1 + c % 4]),
    null, null, 'Bench', l2_normalize((select array_agg(random() - 0.5) from generate_series(1, 384)
      where c is not null)::vector || array_fill(0, array[1152])::vector), model, now(), now()
  from bench.shares s, lateral generate_series(1, case s.n when 1 then most else each end) c;
end $$;

-- Indexes that only readers need are set aside while millions of rows come in.
create or replace function bench.set_indexes_aside() returns void language plpgsql as $$
declare found record;
begin
  for found in
    select i.indexrelid::regclass::text as name, pg_get_indexdef(i.indexrelid) as definition
    from pg_index i
    where i.indrelid in ('public.conversation_messages'::regclass,
                         'public.processed_webhook_events'::regclass)
      and not exists (select from pg_constraint c where c.conindid = i.indexrelid)
  loop
    insert into bench.set_aside values (found.definition);
    execute 'drop index ' || found.name;
  end loop;
end $$;

create or replace function bench.put_index_back() returns integer language plpgsql
  set maintenance_work_mem = '512MB' as $$
declare chosen text := (select s.definition from bench.set_aside s order by 1 limit 1);
begin
  if chosen is not null then
    execute chosen;
    delete from bench.set_aside s where s.definition = chosen;
  end if;
  return (select count(*) from bench.set_aside);
end $$;

-- Conversations `first` up to, not including, `after`, oldest first, with their messages and
-- events, as ingest leaves them. Traffic grows over the 180 days: 63 % of it is in the last 90.
create or replace function bench.fill(first integer, after integer) returns void
  language plpgsql set session_replication_role = replica set timezone = 'UTC' as $$
declare
  size bench.sizes := (select s from bench.sizes s);
  lows double precision[] := (select array_agg(s.low order by s.n) from bench.shares s);
begin
  perform setseed((size.seed + first::double precision / size.conversations) / 2);
  drop table if exists pg_temp.talk;
  create temporary table talk on commit drop as
  with drawn as (
    select n, width_bucket(random(), lows) as share, random() as mapped, random() as test,
      random() as named, least(60, floor(-ln(1 - random()) * 6))::integer as turns,
      date_bin('1 day', size.now - interval '180 days'
        * ((1 - sqrt(1 - 0.91 * (1 - (n + random()) / size.conversations))) / 0.7), 'epoch')
        + interval '1 day' * (random() + random() + random()) / 3 as at, random() as ending,
      random() as quiet
    from generate_series(first, after - 1) n
  ), placed as (
    select d.*, case
      when d.at > size.now - interval '30 minutes' then d.at - interval '1 day'
      when extract(isodow from d.at) > 5 and d.quiet < 0.5 then d.at - interval '2 days'
      else d.at end as started_at
    from drawn d
  )
  select p.n, 'bench-' || p.n as conversation_id, case when p.mapped < 0.99 then s.demo_id end
      as demo_id, p.started_at, p.turns, p.test < 0.03 as is_test, p.named, p.ending,
    p.started_at + (p.turns * 25 + 8 + p.ending * 60) * interval '1 second' as ended_at
  from placed p join bench.shares s on s.n = p.share;

  insert into insights.conversation_map (conversation_id, demo_id, mapped_by, mapped_at)
  select t.conversation_id, t.demo_id, 'address', t.started_at from talk t
  where t.demo_id is not null order by t.n;
  insert into public.conversation_details (id, demo_id, tavus_conversation_id, conversation_name,
    started_at, completed_at, duration_seconds, status, created_at, updated_at, is_test)
  select bench.uuid_of('details ' || t.n), t.demo_id, t.conversation_id,
    case when t.is_test then 'Test ' else 'Visitor ' end || t.n, t.started_at, t.ended_at,
    round(extract(epoch from t.ended_at - t.started_at)), 'ended', t.started_at, t.ended_at, t.is_test
  from talk t where t.demo_id is not null order by t.n;
  perform bench.fill_messages();
  perform bench.fill_events();
  update bench.sizes set filled = after;
end $$;

create or replace function bench.fill_messages() returns void language plpgsql
  set session_replication_role = replica as $$
declare
  feelings text[] := array['positive', 'neutral', 'negative'];
  wants text[] := array['pricing_question', 'feature_question', 'how_to', 'smalltalk',
    'integration_question', 'security_question', 'book_demo', 'complaint', 'compare_competitor',
    'cancel_account', 'start_trial', 'billing_problem', 'export_data', 'contact_sales', 'find_docs',
    'report_bug', 'invite_team', 'mobile_app', 'language_support', 'data_residency', 'buy_licence',
    'refund', 'roadmap', 'greeting'];
begin
  insert into public.conversation_messages (id, conversation_id, message_id, role, content,
    content_length, timestamp, sentiment, intent, confidence, created_at, demo_id, occurred_at, seq,
    label_source)
  select bench.uuid_of(format('message %s %s', n, seq)), conversation_id, format('i%s', seq), role,
    content, length(content), at, feeling, want, case when want is not null and unsure > 0.05
      then round((0.35 + 0.65 * sqrt(sureness))::numeric, 2) end, at, demo_id, at, seq,
    case when feeling is not null or want is not null then 'sender' end
  from (
    select t.n, t.conversation_id, t.demo_id, m.seq, w.role, w.sureness, w.unsure,
      t.started_at + interval '1 second' * (2 + (m.seq + 1) / 2 * 25 + case when w.role = 'user'
        then w.wait * 8 else 9 - ln(1 - w.wait) * 1.5 end) as at,
      case when w.role = 'user' and w.felt < 0.88 then feelings[
        case when w.feel < 0.3 then 1 when w.feel < 0.85 then 2 else 3 end] end as feeling,
      case when w.role = 'user' and w.wanted < 0.9 then wants[1 + floor(24 * power(w.want, 2.2))]
        end as want,
      case when w.role = 'user' then format('Can I use it for case %s, and what does plan %s cost?',
          t.n % 997, m.seq) else format('Yes: case %s is part of plan %s. Shall I show you how that '
          'works in the product?', t.n % 997, m.seq - 1) end as content
    from talk t cross join lateral generate_series(0, t.turns * 2) m (seq)
    cross join lateral (select case m.seq % 2 when 1 then 'user' else 'assistant' end as role,
      random() as wait, random() as felt, random() as feel, random() as wanted, random() as want,
      random() as sureness, random() as unsure) w
    order by t.n, m.seq
  ) made;
end $$;

create or replace function bench.fill_events() returns void language plpgsql
  set session_replication_role = replica as $$
begin
  insert into public.processed_webhook_events (id, conversation_id, event_type, event_data,
    processed_at, processing_duration_ms, event_hash, demo_id, occurred_at, received_via, persona_id,
    shutdown_reason)
  select bench.uuid_of(format('event %s %s', n, k)), conversation_id, event_type,
    jsonb_build_object('conversation_id', conversation_id, 'event_type', event_type, 'timestamp', at,
      'demo_id', demo_id, 'properties', jsonb_build_object('n', k, 'reason', ending)),
    at - ln(1 - late) * interval '0.8 seconds',
    case when via < 0.95 then round(20 * exp(2.2 * sqrt(-2 * ln(1 - slow)) - 1))::integer end,
    encode(sha256(convert_to(format('event %s %s', n, k), 'UTF8')), 'hex'), demo_id, at,
    case when via < 0.95 then 'http' else 'file' end, null, ending
  from (
    select t.n, t.conversation_id, t.demo_id, e.k, e.event_type, e.at, random() as late,
      random() as slow, random() as via, case when e.event_type = 'system.shutdown' then
        (array['max_call_duration', 'participant_left_timeout', 'participant_left',
               'bot_could_not_join_meeting'])[1 + floor(4 * t.ending * t.ending)] end as ending
    from talk t cross join lateral (
      select 0 as k, 'system.replica_joined' as event_type, t.started_at as at
      union all select 1, 'system.shutdown', t.ended_at
      union all select 2, 'application.transcription_ready', t.ended_at + interval '20 seconds'
      union all select 3, 'application.perception_analysis', t.ended_at + interval '25 seconds'
        where t.named < 0.6
      union all select 4, 'application.recording_ready', t.ended_at + interval '90 seconds'
        where t.ending < 0.5
      union all select 5, 'application.objective_completed', t.ended_at where t.named > 0.4
      union all select 5 + u, case when u % 5 = 0 then 'conversation.tool_call'
          else 'conversation.utterance' end, t.started_at + u * interval '50 seconds'
        from generate_series(1, t.turns / 2) u
    ) e
    order by t.n, e.at
  ) made;
end $$;
