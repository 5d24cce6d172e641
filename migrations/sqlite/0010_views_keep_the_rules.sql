-- The views of older scripts refuse what the program refuses, say why, and change nothing where
-- nothing is to be changed. No statement in here leans on a conflict: "insert or replace" by a script
-- would have it replace rows of the tables.

drop trigger user_group_membership_insert;
drop trigger user_group_membership_delete;
drop trigger user_group_membership_update;
drop trigger group_tenant_mapping_insert;
drop trigger group_tenant_mapping_delete;
drop trigger group_tenant_mapping_update;
drop trigger user_admin_status_insert;
drop trigger user_admin_status_update;
drop trigger user_admin_status_delete;
drop view sql_change;
drop view sql_user;
drop view sql_group;

-- Administrators as the program counts them: those whose rows it can read.
create view sql_admins as
select u.email as email from users u
where u.enabled = 1
  and typeof(u.id) = 'blob' and length(u.id) = 16
  and typeof(u.name) = 'text' and typeof(u.created_at) = 'integer'
  and typeof(u.email) = 'text' and length(cast(u.email as blob)) <= 254
  and u.email = lower(u.email) and u.email like '%_@_%' and u.email not like '%@%@%'
  and u.email not glob '*[^!-~]*' and u.email not glob '*[,;*"<>]*'
  and (u.admin = 1 or exists (
    select 1 from memberships m join groups g on g.id = m.group_id
    where m.user_id = u.id and g.enabled = 1 and lower(g.name) = 'mcp-admin'
      and typeof(g.id) = 'blob' and length(g.id) = 16 and typeof(g.description) = 'text'
      and typeof(g.created_at) = 'integer' and typeof(m.created_at) = 'integer'));

-- What a script did, at the newest revision.
create view sql_event as select '' as action, '' as kind, '' as subject, '' as tenant_id;
create trigger sql_event_insert instead of insert on sql_event begin
    insert into audit_events
        (id, at, revision, actor, action, kind, subject, tenant_id, outcome)
    select randomblob(16), cast((julianday('now') - 2440587.5) * 86400000000 as integer), number,
           'sql', new.action, new.kind, new.subject, new.tenant_id, 'changed'
    from revision;
end;

-- What the program would refuse. A zero character ends a text for most functions, but not as a blob.
create view sql_check_address as select '' as email;
create trigger sql_check_address_insert instead of insert on sql_check_address begin
    select raise(abort, 'user_email must be an address like alice@example.com: visible ASCII with one @ and none of , ; * " < >, at most 254 characters')
    where typeof(new.email) <> 'text' or length(new.email) <> length(cast(new.email as blob))
       or length(new.email) > 254 or new.email not like '%_@_%' or new.email like '%@%@%'
       or new.email glob '*[^!-~]*' or new.email glob '*[,;*"<>]*';
end;

create view sql_check_group as select '' as name;
create trigger sql_check_group_insert instead of insert on sql_check_group begin
    select raise(abort, 'group_name must be 1 to 120 visible ASCII characters without comma, and without blanks at its ends')
    where typeof(new.name) <> 'text' or length(new.name) <> length(cast(new.name as blob))
       or new.name = '' or length(new.name) > 120 or new.name <> trim(new.name)
       or new.name like '%,%' or new.name glob '*[^ -~]*';
    select raise(abort, 'group_name "add", "." and ".." stand for something else in addresses: choose another')
    where new.name in ('add', '.', '..')
      and not exists (select 1 from groups where lower(name) = lower(new.name));
end;

-- A user and a group that are not there yet, at the newest revision.
create view sql_user as select '' as email;
create trigger sql_user_insert instead of insert on sql_user begin
    insert into sql_event (action, kind, subject)
    select 'add', 'user', new.email where not exists (select 1 from users where email = new.email);
    insert into users (id, email, name, admin, enabled, created_at)
    select randomblob(16), new.email, '', false, true,
           cast((julianday('now') - 2440587.5) * 86400000000 as integer)
    where not exists (select 1 from users where email = new.email);
end;

create view sql_group as select '' as name;
create trigger sql_group_insert instead of insert on sql_group begin
    insert into sql_event (action, kind, subject)
    select 'add', 'group', new.name
    where not exists (select 1 from groups where lower(name) = lower(new.name));
    insert into groups (id, name, description, enabled, created_at)
    select randomblob(16), new.name, '', true,
           cast((julianday('now') - 2440587.5) * 86400000000 as integer)
    where not exists (select 1 from groups where lower(name) = lower(new.name));
