#!/bin/sh
# What ./backup and ./restore do in the container of PostgreSQL. What is in a dump was decided by the
# program whose database it is, so it is made and restored as the role of that program: a dump that
# the superuser restores may do anything as the superuser.
#   dump DATABASE   writes a dump
#   list DATABASE   reads a dump, and notes what of it is to be restored
#   aside           renames the databases that are there, so that empty ones can be made
#   fill DATABASE   reads the dump that was listed, and fills an empty database with it
#   rows DATABASE   about how many rows it has
#   keep            drops what was put aside
#   back            puts it back, also what a restore that was cut off had put aside
set -eu
database=${2:-}
list=${TMPDIR:-/tmp}/$database.list
ours='^(gatehall|open_webui|authentik)'

case "$database" in
    '' | gatehall | open_webui | authentik) ;;
    *) echo "$database is no database of this deployment" >&2 && exit 2 ;;
esac

superuser() {
    psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --set=ours="$ours" --output=/dev/null \
        --username=postgres --dbname=postgres
}

end_sessions() {
    superuser <<'SQL'
select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname ~ (:'ours' || '(_before)?$');
SQL
}

drop_what_is_gone() {
    superuser <<'SQL'
select format('drop database %I with (force)', datname)
from pg_database where datname ~ (:'ours' || '_gone$') \gexec
SQL
}

back() {
    drop_what_is_gone
    end_sessions
    # All or none.
    superuser <<'SQL'
begin;
select format('alter database %I rename to %I', here.datname, here.datname || '_gone')
from pg_database here join pg_database before on before.datname = here.datname || '_before'
where here.datname ~ (:'ours' || '$') \gexec
select format('alter database %I rename to %I', datname, regexp_replace(datname, '_before$', ''))
from pg_database where datname ~ (:'ours' || '_before$') \gexec
commit;
SQL
    drop_what_is_gone
}

case "${1:-}" in
    dump)
        # The gate's tables are walled for their owner, too, by policies that hide nothing from who
        # names no tenant.
        export PGOPTIONS='-c gatehall.tenant='
        pg_dump --username="$database" --enable-row-security --format=custom "$database"
        ;;
    list)
        # prepare.sh makes this extension, which only the superuser may.
        pg_restore --list > "$list.all"
        grep -Ev '^[0-9]+; [0-9]+ [0-9]+ (EXTENSION - vector|COMMENT - EXTENSION vector)( |$)' \
            "$list.all" > "$list"
        rm "$list.all"
        ;;
    aside)
        back
        superuser <<'SQL'
begin;
select format('alter database %I rename to %I', datname, datname || '_before')
from pg_database where datname ~ (:'ours' || '$') \gexec
commit;
SQL
        ;;
    fill)
        pg_restore --username="$database" --dbname="$database" --no-owner --use-list="$list" \
            --single-transaction --exit-on-error
        rm "$list"
        ;;
    rows)
        vacuumdb --username="$database" --analyze-only --quiet "$database"
        psql --no-psqlrc --tuples-only --no-align --username="$database" --dbname="$database" <<'SQL'
select coalesce(sum(reltuples), 0)::bigint from pg_class
where relkind = 'r' and relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
SQL
        ;;
    keep)
        superuser <<'SQL'
begin;
select format('alter database %I rename to %I', datname, regexp_replace(datname, '_before$', '_gone'))
from pg_database where datname ~ (:'ours' || '_before$') \gexec
commit;
SQL
        drop_what_is_gone
        ;;
    back) back ;;
    *) sed -n '2,12s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
esac
