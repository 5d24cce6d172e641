-- The views of older scripts refuse what the program refuses, say why, and change nothing where
-- nothing is to be changed. Who may write the views needs no right on the tables: their triggers run
-- with the rights of the owner, for these views alone, and within the tenant of the session.

drop trigger user_group_membership_write on user_group_membership;
drop trigger group_tenant_mapping_write on group_tenant_mapping;
drop trigger user_admin_status_write on user_admin_status;
drop function user_group_membership_write();
drop function group_tenant_mapping_write();
drop function user_admin_status_write();
drop function sql_user(text);
drop function sql_group(text);
drop function sql_change(text, text, text);

-- A view is read with the rights of its owner, whom the policies of the table may not bind.
create or replace view group_tenant_mapping with (security_barrier) as
select g.name as group_name, x.tenant_id as tenant_id,
       to_timestamp(x.created_at / 1e6) as created_at
from grants x join groups g on g.id = x.group_id
where x.effect = 'allow' and x.connection_id is null and x.tool_pattern is null
  and tenant_in_scope(x.tenant_id);

create function sql_refuse(problem text) returns void
language plpgsql set search_path = gatehall, pg_temp as $$
begin
    raise exception using errcode = 'check_violation', message = problem;
end $$;

-- An address as the program keeps it, or null if it is none. What is taken from its ends is all that
-- Unicode calls white space.
create function sql_address(written text) returns text
language sql immutable set search_path = gatehall, pg_temp as $$
    select lower(it.clean collate "C")
    from (select btrim(written, E'\t\n\u000b\f\r \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004'
        '\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000') as clean) it
    where it.clean ~ '^[!-~]+$' and it.clean ~ '^[^@,;*"<>]+@[^@,;*"<>]+$'
      and length(it.clean) <= 254
$$;

-- One writer at a time, the program included. What belongs to no tenant is not for the session of one.
create function sql_begin(whole boolean) returns void
language plpgsql set search_path = gatehall, pg_temp as $$
begin
    if whole and coalesce(current_setting('gatehall.tenant', true), '') <> '' then
        perform sql_refuse('gatehall.tenant is set: users and groups belong to no tenant, so a '
            || 'session of one tenant cannot change them');
    end if;
    perform 1 from revision for update;
end $$;

-- What a script did. The first event of a write makes the new revision, which gateways see.
create function sql_event(inout made bigint, action text, kind text, subject text, tenant text)
language plpgsql set search_path = gatehall, pg_temp as $$
begin
    if made is null then
        update revision set number = number + 1 returning number into made;
        perform pg_notify('gatehall_revision', made::text);
    end if;
    insert into audit_events (id, at, revision, actor, action, kind, subject, tenant_id, outcome)
    values (gen_random_uuid(), now_micros(), made, 'sql by ' || session_user, action, kind, subject,
            tenant, 'changed');
end $$;

-- The user with an address; added if there is none.
create function sql_user(inout made bigint, address text, out row_id uuid)
language plpgsql set search_path = gatehall, pg_temp as $$
begin
    select id into row_id from users where email = address;
    if row_id is null then
        insert into users (id, email, name, admin, enabled, created_at)
        values (gen_random_uuid(), address, '', false, true, now_micros())
        returning id into row_id;
        made := sql_event(made, 'add', 'user', address, null);
    end if;
end $$;

-- The group of a name, without regard to case; added if there is none.
create function sql_group(inout made bigint, inout title text, out row_id uuid)
language plpgsql set search_path = gatehall, pg_temp as $$
declare written text := title;
begin
    select id, name into row_id, title from groups
    where lower(name collate "C") = lower(written collate "C") order by name = written desc limit 1;
    if row_id is null then
        if written in ('add', '.', '..') then
            perform sql_refuse(format(
                'group_name "%s" stands for something else in addresses: choose another', written));
        end if;
        perform sql_begin(true);
        title := written;
        insert into groups (id, name, description, enabled, created_at)
        values (gen_random_uuid(), title, '', true, now_micros()) returning id into row_id;
        made := sql_event(made, 'add', 'group', title, null);
    end if;
end $$;

