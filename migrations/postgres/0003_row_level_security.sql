-- A second wall behind the rules of the program: a session that sets gatehall.tenant sees and
-- writes the rows of that tenant alone. The gateway's own sessions set nothing and see all.

create function tenant_in_scope(tenant text) returns boolean language sql stable as $$
    select coalesce(current_setting('gatehall.tenant', true), '') in ('', tenant)
$$;

do $$
declare scoped text;
begin
    foreach scoped in array array['connections', 'credentials', 'grants', 'api_keys', 'audit_events'] loop
        execute format('alter table %I enable row level security', scoped);
        execute format('alter table %I force row level security', scoped);
        execute format('create policy tenant_scope on %I using (tenant_in_scope(tenant_id))', scoped);
    end loop;
end $$;

alter table tenants enable row level security;
alter table tenants force row level security;
create policy tenant_scope on tenants using (tenant_in_scope(id));
