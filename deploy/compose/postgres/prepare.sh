#!/bin/sh
# Makes a role and a database for each program, or gives the roles the passwords that are in secrets/
# now. Runs at every `up`, so that a second run mends what a first one left half done.
set -eu
PGPASSWORD=$(cat /run/secrets/postgres_password)
export PGOPTIONS=--client-min-messages=warning
export PGPASSWORD PGHOST=postgres PGUSER=postgres PGDATABASE=postgres
sql() { psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 "$@"; }

if ! refused=$(sql --command='select 1' 2>&1 > /dev/null); then
    echo "$refused" >&2
    # It takes the password from secrets/ when it starts.
    echo "If it is the password: docker compose up -d --wait --force-recreate postgres" >&2
    exit 1
fi
for program in gatehall open_webui authentik; do
    file=/run/secrets/${program}_database_password
    if [ ! -s "$file" ]; then
        echo "secrets/${program}_database_password is empty: write a password into it" >&2
        exit 1
    fi
    # The password goes in as a variable of psql, by its standard input: no list of processes has it.
    {
        printf '\\set role %s\n' "$program"
        # psql runs it, not this shell.
        # shellcheck disable=SC2016
        printf '\\set password `cat %s`\n' "$file"
        cat <<'SQL'
select format('create role %I login nosuperuser nocreatedb nocreaterole noreplication nobypassrls', :'role')
where not exists (select from pg_roles where rolname = :'role') \gexec
select format('alter role %I with login nosuperuser nocreatedb nocreaterole noreplication nobypassrls password %L', :'role', :'password') \gexec
select format('create database %I owner %I', :'role', :'role')
where not exists (select from pg_database where datname = :'role') \gexec
select format('revoke all on database %I from public', :'role') \gexec
SQL
    } | sql
done
# Only a superuser may make it.
sql --dbname=open_webui --command='create extension if not exists vector'
sql --command='revoke all on database postgres from public' --command='revoke all on database template1 from public'
echo "Roles and databases are as they should be."
