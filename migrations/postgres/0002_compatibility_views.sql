-- The three tables of older scripts, as views that can be read and written.

create view user_group_membership as
select u.email as user_email, g.name as group_name,
       to_timestamp(min(m.created_at) / 1e6) as created_at
from memberships m join users u on u.id = m.user_id join groups g on g.id = m.group_id
group by u.email, g.name;

create view group_tenant_mapping as
select g.name as group_name, x.tenant_id as tenant_id,
       to_timestamp(x.created_at / 1e6) as created_at
from grants x join groups g on g.id = x.group_id
where x.effect = 'allow' and x.connection_id is null and x.tool_pattern is null;

create view user_admin_status as
select email as user_email, admin as is_admin, to_timestamp(created_at / 1e6) as created_at
from users;

create function now_micros() returns bigint language sql as
$$ select (extract(epoch from clock_timestamp()) * 1000000)::bigint $$;

-- What a script did, and the new revision that makes the gateways see it.
create function sql_change(action text, kind text, subject text) returns void
language plpgsql set search_path from current as $$
declare next bigint;
begin
    update revision set number = number + 1 returning number into next;
    insert into audit_events (id, at, revision, actor, action, kind, subject, outcome)
    values (gen_random_uuid(), now_micros(), next, 'sql', action, kind, subject, 'changed');
    perform pg_notify('gatehall_revision', next::text);
end $$;

create function sql_user(address text) returns uuid
language plpgsql set search_path from current as $$
declare clean text := lower(trim(address)); found uuid;
begin
    if clean is null or clean !~ '^[!-~]+$' or clean !~ '^[^@,;*"<>]+@[^@,;*"<>]+$' then
        raise exception 'user_email must be an address like alice@example.com';
    end if;
    insert into users (id, email, name, admin, enabled, created_at)
    values (gen_random_uuid(), clean, '', false, true, now_micros())
    on conflict (email) do nothing;
    select id into found from users where email = clean;
    return found;
end $$;

create function sql_group(title text) returns uuid
language plpgsql set search_path from current as $$
declare found uuid;
begin
    if title is null or title !~ '^[ -~]{1,120}$' or title like '%,%' or title <> trim(title) then
        raise exception 'group_name must be visible ASCII without comma or blanks at its ends';
    end if;
    insert into groups (id, name, description, enabled, created_at)
    select gen_random_uuid(), title, '', true, now_micros()
    where not exists (select 1 from groups where lower(name) = lower(title));
    select id into found from groups where lower(name) = lower(title);
    return found;
end $$;

create function user_group_membership_write() returns trigger
language plpgsql set search_path from current as $$
begin
    if tg_op <> 'INSERT' then
        delete from memberships
        where user_id in (select id from users where email = old.user_email)
          and group_id in (select id from groups where name = old.group_name);
        perform sql_change('remove', 'membership', old.user_email || ' in ' || old.group_name);
    end if;
    if tg_op = 'DELETE' then
        return old;
    end if;
    insert into memberships (user_id, group_id, source, created_at)
    values (sql_user(new.user_email), sql_group(new.group_name), 'local', now_micros())
    on conflict do nothing;
    perform sql_change('add', 'membership', new.user_email || ' in ' || new.group_name);
    return new;
end $$;
create trigger user_group_membership_write
instead of insert or update or delete on user_group_membership
for each row execute function user_group_membership_write();

create function group_tenant_mapping_write() returns trigger
language plpgsql set search_path from current as $$
declare owner uuid;
begin
    if tg_op <> 'INSERT' then
        delete from grants
        where group_id in (select id from groups where name = old.group_name)
          and tenant_id = old.tenant_id and effect = 'allow'
          and connection_id is null and tool_pattern is null;
        perform sql_change('remove', 'grant',
            'group ' || old.group_name || ' may use tenant ' || old.tenant_id);
    end if;
    if tg_op = 'DELETE' then
        return old;
    end if;
    if not exists (select 1 from tenants where id = new.tenant_id) then
        raise exception 'tenant_id names no tenant: add the tenant first';
    end if;
    owner := sql_group(new.group_name);
    insert into grants (id, group_id, tenant_id, effect, created_at)
    select gen_random_uuid(), owner, new.tenant_id, 'allow', now_micros()
    where not exists (
        select 1 from grants
        where group_id = owner and tenant_id = new.tenant_id and effect = 'allow'
          and connection_id is null and tool_pattern is null);
    perform sql_change('add', 'grant',
        'group ' || new.group_name || ' may use tenant ' || new.tenant_id);
    return new;
end $$;
create trigger group_tenant_mapping_write
instead of insert or update or delete on group_tenant_mapping
for each row execute function group_tenant_mapping_write();

create function user_admin_status_write() returns trigger
language plpgsql set search_path from current as $$
begin
    if tg_op = 'DELETE' then
        update users set admin = false where email = old.user_email;
        perform sql_change('change', 'user', old.user_email);
        return old;
    end if;
    if tg_op = 'INSERT' then
        perform sql_user(new.user_email);
    end if;
    update users set admin = coalesce(new.is_admin, false)
    where email = lower(trim(case when tg_op = 'INSERT' then new.user_email else old.user_email end));
    perform sql_change('change', 'user', new.user_email);
    return new;
end $$;
create trigger user_admin_status_write
instead of insert or update or delete on user_admin_status
for each row execute function user_admin_status_write();