create function sql_check_group(title text) returns void
language plpgsql set search_path = gatehall, pg_temp as $$
begin
    if title is null or title !~ '^[ -~]{1,120}$' or title like '%,%' or title ~ '^ | $' then
        perform sql_refuse('group_name must be 1 to 120 visible ASCII characters without comma, and '
            || 'without blanks at its ends');
    end if;
end $$;

create function sql_check_address(written text) returns text
language plpgsql set search_path = gatehall, pg_temp as $$
begin
    if sql_address(written) is null then
        perform sql_refuse('user_email must be an address like alice@example.com: visible ASCII with '
            || 'one @ and none of , ; * " < >, at most 254 characters');
    end if;
    return sql_address(written);
end $$;

-- Called after an administrator was made none.
create function sql_check_last_admin() returns void
language plpgsql set search_path = gatehall, pg_temp as $$
begin
    if not exists (
        select 1 from users u
        where u.enabled and sql_address(u.email) = u.email and (u.admin or exists (
            select 1 from memberships m join groups g on g.id = m.group_id
            where m.user_id = u.id and g.enabled and lower(g.name collate "C") = 'mcp-admin')))
    then
        perform sql_refuse('is_admin: the last administrator must stay: make somebody else an '
            || 'administrator first (is_admin, or the group MCP-Admin)');
    end if;
end $$;

create function user_group_membership_write() returns trigger
language plpgsql security definer set search_path = gatehall, pg_temp as $$
declare made bigint; person uuid; team uuid; address text; title text; claimed text;
begin
    if tg_relid <> 'user_group_membership'::regclass then
        perform sql_refuse('this is for the view user_group_membership alone');
    end if;
    perform sql_begin(true);
    if tg_op <> 'DELETE' then
        address := sql_check_address(new.user_email);
        perform sql_check_group(new.group_name);
    end if;
    if tg_op = 'UPDATE' then
        if new.created_at is distinct from old.created_at then
            perform sql_refuse('created_at cannot be changed: it is when the membership was made');
        end if;
        if address = old.user_email
            and lower(new.group_name collate "C") = lower(old.group_name collate "C") then
            return new;
        end if;
        if not exists (
            select 1 from memberships m join users u on u.id = m.user_id
            join groups g on g.id = m.group_id
            where u.email = old.user_email and g.name = old.group_name) then
            return null;
        end if;
    end if;
    if tg_op <> 'DELETE' then
        select it.made, it.row_id into made, person from sql_user(made, address) it;
        select it.made, it.title, it.row_id into made, title, team
        from sql_group(made, new.group_name) it;
        insert into memberships (user_id, group_id, source, created_at)
        values (person, team, 'local', now_micros()) on conflict do nothing;
        if found then
            made := sql_event(made, 'add', 'membership', address || ' in ' || title, null);
        end if;
        new.user_email := address;
        new.group_name := title;
    end if;
    if tg_op = 'INSERT' then
        return new;
    end if;
    select string_agg(substr(m.source, 7), ', ') into claimed
    from memberships m join users u on u.id = m.user_id join groups g on g.id = m.group_id
    where u.email = old.user_email and g.name = old.group_name and m.source like 'claim:%';
    if claimed is not null then
        perform sql_refuse(format('group_name: %s puts %s in %s, so it has to be taken away there',
            claimed, old.user_email, old.group_name));
    end if;
    delete from memberships m using users u, groups g
    where u.id = m.user_id and g.id = m.group_id
      and u.email = old.user_email and g.name = old.group_name;
    if not found then
        return null;
    end if;
    made := sql_event(made, 'remove', 'membership', old.user_email || ' in ' || old.group_name, null);
    if lower(old.group_name collate "C") = 'mcp-admin'
        and exists (select 1 from groups where name = old.group_name and enabled)
        and exists (select 1 from users where email = old.user_email and enabled) then
        perform sql_check_last_admin();
    end if;
    return case tg_op when 'DELETE' then old else new end;
end $$;

