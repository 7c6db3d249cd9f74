-- The platform stores vectors without the name of their model. Once an operator has said, and the
-- command line has checked, which model that is, vectors that come later get its name by
-- themselves.
alter table insights.embedding_models
  add column if not exists unlabelled boolean not null default false;
create unique index if not exists embedding_models_unlabelled_idx
  on insights.embedding_models (unlabelled) where unlabelled;
comment on column insights.embedding_models.unlabelled is
  'The one model whose vectors come without a name; set by `domo-insights embed --declare`.';

-- As before, and a new vector without a name gets the declared one. With its owner's rights, so that
-- the platform's writes never depend on a grant of ours.
create or replace function insights.follow_text() returns trigger
  language plpgsql security definer set search_path = public, extensions as $$
begin
  if new.vector_embedding is null then
    new.embedding_model := null;
  elsif new.embedding_model is null then
    if tg_op = 'INSERT' then
      new.embedding_model := (select m.name from insights.embedding_models m where m.unlabelled);
    elsif new.vector_embedding is distinct from old.vector_embedding then
      new.embedding_model := (select m.name from insights.embedding_models m where m.unlabelled);
    end if;
  end if;
  if tg_op = 'INSERT' then
    return new;
  end if;
  if (new.content, new.question, new.answer)
      is distinct from (old.content, old.question, old.answer) then
    if new.vector_embedding is not distinct from old.vector_embedding then
      new.embedding_model := null;
    end if;
  elsif (new.demo_id, new.source) is not distinct from (old.demo_id, old.source) then
    new.updated_at := old.updated_at;
  end if;
  return new;
end $$;
revoke execute on function insights.follow_text() from public;
