#!/bin/sh
# Authentik belongs to whoever opens its first page, unless its administrator has a password before.
# It takes that one from its environment alone.
set -eu
AUTHENTIK_BOOTSTRAP_PASSWORD=$(cat /run/secrets/authentik_admin_password)
if [ -z "$AUTHENTIK_BOOTSTRAP_PASSWORD" ]; then
    echo "secrets/authentik_admin_password is empty: write a password into it" >&2
    exit 1
fi
export AUTHENTIK_BOOTSTRAP_PASSWORD
exec ak "$@"
