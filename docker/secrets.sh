#!/bin/sh
# Makes the secrets that compose.yaml gives its services as files, each by chance; those that are there stay.
#
# A container reads its own as another user, so the files are readable and their folder is not: it keeps them from
# everybody else on this machine.
set -eu
folder=${1:-$(dirname "$0")/secrets}
mkdir -p "$folder"
chmod 700 "$folder"

random() { od -An -N18 -tx1 /dev/urandom | tr -d ' \n'; }
keep() { [ -e "$folder/$1" ] || { cat >"$folder/.$1" && chmod 644 "$folder/.$1" && mv "$folder/.$1" "$folder/$1"; }; }

random | keep postgres_password
random | keep ari_password
echo "postgresql://callrouter:$(cat "$folder/postgres_password")@postgres/callrouter" | keep database_url
for phone in 101 102 client; do echo "$phone $(random)"; done | keep phones
echo "secrets: $folder; the passwords of the softphones:"
cat "$folder/phones"
