#!/bin/sh
# Starts PostgreSQL, unless the volume was made by another major version: that has to be said in
# words, since nothing but a dump and a restore leads from one to the other.
set -eu
if [ -f "$PGDATA/PG_VERSION" ]; then
    there=$(cat "$PGDATA/PG_VERSION")
    here=$(postgres --version | sed 's/^[^0-9]*\([0-9]*\).*/\1/')
    if [ "$there" != "$here" ]; then
        echo "The volume \"postgres\" is of PostgreSQL $there, and this image is PostgreSQL $here, which" \
            "cannot read it. Nothing was changed. Set POSTGRES_IMAGE in .env back to a tag of $there;" \
            "to go on to $here, dump the databases first and restore them into a new volume." >&2
        exit 1
    fi
fi
exec docker-entrypoint.sh "$@"
