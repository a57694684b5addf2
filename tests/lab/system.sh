#!/bin/bash
# Installs the Debian packages the laboratory needs, saying so first. Never asks; exits 2 where it cannot.
set -euo pipefail

declare -A package_of=([mmdebstrap]=mmdebstrap [sipp]=sip-tester [setpriv]=util-linux [openssl]=openssl [systemd-analyze]=systemd [sqlite3]=sqlite3)
missing=()
for program in "${!package_of[@]}"; do
    command -v "$program" >/dev/null || missing+=("${package_of[$program]}")
done
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
# The container images are built, and tested, by root only.
[ "$(id -u)" != 0 ] || command -v buildah >/dev/null || missing+=(buildah)
[ "$(id -u)" = 0 ] || command -v newuidmap >/dev/null || missing+=(uidmap)
# An Asterisk of the user's own needs no folder made with mmdebstrap.
if [ -n "${CALLROUTER_ASTERISK:-}" ]; then
    for index in "${!missing[@]}"; do [ "${missing[$index]}" != mmdebstrap ] || unset "missing[$index]"; done
fi
[ "${#missing[@]}" -gt 0 ] || exit 0

packages="${missing[*]}"
if ! command -v apt-get >/dev/null; then
    echo "error: the tests need these programs and this is not Debian; install by hand what holds: $packages" >&2
    exit 2
fi
if [ "$(id -u)" = 0 ]; then
    as_root=()
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    as_root=(sudo -n)
else
    echo "error: Debian packages are missing and only root can install them; run, then try again:" >&2
    echo "    apt-get update && apt-get install --no-install-recommends $packages" >&2
    exit 2
fi

log=$(mktemp)
policy=/usr/sbin/policy-rc.d
made_policy=
tidy() { rm -f "$log"; [ -z "$made_policy" ] || "${as_root[@]}" rm -f "$policy"; }
trap tidy EXIT
run() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive "$@" >"$log" 2>&1 </dev/null || {
        tail -n 20 "$log" >&2
        echo "error: '$*' failed (above its last lines); mend that or install by hand: $packages" >&2
        exit 2
    }
}

echo "system: installing Debian packages: $packages (no service is started; about a minute)"
# Debian would start a database server of its own on installation; the tests start theirs on a port of their own.
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
    "${as_root[@]}" chmod 755 "$policy"
    made_policy=yes
fi
run apt-get -q update
run apt-get -q -y --no-install-recommends install "${missing[@]}"
echo "system: installed"
