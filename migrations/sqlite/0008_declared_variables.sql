-- Descriptions declare the variables that credentials fill. Those that credentials fill already
-- are declared with them; the program leaves out what no credential may fill. A transport that cannot
-- be read stays as it is: the program sets its row aside, and so it does with such placements.

create view filled_variables as
select distinct connections.server_id as server_id,
    substr(credentials.placement, length('environment:') + 1) as name
from credentials join connections on connections.id = credentials.connection_id
where typeof(credentials.placement) = 'text' and credentials.placement like 'environment:%'
  and credentials.placement not glob '*[^A-Za-z0-9_:]*';

update servers set transport = json_set(transport, '$.credential_variables', json((
    select json_group_array(name) from (
        select name from filled_variables where server_id = servers.id order by name))))
where case when typeof(transport) = 'text' and json_valid(transport)
        then json_extract(transport, '$.type') = 'stdio' end
  and exists (select 1 from filled_variables where server_id = servers.id);

drop view filled_variables;