end;

-- Memberships that scripts and administrators gave, to write to by a clean address.
create view sql_membership as
select u.email as email, g.name as name
from memberships m join users u on u.id = m.user_id join groups g on g.id = m.group_id
where m.source = 'local';
create trigger sql_membership_insert instead of insert on sql_membership begin
    insert into sql_check_address (email) values (new.email);
    insert into sql_check_group (name) values (new.name);
    update revision set number = number + 1
    where not exists (
        select 1 from sql_membership where email = new.email and lower(name) = lower(new.name));
    insert into sql_user (email) values (new.email);
    insert into sql_group (name) values (new.name);
    insert into sql_event (action, kind, subject)
    select 'add', 'membership', new.email || ' in ' || g.name from groups g
    where lower(g.name) = lower(new.name) and not exists (
        select 1 from sql_membership where email = new.email and lower(name) = lower(new.name));
    insert into memberships (user_id, group_id, source, created_at)
    select u.id, g.id, 'local', cast((julianday('now') - 2440587.5) * 86400000000 as integer)
    from users u, groups g
    where u.email = new.email and lower(g.name) = lower(new.name) and not exists (
        select 1 from sql_membership where email = new.email and lower(name) = lower(new.name));
end;

-- What is taken from the ends of an address is all that Unicode calls white space.
create view sql_blanks as select char(9, 10, 11, 12, 13, 32, 133, 160, 5760, 8192, 8193, 8194, 8195,
    8196, 8197, 8198, 8199, 8200, 8201, 8202, 8232, 8233, 8239, 8287, 12288) as blanks;

create trigger user_group_membership_insert instead of insert on user_group_membership begin
    insert into sql_check_address (email)
    select new.user_email where typeof(new.user_email) <> 'text';
    insert into sql_membership (email, name)
    select lower(trim(new.user_email, blanks)), new.group_name from sql_blanks;
end;

create trigger user_group_membership_delete instead of delete on user_group_membership begin
    select raise(abort, 'group_name: a provider puts the user in the group, so it has to be taken away there')
    from memberships m join users u on u.id = m.user_id join groups g on g.id = m.group_id
    where u.email = old.user_email and g.name = old.group_name and m.source like 'claim:%';
    update revision set number = number + 1;
    insert into sql_event (action, kind, subject)
    values ('remove', 'membership', old.user_email || ' in ' || old.group_name);
    delete from memberships
    where user_id in (select id from users where email = old.user_email)
      and group_id in (select id from groups where name = old.group_name);
    select raise(abort, 'is_admin: the last administrator must stay: make somebody else an administrator first (is_admin, or the group MCP-Admin)')
    where lower(old.group_name) = 'mcp-admin' and not exists (select 1 from sql_admins)
      and exists (select 1 from groups where name = old.group_name and enabled = 1)
      and exists (select 1 from users where email = old.user_email and enabled = 1);
end;

create trigger user_group_membership_update instead of update on user_group_membership begin
    select raise(abort, 'created_at cannot be changed: it is when the membership was made')
    where new.created_at is not old.created_at;
    insert into sql_check_address (email)
    select case typeof(new.user_email) when 'text' then lower(trim(new.user_email, blanks)) end
    from sql_blanks;
    insert into sql_check_group (name) values (new.group_name);
    -- The new one first: who moves the last administrator's membership leaves one.
    insert into user_group_membership (user_email, group_name)
    select new.user_email, new.group_name from sql_blanks
    where lower(trim(new.user_email, blanks)) <> old.user_email
       or lower(new.group_name) <> lower(old.group_name);
    delete from user_group_membership
    where user_email = old.user_email and group_name = old.group_name and (
        lower(trim(new.user_email, (select blanks from sql_blanks))) <> old.user_email
        or lower(new.group_name) <> lower(old.group_name));
end;

