#!/bin/sh
# The password comes by standard input, so that no list of processes shows it.
set -eu
# Quoted, as its configuration wants it. Without a password it would let in everybody.
password=$(sed 's/["\\]/\\&/g' /run/secrets/valkey_password)
if [ -z "$password" ]; then
    echo "secrets/valkey_password is empty: write a password into it" >&2
    exit 1
fi
exec valkey-server - <<CONFIGURATION
requirepass "$password"
dir /data
save 60 1
maxmemory 96mb
maxmemory-policy noeviction
CONFIGURATION
