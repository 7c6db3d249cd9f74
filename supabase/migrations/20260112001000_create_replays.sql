-- What visitors asked in a period, held against the knowledge as it was then. A replay is stored
-- whole when it is done, so that an interrupted one leaves nothing.
create table if not exists insights.replay_runs (
  id uuid primary key default gen_random_uuid(),
  demo_id uuid not null references public.demos (id) on delete cascade,
  period_start timestamptz not null,
  period_end timestamptz not null check (period_end > period_start),
  include_test boolean not null,
  model text,
  threshold double precision not null check (threshold between -1 and 1),
  chunks integer not null,
  fingerprint text not null,
  messages integer not null,
  small_talk integer not null,
  fragments integer not null,
  remarks integer not null,
  questions integer not null,
  answered_well integer not null,
  answered_weakly integer not null,
  not_answered integer not null,
  seconds double precision not null,
  ran_by uuid default insights.viewer_id() references auth.users (id) on delete set null,
  ran_at timestamptz not null default now(),
  unique (id, demo_id),
  check (questions = answered_well + answered_weakly + not_answered),
  check (messages = questions + small_talk + fragments + remarks)
);
comment on column insights.replay_runs.questions is
  'Messages that were replayed: a question that was asked twice counts twice.';
create index if not exists idx_replay_runs_demo on insights.replay_runs (demo_id, ran_at);
select insights.close_table('insights.replay_runs');

-- One row per question, near-duplicates together. wordings: each way of asking it, normalised, the
-- most frequent first; found: the nearest chunks, best first, with their similarities.
create table if not exists insights.replayed_questions (
  run_id uuid not null,
  demo_id uuid not null,
  number integer not null,
  question text not null,
  wordings text[] not null,
  asked integer not null check (asked >= 1),
  unhappy integer not null check (unhappy between 0 and asked),
  verdict text not null check (verdict in ('well', 'weakly', 'not')),
  found uuid[] not null,
  similarities double precision[] not null,
  conversations text[] not null,
  last_asked_at timestamptz not null,
  primary key (run_id, number),
  foreign key (run_id, demo_id) references insights.replay_runs (id, demo_id) on delete cascade
);
select insights.close_table('insights.replayed_questions');

do $$
declare
  mine constant text := 'demo_id = any ((select insights.my_demo_ids())::uuid[])';
  rel text;
begin
  foreach rel in array array['insights.replay_runs', 'insights.replayed_questions'] loop
    perform insights.fence(rel, 'insights_reader', mine);
    perform insights.fence(rel, 'insights_editor', mine);
    perform insights.fence(rel, 'insights_product', '(select insights.is_product_team())');
    perform insights.watch(rel);
  end loop;
end $$;

grant select on insights.replay_runs, insights.replayed_questions
  to insights_reader, insights_editor;
grant insert (id, demo_id, period_start, period_end, include_test, model, threshold, chunks,
  fingerprint, messages, small_talk, fragments, remarks, questions, answered_well, answered_weakly,
  not_answered, seconds), delete on insights.replay_runs to insights_editor;
grant insert on insights.replayed_questions to insights_editor;
-- The product team: the numbers of a replay, never what was asked.
grant select (id, demo_id, period_start, period_end, include_test, model, threshold, chunks,
  messages, small_talk, fragments, remarks, questions, answered_well, answered_weakly, not_answered,
  seconds, ran_at) on insights.replay_runs to insights_product;
