#!/bin/sh
# Writes what is not known before the start into /run/asterisk, which the files of /etc/asterisk include, and becomes
# Asterisk: it is the process that SIGTERM reaches.
#
# Secrets, as files: /run/secrets/ari_password, and /run/secrets/phones: one line "NAME PASSWORD" for each of pjsip.conf.
# What may be set: ASTERISK_HTTP_BIND (127.0.0.1:8088), where callrouter reaches ARI; ASTERISK_SIP_BIND (127.0.0.1:5060);
# ASTERISK_RTP (10000-10039), the ports of the audio; ASTERISK_SEEN_AS (127.0.0.1), the address softphones reach us by.
set -eu
run=/run/asterisk
secrets=/run/secrets
http=${ASTERISK_HTTP_BIND:-127.0.0.1:8088}
rtp=${ASTERISK_RTP:-10000-10039}
seen_as=${ASTERISK_SEEN_AS:-127.0.0.1}

fail() { echo "error: $1" >&2; exit 2; }
# What else would be read as a comment or as a further setting.
plain() { case $2 in ''|*[!A-Za-z0-9._~:-]*) fail "$1: only letters, digits and . _ ~ : - may be in it";; esac; }

for name in ari_password phones; do
    [ -r "$secrets/$name" ] || fail "there is no $secrets/$name that uid $(id -u) may read: docker/secrets.sh makes them"
done
for setting in "ASTERISK_HTTP_BIND $http" "ASTERISK_RTP $rtp" "ASTERISK_SEEN_AS $seen_as" \
    "ASTERISK_SIP_BIND ${ASTERISK_SIP_BIND:-127.0.0.1:5060}"; do
    plain "${setting%% *}" "${setting#* }"
done
password=$(cat "$secrets/ari_password")
plain ari_password "$password"

umask 077
printf 'bindaddr=%s\nbindport=%s\n' "${http%:*}" "${http##*:}" >$run/http.conf
printf 'password=%s\n' "$password" >$run/ari.conf
printf 'rtpstart=%s\nrtpend=%s\n' "${rtp%-*}" "${rtp#*-}" >$run/rtp.conf
printf 'bind=%s\nexternal_media_address=%s\nexternal_signaling_address=%s\n' \
    "${ASTERISK_SIP_BIND:-127.0.0.1:5060}" "$seen_as" "$seen_as" >$run/transport.conf
while read -r name password; do
    [ -n "$name" ] || continue
    plain phones "$name"
    plain "phones: $name" "$password"
    printf '[%s]\ntype=auth\nauth_type=userpass\nusername=%s\npassword=%s\n' "$name" "$name" "$password"
done <"$secrets/phones" >$run/auth.conf
umask 022
exec asterisk -f "$@"