create function group_tenant_mapping_write() returns trigger
language plpgsql security definer set search_path = gatehall, pg_temp as $$
declare made bigint; team uuid; title text;
begin
    if tg_relid <> 'group_tenant_mapping'::regclass then
        perform sql_refuse('this is for the view group_tenant_mapping alone');
    end if;
    perform sql_begin(false);
    if tg_op <> 'DELETE' then
        perform sql_check_group(new.group_name);
        if new.tenant_id is null or new.tenant_id !~ '^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$'
            or not exists (select 1 from tenants where id = new.tenant_id)
            or tenant_in_scope(new.tenant_id) is not true then
            perform sql_refuse('tenant_id names no tenant: add the tenant first');
        end if;
    end if;
    if tg_op = 'UPDATE' then
        if new.created_at is distinct from old.created_at then
            perform sql_refuse('created_at cannot be changed: it is when the grant was made');
        end if;
        if new.tenant_id = old.tenant_id
            and lower(new.group_name collate "C") = lower(old.group_name collate "C") then
            return new;
        end if;
    end if;
    if tg_op <> 'INSERT' then
        delete from grants x using groups g
        where g.id = x.group_id and g.name = old.group_name
          and x.tenant_id = old.tenant_id and tenant_in_scope(x.tenant_id) and x.effect = 'allow'
          and x.connection_id is null and x.tool_pattern is null;
        if not found then
            return null;
        end if;
        made := sql_event(made, 'remove', 'grant',
            'group ' || old.group_name || ' may use tenant ' || old.tenant_id, old.tenant_id);
    end if;
    if tg_op = 'DELETE' then
        return old;
    end if;
    select it.made, it.title, it.row_id into made, title, team
    from sql_group(made, new.group_name) it;
    insert into grants (id, group_id, tenant_id, effect, created_at)
    select gen_random_uuid(), team, new.tenant_id, 'allow', now_micros()
    where not exists (
        select 1 from grants
        where group_id = team and tenant_id = new.tenant_id and effect = 'allow'
          and connection_id is null and tool_pattern is null);
    if found then
        made := sql_event(made, 'add', 'grant',
            'group ' || title || ' may use tenant ' || new.tenant_id, new.tenant_id);
    end if;
    new.group_name := title;
    return new;
end $$;

create function user_admin_status_write() returns trigger
language plpgsql security definer set search_path = gatehall, pg_temp as $$
declare made bigint; person uuid; address text; wanted boolean;
begin
    if tg_relid <> 'user_admin_status'::regclass then
        perform sql_refuse('this is for the view user_admin_status alone');
    end if;
    perform sql_begin(true);
    wanted := tg_op <> 'DELETE' and coalesce(new.is_admin, false);
    if tg_op = 'INSERT' then
        address := sql_check_address(new.user_email);
        select it.made, it.row_id into made, person from sql_user(made, address) it;
        new.user_email := address;
    else
        address := old.user_email;
        select id into person from users where email = address;
    end if;
    if tg_op = 'UPDATE' then
        if new.user_email is distinct from address
            and sql_address(new.user_email) is distinct from address then
            perform sql_refuse(format('user_email cannot be changed here: use gatehall user change '
                || '%s --email ADDRESS', address));
        end if;
        if new.created_at is distinct from old.created_at then
            perform sql_refuse('created_at cannot be changed: it is when the user was added');
        end if;
    end if;
    update users set admin = wanted where id = person and admin <> wanted;
    if found then
        made := sql_event(made, 'change', 'user', address, null);
        if not wanted and exists (select 1 from users where id = person and enabled) then
            perform sql_check_last_admin();
        end if;
    end if;
    return case tg_op when 'DELETE' then old else new end;
end $$;

create trigger user_group_membership_write
instead of insert or update or delete on user_group_membership
for each row execute function user_group_membership_write();
create trigger group_tenant_mapping_write
instead of insert or update or delete on group_tenant_mapping
for each row execute function group_tenant_mapping_write();
create trigger user_admin_status_write
instead of insert or update or delete on user_admin_status
for each row execute function user_admin_status_write();

-- Triggers need no right of who fires them, and nobody else is to call these.
revoke all on function
    sql_refuse(text), sql_address(text), sql_begin(boolean), sql_event(bigint, text, text, text, text),
    sql_user(bigint, text), sql_group(bigint, text), sql_check_group(text), sql_check_address(text),
    sql_check_last_admin(), user_group_membership_write(), group_tenant_mapping_write(),
    user_admin_status_write()
from public;
