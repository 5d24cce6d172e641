-- The records an administrator keeps. One text for SQLite and PostgreSQL.
-- Times are microseconds since 1970 in UTC. Rows of a tenant carry tenant_id.

create table revision (
    id integer primary key check (id = 1),
    number bigint not null
);
insert into revision (id, number) values (1, 0);

-- One value that the vault sealed, to notice a wrong key file before anything is lost.
create table vault_check (
    id integer primary key check (id = 1),
    sealed bytea not null
);

create table users (
    id uuid primary key,
    email text not null unique check (email = lower(email) and email like '%_@_%'),
    name text not null,
    admin boolean not null,
    enabled boolean not null,
    created_at bigint not null
);

create table identities (
    issuer text not null,
    subject text not null,
    user_id uuid not null references users (id),
    created_at bigint not null,
    primary key (issuer, subject)
);

create table groups (
    id uuid primary key,
    name text not null unique check (name <> '' and name not like '%,%'),
    description text not null,
    enabled boolean not null,
    created_at bigint not null
);

create table memberships (
    user_id uuid not null references users (id),
    group_id uuid not null references groups (id),
    source text not null,
    created_at bigint not null,
    primary key (user_id, group_id, source)
);
create index memberships_group on memberships (group_id);

create table tenants (
    id text primary key,
    name text not null,
    description text not null,
    enabled boolean not null,
    created_at bigint not null
);

create table servers (
    id text primary key,
    name text not null,
    description text not null,
    transport text not null,
    access text not null check (access in ('granted', 'public')),
    stateful boolean not null,
    tier text not null,
    enabled boolean not null,
    created_at bigint not null
);

create table connections (
    id uuid primary key,
    tenant_id text references tenants (id),
    server_id text not null references servers (id),
    url text,
    timeout_seconds integer,
    concurrent_calls integer,
    enabled boolean not null,
    created_at bigint not null
);
create unique index connections_path on connections (coalesce(tenant_id, ''), server_id);

create table credentials (
    connection_id uuid not null references connections (id),
    placement text not null,
    tenant_id text references tenants (id),
    sealed bytea,
    variable text,
    created_at bigint not null,
    primary key (connection_id, placement),
    check ((sealed is null) <> (variable is null))
);

-- A grant to a whole tenant has no connection_id.
create table grants (
    id uuid primary key,
    group_id uuid references groups (id),
    user_id uuid references users (id),
    user_pattern text,
    tenant_id text references tenants (id),
    connection_id uuid references connections (id),
    tool_pattern text,
    effect text not null check (effect in ('allow', 'deny')),
    created_at bigint not null,
    check (tenant_id is not null or connection_id is not null)
);

-- A key without user_id is a service key.
create table api_keys (
    id text primary key,
    name text not null,
    user_id uuid references users (id),
    tenant_id text references tenants (id),
    digest bytea not null,
    created_at bigint not null,
    expires_at bigint,
    revoked_at bigint
);

-- Kept apart from api_keys: a use is no change of the company and makes no revision.
create table api_key_uses (
    key_id text primary key,
    last_used_at bigint not null
);

-- Changes of the company and calls of tools. Names are kept as they were at that time.
create table audit_events (
    id uuid primary key,
    at bigint not null,
    revision bigint not null,
    actor text not null,
    user_id uuid,
    door text,
    key_id text,
    action text not null,
    kind text not null,
    subject text not null,
    tenant_id text,
    connection text,
    outcome text not null,
    reason text,
    before text,
    after text,
    duration_micros bigint,
    bytes_in bigint,
    bytes_out bigint,
    request_id bigint
);
