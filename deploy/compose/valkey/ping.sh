#!/bin/sh
set -eu
REDISCLI_AUTH=$(cat /run/secrets/valkey_password)
export REDISCLI_AUTH
[ "$(valkey-cli ping)" = PONG ]
