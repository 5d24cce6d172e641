-- The address under which browsers know a gate, so that commands on its store need not be told.
alter table replicas add column public_url text;
