-- Browser sessions: ids as SHA-256, tokens encrypted by the server. No key is stored here.
create table if not exists insights_private.web_sessions (
  id_hash bytea primary key check (octet_length(id_hash) = 32),
  user_id uuid not null references auth.users (id) on delete cascade,
  email text not null,
  product_team boolean not null default false,
  tokens bytea not null,
  csrf text not null,
  created_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  refreshed_at timestamptz not null default now(),
  expires_at timestamptz not null,
  user_agent text,
  signed_out_at timestamptz
);
create index if not exists web_sessions_user_id_idx on insights_private.web_sessions (user_id);
create index if not exists web_sessions_expires_at_idx
  on insights_private.web_sessions (expires_at);

create table if not exists insights_private.sign_in_attempts (
  id bigint generated always as identity primary key,
  attempted_at timestamptz not null default now(),
  address_hash bytea not null,
  account_hash bytea not null,
  succeeded boolean not null default false
);
create index if not exists sign_in_attempts_address_idx
  on insights_private.sign_in_attempts (address_hash, attempted_at);
create index if not exists sign_in_attempts_account_idx
  on insights_private.sign_in_attempts (account_hash, attempted_at);

alter table insights_private.web_sessions enable row level security;
alter table insights_private.sign_in_attempts enable row level security;
select insights.fence('insights_private.web_sessions', 'insights_sessions', 'true');
select insights.fence('insights_private.sign_in_attempts', 'insights_sessions', 'true');
grant select, insert, update, delete on insights_private.web_sessions,
  insights_private.sign_in_attempts to insights_sessions;
