-- Questions with the chunks that should answer them, and what came when they were asked. A set is
-- never changed after it was made, so that its runs compare question by question.
create table if not exists insights.question_sets (
  id uuid primary key default gen_random_uuid(),
  demo_id uuid not null references public.demos (id) on delete cascade,
  name text not null check (char_length(name) between 1 and 120),
  origin text not null check (origin in ('pasted', 'file', 'knowledge')),
  made_by uuid default insights.viewer_id() references auth.users (id) on delete set null,
  created_at timestamptz not null default now(),
  unique (demo_id, name),
  unique (id, demo_id)
);
select insights.close_table('insights.question_sets');

-- expected: ids of chunks; one that is deleted later stays, and counts as not found.
create table if not exists insights.set_questions (
  set_id uuid not null,
  demo_id uuid not null,
  number integer not null check (number >= 1),
  question text not null check (char_length(question) between 1 and 50000),
  expected uuid[] not null default '{}',
  primary key (set_id, number),
  foreign key (set_id, demo_id) references insights.question_sets (id, demo_id) on delete cascade
);
select insights.close_table('insights.set_questions');

-- off_topic: for each of the product's own questions about other things the similarity of the
-- nearest chunk.
create table if not exists insights.evaluation_runs (
  id uuid primary key default gen_random_uuid(),
  set_id uuid not null,
  demo_id uuid not null,
  mode text not null check (mode in ('hybrid', 'vector', 'text')),
  k integer not null check (k between 1 and 50),
  threshold double precision not null check (threshold between -1 and 1),
  model text,
  chunks integer not null,
  fingerprint text not null,
  off_topic double precision[] not null default '{}',
  seconds double precision not null,
  ran_by uuid default insights.viewer_id() references auth.users (id) on delete set null,
  ran_at timestamptz not null default now(),
  unique (id, demo_id),
  foreign key (set_id, demo_id) references insights.question_sets (id, demo_id) on delete cascade
);
create index if not exists idx_evaluation_runs_set on insights.evaluation_runs (set_id, ran_at);
create index if not exists idx_evaluation_runs_demo on insights.evaluation_runs (demo_id, ran_at);
select insights.close_table('insights.evaluation_runs');

-- found: the first k chunks, best first. best_similarity: of the nearest chunk there is;
-- expected_similarity: of the nearest expected one.
create table if not exists insights.evaluation_answers (
  run_id uuid not null,
  demo_id uuid not null,
  number integer not null,
  found uuid[] not null,
  best_similarity double precision,
  expected_similarity double precision,
  primary key (run_id, number),
  foreign key (run_id, demo_id) references insights.evaluation_runs (id, demo_id) on delete cascade
);
select insights.close_table('insights.evaluation_answers');

do $$
declare
  mine constant text := 'demo_id = any ((select insights.my_demo_ids())::uuid[])';
  rel text;
begin
  foreach rel in array array['insights.question_sets', 'insights.set_questions',
      'insights.evaluation_runs', 'insights.evaluation_answers'] loop
    perform insights.fence(rel, 'insights_reader', mine);
    perform insights.fence(rel, 'insights_editor', mine);
    perform insights.fence(rel, 'insights_product', '(select insights.is_product_team())');
    perform insights.watch(rel);
  end loop;
end $$;

grant select on insights.question_sets, insights.set_questions, insights.evaluation_runs,
  insights.evaluation_answers to insights_reader, insights_editor;
grant insert (id, demo_id, name, origin), delete on insights.question_sets to insights_editor;
grant insert on insights.set_questions, insights.evaluation_answers to insights_editor;
grant insert (id, set_id, demo_id, mode, k, threshold, model, chunks, fingerprint, off_topic,
  seconds), delete on insights.evaluation_runs to insights_editor;
-- The product team: how often it is used, never what is asked.
grant select (id, demo_id, origin, created_at) on insights.question_sets to insights_product;
grant select (id, set_id, demo_id, mode, k, threshold, model, chunks, seconds, ran_at)
  on insights.evaluation_runs to insights_product;
