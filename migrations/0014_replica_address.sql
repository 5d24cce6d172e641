-- The address under which browsers know a gate, so that commands on its store need not be told.
alter table replicas add column public_url text;

-- What a gate says of Open WebUIs, as JSON.
alter table replicas add column chats text;
