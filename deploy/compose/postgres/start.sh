#!/bin/sh
# Makes the database cluster if there is none, and starts PostgreSQL. It does so in place of the
# image's own script, for which a cluster that was cut off while it was made is a finished one.
set -eu
secret=/run/secrets/postgres_password
if [ ! -s "$secret" ]; then
    echo "secrets/postgres_password is empty: write a password into it" >&2
    exit 1
fi

if [ ! -e "$PGDATA" ]; then
    rm -rf "$PGDATA.new"
    initdb --pgdata="$PGDATA.new" --username=postgres --pwfile="$secret" --data-checksums \
        --encoding=UTF8 --locale=C.UTF-8 --auth-local=trust --auth-host=scram-sha-256
    # Each role reaches its own database, by its password and from the networks of this container.
    cat > "$PGDATA.new/pg_hba.conf" <<'RULES'
local all        all        trust
host  gatehall   gatehall   samenet scram-sha-256
host  open_webui open_webui samenet scram-sha-256
host  authentik  authentik  samenet scram-sha-256
host  all        postgres   samenet scram-sha-256
RULES
    # Only now is it there, whole.
    mv "$PGDATA.new" "$PGDATA"
fi

there=$(cat "$PGDATA/PG_VERSION")
here=$(postgres --version | sed 's/^[^0-9]*\([0-9]*\).*/\1/')
if [ "$there" != "$here" ]; then
    echo "The volume \"postgres\" is of PostgreSQL $there, and this image is PostgreSQL $here, which" \
        "cannot read it. Nothing was changed. Set POSTGRES_IMAGE in .env back to a tag of $there; to" \
        "go on to $here, dump the databases first and restore them into a new volume." >&2
    exit 1
fi
# The superuser's password is that of the file, whoever changed which of the two since the last time.
# A quote within is doubled, as SQL wants it. With a full disk it is better to serve than to end.
printf "alter role postgres with password '%s'\n" "$(sed "s/'/''/g" "$secret")" \
    | postgres --single -D "$PGDATA" postgres > /dev/null \
    || echo "The superuser's password could not be set." >&2
exec postgres "$@"
