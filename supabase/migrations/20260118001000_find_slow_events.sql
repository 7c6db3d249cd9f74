-- The slowest events of a demo, without sorting all of a period.
create index if not exists idx_webhook_events_demo_slowest
  on public.processed_webhook_events (demo_id, processing_duration_ms desc, processed_at desc, id)
  where received_via = 'http' and processing_duration_ms is not null;
