-- Conversations that nobody spoke in are few, and asked for over all time: an index of its own finds
-- them without reading every other one.
create index if not exists conversation_rollups_silent_idx
  on insights.conversation_rollups (demo_id, conversation_id)
  where n_user = 0 and n_assistant = 0;
