-- Descriptions declare the variables that credentials fill. Those that credentials fill already
-- are declared with them; the program leaves out what no credential may fill. A transport that cannot
-- be read stays as it is: the program sets its row aside.

do $$
declare
    filled record;
begin
    for filled in
        select connections.server_id,
            jsonb_agg(distinct substr(credentials.placement, length('environment:') + 1)) as names
        from credentials join connections on connections.id = credentials.connection_id
        where credentials.placement like 'environment:%'
        group by connections.server_id
    loop
        begin
            update servers
            set transport = jsonb_set(transport::jsonb, '{credential_variables}', filled.names)::text
            where id = filled.server_id and transport::jsonb ->> 'type' = 'stdio';
        exception when data_exception or program_limit_exceeded then
            raise warning 'the transport of server % cannot be read', filled.server_id;
        end;
    end loop;
end $$;
