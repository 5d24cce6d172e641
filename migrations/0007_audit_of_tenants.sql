-- What happened in one tenant is read at every opening of its page.
create index audit_events_tenant on audit_events (tenant_id, at);
