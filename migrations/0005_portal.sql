-- What the portal needs: tenant admins, keys for the management API, undo, usage, replicas.

create table tenant_admins (
    tenant_id text not null references tenants (id),
    user_id uuid not null references users (id),
    created_at bigint not null,
    primary key (tenant_id, user_id)
);

-- Other keys are for tools alone.
alter table api_keys add column manage boolean not null default false;

-- What before and after leave out of a change: sealed secrets and digests, so that it can be undone.
alter table audit_events add column secret_before bytea;
alter table audit_events add column secret_after bytea;
create index audit_events_revision on audit_events (revision) where outcome = 'changed';

-- How many calls ended how, by minutes since 1970. An empty tenant_id is for calls of no tenant.
create table usage_minutes (
    minute bigint not null,
    tenant_id text not null,
    outcome text not null,
    calls bigint not null,
    primary key (minute, tenant_id, outcome)
);

-- The gates that serve this company, each with the revision it serves.
create table replicas (
    name text primary key,
    version text not null,
    revision bigint not null,
    started_at bigint not null,
    seen_at bigint not null
);
