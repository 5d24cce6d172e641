-- Descriptions declare the variables that credentials fill. Those that credentials fill already
-- are declared with them; the program leaves out what no credential may fill.

update servers set transport = json_set(transport, '$.credential_variables', json((
    select json_group_array(name) from (
        select distinct substr(credentials.placement, length('environment:') + 1) as name
        from credentials join connections on connections.id = credentials.connection_id
        where connections.server_id = servers.id and credentials.placement like 'environment:%'
        order by name))))
where json_extract(transport, '$.type') = 'stdio' and exists (
    select 1 from credentials join connections on connections.id = credentials.connection_id
    where connections.server_id = servers.id and credentials.placement like 'environment:%');
