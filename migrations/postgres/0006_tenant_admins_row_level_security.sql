alter table tenant_admins enable row level security;
alter table tenant_admins force row level security;
create policy tenant_scope on tenant_admins using (tenant_in_scope(tenant_id));
