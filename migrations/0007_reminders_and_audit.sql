-- When the issuer lets a credential end, to be reminded of it.
alter table credentials add column expires_at bigint;

-- What somebody did last, and what happened in one tenant, is read at every opening of their pages.
create index audit_events_user on audit_events (user_id, at);
create index audit_events_tenant on audit_events (tenant_id, at);
