#!/usr/bin/env bash
# Starts PostgreSQL or Valkey as the images of those names do: a first start makes the database, with
# the password of POSTGRES_PASSWORD_FILE, and runs what lies in /docker-entrypoint-initdb.d.
set -euo pipefail
case ${1:-} in
    -*) set -- postgres "$@" ;;
esac
if [ "$1" = valkey-server ]; then
    if [ "$(id -u)" = 0 ]; then
        chown -R valkey /data
        exec setpriv --reuid=valkey --regid=valkey --clear-groups -- "$0" "$@"
    fi
    umask 0077
    exec "$@" --protected-mode no
fi
[ "$1" = postgres ] || exec "$@"

user=${POSTGRES_USER:-postgres}
password=${POSTGRES_PASSWORD:-}
[ -z "${POSTGRES_PASSWORD_FILE:-}" ] || password=$(< "$POSTGRES_PASSWORD_FILE")
mkdir -p "$PGDATA"
chmod 700 "$PGDATA" || true
if [ "$(id -u)" = 0 ]; then
    chown -R postgres "$PGDATA" /var/run/postgresql
    exec setpriv --reuid=postgres --regid=postgres --clear-groups -- "$0" "$@"
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    if [ -z "$password" ]; then
        echo "Error: Database is uninitialized and superuser password is not specified." >&2
        exit 1
    fi
    # shellcheck disable=SC2086
    initdb --username="$user" --pwfile=<(printf '%s\n' "$password") -D "$PGDATA" ${POSTGRES_INITDB_ARGS:-}
    echo 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
    pg_ctl -D "$PGDATA" -o "$(printf '%q ' "${@:2}") -c listen_addresses=''" -w start
    export PGPASSWORD=$password PGUSER=$user
    [ "${POSTGRES_DB:-$user}" = postgres ] || createdb "$POSTGRES_DB"
    for file in /docker-entrypoint-initdb.d/*; do
        case $file in
            *.sh) if [ -x "$file" ]; then "$file"; else . "$file"; fi ;;
            *.sql) psql -v ON_ERROR_STOP=1 --dbname "${POSTGRES_DB:-$user}" -f "$file" ;;
        esac
    done
    pg_ctl -D "$PGDATA" -m fast -w stop
    unset PGPASSWORD PGUSER
fi
exec "$@"
