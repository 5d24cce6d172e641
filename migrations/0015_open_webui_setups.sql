-- What was set up at Open WebUIs, by their addresses: sealed, since keys of connections that were
-- there before are in it.
create table open_webui_setups (
    url text primary key,
    sealed bytea not null,
    updated_at bigint not null
);

-- What a gate says of Open WebUIs, as JSON: a table of its own said it before.
alter table replicas add column chats text;
drop table replica_chats;
