-- What the doors work with. One text for SQLite and PostgreSQL.

-- Set while a provider cannot say the user's groups, so that those it said before are kept.
alter table identities add column stale boolean not null default false;

-- The client's secret is sealed, or in an environment variable, or there is none.
create table providers (
    id text primary key,
    name text not null,
    profile text not null check (profile in ('entra', 'authentik', 'generic')),
    issuer text not null,
    client_id text not null,
    secret_sealed bytea,
    secret_variable text,
    settings text not null,
    enabled boolean not null,
    created_at bigint not null,
    check (secret_sealed is null or secret_variable is null)
);

create table claim_mappings (
    id uuid primary key,
    provider_id text not null references providers (id),
    directory_id text,
    claim text not null,
    value text not null,
    group_id uuid not null references groups (id),
    created_at bigint not null
);

-- Whom a proxy lets through. Without groups, admit says it all.
create table host_rules (
    id uuid primary key,
    host text not null,
    path text not null,
    admit text not null check (admit in ('open', 'signed-in', 'groups')),
    created_at bigint not null,
    unique (host, path)
);

create table host_rule_groups (
    host_rule_id uuid not null references host_rules (id) on delete cascade,
    group_id uuid not null references groups (id),
    primary key (host_rule_id, group_id)
);

-- Who is signed in. No record of the company: signing in makes no revision. id is the SHA-256 of
-- what the cookie holds; changed_at, of its beginning and its end, is what replicas read news by.
create table sessions (
    id bytea primary key,
    user_id uuid not null,
    provider_id text,
    issuer text,
    subject text,
    provider_session text,
    id_token bytea,
    authenticated_at bigint not null,
    created_at bigint not null,
    seen_at bigint not null,
    expires_at bigint not null,
    ended_at bigint,
    changed_at bigint not null
);
create index sessions_changed on sessions (changed_at);
create index sessions_user on sessions (user_id);
create index sessions_seen on sessions (seen_at);
create index sessions_expiry on sessions (expires_at);

-- Sign-in links that work once. digest is the SHA-256 of what the link holds.
create table sign_in_links (
    digest bytea primary key,
    user_id uuid not null,
    created_at bigint not null,
    expires_at bigint not null
);

-- Events of scripts have ids without order, so that the newest are found by their time.
create index audit_events_at on audit_events (at);
