-- Descriptions declare the variables that credentials fill. Those that credentials fill already
-- are declared with them; the program leaves out what no credential may fill.

update servers set transport = jsonb_set(transport::jsonb, '{credential_variables}', declared.names)::text
from (
    select connections.server_id,
        jsonb_agg(distinct substr(credentials.placement, length('environment:') + 1)) as names
    from credentials join connections on connections.id = credentials.connection_id
    where credentials.placement like 'environment:%'
    group by connections.server_id
) as declared
where declared.server_id = servers.id and servers.transport::jsonb ->> 'type' = 'stdio';