create trigger group_tenant_mapping_insert instead of insert on group_tenant_mapping begin
    insert into sql_check_group (name) values (new.group_name);
    select raise(abort, 'tenant_id names no tenant: add the tenant first')
    where typeof(new.tenant_id) <> 'text' or length(new.tenant_id) > 32
       or new.tenant_id not glob '[A-Za-z0-9]*' or new.tenant_id glob '*[^A-Za-z0-9_-]*'
       or not exists (select 1 from tenants where id = new.tenant_id);
    update revision set number = number + 1
    where not exists (
        select 1 from group_tenant_mapping
        where lower(group_name) = lower(new.group_name) and tenant_id = new.tenant_id);
    insert into sql_group (name) values (new.group_name);
    insert into sql_event (action, kind, subject, tenant_id)
    select 'add', 'grant', 'group ' || g.name || ' may use tenant ' || new.tenant_id, new.tenant_id
    from groups g
    where lower(g.name) = lower(new.group_name) and not exists (
        select 1 from group_tenant_mapping where group_name = g.name and tenant_id = new.tenant_id);
    insert into grants (id, group_id, tenant_id, effect, created_at)
    select randomblob(16), g.id, new.tenant_id, 'allow',
           cast((julianday('now') - 2440587.5) * 86400000000 as integer)
    from groups g
    where lower(g.name) = lower(new.group_name) and not exists (
        select 1 from group_tenant_mapping where group_name = g.name and tenant_id = new.tenant_id);
end;

create trigger group_tenant_mapping_delete instead of delete on group_tenant_mapping begin
    update revision set number = number + 1;
    insert into sql_event (action, kind, subject, tenant_id)
    values ('remove', 'grant', 'group ' || old.group_name || ' may use tenant ' || old.tenant_id,
            old.tenant_id);
    delete from grants
    where group_id in (select id from groups where name = old.group_name)
      and tenant_id = old.tenant_id and effect = 'allow'
      and connection_id is null and tool_pattern is null;
end;

create trigger group_tenant_mapping_update instead of update on group_tenant_mapping begin
    select raise(abort, 'created_at cannot be changed: it is when the grant was made')
    where new.created_at is not old.created_at;
    insert into group_tenant_mapping (group_name, tenant_id) values (new.group_name, new.tenant_id);
    delete from group_tenant_mapping
    where group_name = old.group_name and tenant_id = old.tenant_id and (
        lower(new.group_name) <> lower(old.group_name) or new.tenant_id <> old.tenant_id);
end;

create trigger user_admin_status_insert instead of insert on user_admin_status begin
    insert into sql_check_address (email)
    select case typeof(new.user_email) when 'text' then lower(trim(new.user_email, blanks)) end
    from sql_blanks;
    update revision set number = number + 1
    where not exists (
        select 1 from users, sql_blanks where email = lower(trim(new.user_email, blanks)));
    insert into sql_user (email) select lower(trim(new.user_email, blanks)) from sql_blanks;
    update user_admin_status set is_admin = new.is_admin
    where user_email = lower(trim(new.user_email, (select blanks from sql_blanks)));
end;

create trigger user_admin_status_update instead of update on user_admin_status begin
    select raise(abort, 'user_email cannot be changed here: use gatehall user change')
    from sql_blanks
    where new.user_email is not old.user_email
      and (typeof(new.user_email) <> 'text'
        or lower(trim(new.user_email, blanks)) is not old.user_email);
    select raise(abort, 'created_at cannot be changed: it is when the user was added')
    where new.created_at is not old.created_at;
    select raise(abort, 'is_admin must be 1 or 0')
    where typeof(new.is_admin) not in ('integer', 'null') or new.is_admin not in (0, 1);
    update revision set number = number + 1 where coalesce(new.is_admin, 0) <> old.is_admin;
    insert into sql_event (action, kind, subject)
    select 'change', 'user', old.user_email where coalesce(new.is_admin, 0) <> old.is_admin;
    update users set admin = coalesce(new.is_admin, 0)
    where email = old.user_email and admin <> coalesce(new.is_admin, 0);
    select raise(abort, 'is_admin: the last administrator must stay: make somebody else an administrator first (is_admin, or the group MCP-Admin)')
    where coalesce(new.is_admin, 0) = 0 and old.is_admin <> 0 and not exists (select 1 from sql_admins)
      and exists (select 1 from users where email = old.user_email and enabled = 1);
end;

create trigger user_admin_status_delete instead of delete on user_admin_status begin
    update user_admin_status set is_admin = 0 where user_email = old.user_email;
end;
