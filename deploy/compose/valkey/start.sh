#!/bin/sh
# The password comes by standard input, so that no list of processes shows it.
set -eu
exec valkey-server - <<CONFIGURATION
requirepass $(cat /run/secrets/valkey_password)
dir /data
save 60 1
maxmemory 96mb
maxmemory-policy noeviction
CONFIGURATION
