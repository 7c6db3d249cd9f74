-- Rows for the measure of inserts: messages of the heaviest demo's own conversations, `each` at a
-- time, spread over `span` up to now. What is not the document's is left to the triggers.
create or replace function bench.insert_messages(each integer, batch integer, span interval)
  returns void language sql as $$
  insert into public.conversation_messages (conversation_id, message_id, role, content,
    content_length, timestamp, sentiment, intent, confidence, created_at, seq)
  select 'bench-insert-' || (batch + n) % 400, format('inserted %s %s', batch, n),
    case n % 2 when 0 then 'user' else 'assistant' end, 'How much is it, and can I try it first?',
    39, now() - span * (n::double precision / each),
    case n % 4 when 0 then 'negative' when 2 then 'neutral' end,
    case n % 2 when 0 then 'pricing_question' end, case n % 2 when 0 then 0.8 end, now(), n
  from generate_series(1, each) n
$$;

create or replace function bench.prepare_inserts() returns void language sql as $$
  insert into insights.conversation_map (conversation_id, demo_id, mapped_by)
  select 'bench-insert-' || n, (select s.demo_id from bench.shares s where s.n = 1), 'operator'
  from generate_series(0, 399) n
  on conflict do nothing
$$;

create or replace function bench.forget_inserts() returns void language plpgsql as $$
begin
  delete from public.conversation_messages m where m.conversation_id like 'bench-insert-%';
  delete from public.processed_webhook_events e where e.conversation_id like 'bench-insert-%';
  delete from insights.conversation_map m where m.conversation_id like 'bench-insert-%';
end $$;

-- What keeps derived tables up to date are statement triggers; row triggers find the demo.
create or replace function bench.maintain(yes boolean) returns void language plpgsql as $$
declare found record;
begin
  for found in
    select t.tgrelid::regclass as rel, t.tgname from pg_trigger t
    where not t.tgisinternal and t.tgtype::integer & 1 = 0
      and t.tgrelid = 'public.conversation_messages'::regclass
  loop
    execute format('alter table %s %s trigger %I', found.rel,
      case when yes then 'enable' else 'disable' end, found.tgname);
  end loop;
end $$;
