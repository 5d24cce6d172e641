-- The three tables of older scripts, as views that can be read and written. Scripts bring a SQLite of
-- their own, perhaps an old one.

create view user_group_membership as
select u.email as user_email, g.name as group_name,
       strftime('%Y-%m-%d %H:%M:%f', min(m.created_at) / 1e6, 'unixepoch') as created_at
from memberships m join users u on u.id = m.user_id join groups g on g.id = m.group_id
group by u.email, g.name;

create view group_tenant_mapping as
select g.name as group_name, x.tenant_id as tenant_id,
       strftime('%Y-%m-%d %H:%M:%f', x.created_at / 1e6, 'unixepoch') as created_at
from grants x join groups g on g.id = x.group_id
where x.effect = 'allow' and x.connection_id is null and x.tool_pattern is null;

create view user_admin_status as
select email as user_email, admin as is_admin,
       strftime('%Y-%m-%d %H:%M:%f', created_at / 1e6, 'unixepoch') as created_at
from users;

-- What a script did, and the new revision that makes the gateways see it.
create view sql_change as select '' as action, '' as kind, '' as subject;
create trigger sql_change_insert instead of insert on sql_change begin
    update revision set number = number + 1;
    insert into audit_events (id, at, revision, actor, action, kind, subject, outcome)
    select randomblob(16), cast((julianday('now') - 2440587.5) * 86400000000 as integer), number,
           'sql', new.action, new.kind, new.subject, 'changed'
    from revision;
end;

create view sql_user as select '' as email;
create trigger sql_user_insert instead of insert on sql_user begin
    select raise(abort, 'user_email must be an address like alice@example.com')
    where trim(new.email) not like '%_@_%' or new.email like '%@%@%'
       or trim(new.email) glob '*[ ,;*"<>]*' or trim(new.email) glob '*[^!-~]*';
    insert into users (id, email, name, admin, enabled, created_at)
    values (randomblob(16), lower(trim(new.email)), '', false, true,
            cast((julianday('now') - 2440587.5) * 86400000000 as integer))
    on conflict do nothing;
end;

create view sql_group as select '' as name;
create trigger sql_group_insert instead of insert on sql_group begin
    select raise(abort, 'group_name must be visible ASCII without comma or blanks at its ends')
    where new.name = '' or new.name <> trim(new.name) or new.name like '%,%'
       or new.name glob '*[^ -~]*' or length(new.name) > 120;
    insert into groups (id, name, description, enabled, created_at)
    select randomblob(16), new.name, '', true, cast((julianday('now') - 2440587.5) * 86400000000 as integer)
    where not exists (select 1 from groups where lower(name) = lower(new.name));
end;

create trigger user_group_membership_insert instead of insert on user_group_membership begin
    insert into sql_user (email) values (new.user_email);
    insert into sql_group (name) values (new.group_name);
    insert into memberships (user_id, group_id, source, created_at)
    select u.id, g.id, 'local', cast((julianday('now') - 2440587.5) * 86400000000 as integer)
    from users u, groups g
    where u.email = lower(trim(new.user_email)) and lower(g.name) = lower(new.group_name)
    on conflict do nothing;
    insert into sql_change (action, kind, subject)
    values ('add', 'membership', new.user_email || ' in ' || new.group_name);
end;

create trigger user_group_membership_delete instead of delete on user_group_membership begin
    delete from memberships
    where user_id in (select id from users where email = old.user_email)
      and group_id in (select id from groups where name = old.group_name);
    insert into sql_change (action, kind, subject)
    values ('remove', 'membership', old.user_email || ' in ' || old.group_name);
end;

create trigger user_group_membership_update instead of update on user_group_membership begin
    delete from user_group_membership
    where user_email = old.user_email and group_name = old.group_name;
    insert into user_group_membership (user_email, group_name)
    values (new.user_email, new.group_name);
end;

create trigger group_tenant_mapping_insert instead of insert on group_tenant_mapping begin
    select raise(abort, 'tenant_id names no tenant: add the tenant first')
    where not exists (select 1 from tenants where id = new.tenant_id);
    insert into sql_group (name) values (new.group_name);
    insert into grants (id, group_id, tenant_id, effect, created_at)
    select randomblob(16), g.id, new.tenant_id, 'allow',
           cast((julianday('now') - 2440587.5) * 86400000000 as integer)
    from groups g
    where lower(g.name) = lower(new.group_name)
      and not exists (
        select 1 from grants x
        where x.group_id = g.id and x.tenant_id = new.tenant_id and x.effect = 'allow'
          and x.connection_id is null and x.tool_pattern is null);
    insert into sql_change (action, kind, subject)
    values ('add', 'grant', 'group ' || new.group_name || ' may use tenant ' || new.tenant_id);
end;

create trigger group_tenant_mapping_delete instead of delete on group_tenant_mapping begin
    delete from grants
    where group_id in (select id from groups where name = old.group_name)
      and tenant_id = old.tenant_id and effect = 'allow'
      and connection_id is null and tool_pattern is null;
    insert into sql_change (action, kind, subject)
    values ('remove', 'grant', 'group ' || old.group_name || ' may use tenant ' || old.tenant_id);
end;

create trigger group_tenant_mapping_update instead of update on group_tenant_mapping begin
    delete from group_tenant_mapping
    where group_name = old.group_name and tenant_id = old.tenant_id;
    insert into group_tenant_mapping (group_name, tenant_id)
    values (new.group_name, new.tenant_id);
end;

create trigger user_admin_status_insert instead of insert on user_admin_status begin
    insert into sql_user (email) values (new.user_email);
    update users set admin = coalesce(new.is_admin, false)
    where email = lower(trim(new.user_email));
    insert into sql_change (action, kind, subject) values ('change', 'user', new.user_email);
end;

create trigger user_admin_status_update instead of update on user_admin_status begin
    update users set admin = coalesce(new.is_admin, false) where email = old.user_email;
    insert into sql_change (action, kind, subject) values ('change', 'user', old.user_email);
end;

create trigger user_admin_status_delete instead of delete on user_admin_status begin
    update users set admin = false where email = old.user_email;
    insert into sql_change (action, kind, subject) values ('change', 'user', old.user_email);
end;
