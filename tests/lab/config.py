"""The configuration files of an Asterisk instance, written from a Company."""

from __future__ import annotations

import resource
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.lab.company import Company, Endpoint, TrunkEndpoint
    from tests.lab.root import AsteriskRoot
    from tests.lab.slots import Slot

DIALPLAN = Path(__file__).resolve().parents[2] / "dialplan"
USERNAME = "callrouter"
PASSWORD = "lab-password"

MODULES = """
    pbx_config app_dial app_playback app_stack app_exec app_verbose app_directed_pickup app_echo app_bridgewait
    app_stasis app_stasis_broadcast app_userevent app_playtones app_waituntil app_read app_system app_senddtmf
    func_callerid func_channel func_timeout func_logic func_strings func_global func_db func_devstate
    func_hangupcause func_math func_version func_pjsip_endpoint func_pjsip_aor func_pjsip_contact func_groupcount
    func_cdr func_config func_uri func_module func_dialplan func_extstate func_cut func_sprintf func_rand func_env
    func_blacklist func_uuid func_shell chan_pjsip bridge_simple bridge_native_rtp bridge_softmix bridge_holding
    bridge_builtin_features bridge_builtin_interval_features codec_ulaw codec_alaw codec_a_mu codec_gsm
    codec_resample format_pcm format_gsm format_wav format_sln app_mixmonitor app_chanspy app_bridgeaddchan
    app_channelredirect app_cdr res_speech res_agi res_ari res_ari_applications res_ari_asterisk res_ari_bridges
    res_ari_channels res_ari_device_states res_ari_endpoints res_ari_events res_ari_model res_ari_playbacks
    res_ari_recordings res_ari_sounds res_convert res_crypto res_http_websocket res_websocket_client res_musiconhold
    res_pjproject res_pjsip res_pjsip_caller_id res_pjsip_diversion res_pjsip_dlg_options res_pjsip_dtmf_info
    res_pjsip_endpoint_identifier_ip res_pjsip_endpoint_identifier_user res_pjsip_exten_state res_pjsip_header_funcs
    res_pjsip_logger res_pjsip_nat res_pjsip_path res_pjsip_pubsub res_pjsip_outbound_publish res_pjsip_refer
    res_pjsip_registrar res_pjsip_authenticator_digest res_pjsip_rfc3326 res_pjsip_sdp_rtp res_pjsip_session
    res_rtp_asterisk res_sorcery_astdb res_sorcery_config res_sorcery_memory res_stasis res_stasis_answer
    res_stasis_broadcast res_stasis_device_state res_stasis_playback res_stasis_recording res_stasis_snoop
    res_timing_timerfd res_clioriginate res_limit res_parking res_cdrel_custom cdr_custom
"""


def write(folder: Path, inside: Path, root: AsteriskRoot, slot: Slot, company: Company) -> None:
    """Write every file of an instance whose own folder is `folder`, which Asterisk sees as `inside`."""
    for name in ("etc", "run", "log/cdr-custom", "spool", "db", "key"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    texts = {
        "asterisk.conf": _asterisk(inside, root, slot),
        "modules.conf": _modules(root, folder, inside),
        "logger.conf": "[general]\ndateformat=%T.%3q\n[logfiles]\nfull => notice,warning,error,verbose(4)\n",
        "http.conf": _http(slot),
        "ari.conf": _ari(),
        "pjsip.conf": _pjsip(slot, company),
        "rtp.conf": "[general]\nrtpstart={}\nrtpend={}\nstrictrtp=no\n".format(*slot.rtp),
        "features.conf": "[general]\npickupexten=*8\n[featuremap]\nblindxfer=##\natxfer=*2\n",
        "cdr.conf": "[general]\nenable=yes\nunanswered=yes\n",
        "extensions.conf": _extensions(company),
        "cdr_custom.conf": (DIALPLAN / "cdr_custom.conf").read_text(),
        "callrouter.conf": (DIALPLAN / "callrouter.conf").read_text(),
        "musiconhold.conf": "[default]\nmode=files\ndirectory=moh\n",
        "stasis.conf": "", "udptl.conf": "", "sorcery.conf": "", "indications.conf": INDICATIONS,
        "ccss.conf": "", "cel.conf": "", "manager.conf": "[general]\nenabled=no\n", "pjproject.conf": "",
        "acl.conf": "", "codecs.conf": "", "dnsmgr.conf": "", "cli_permissions.conf": "", "cli.conf": "",
        "extconfig.conf": "", "res_parking.conf": "", "websocket_client.conf": "", "pjsip_notify.conf": "",
    }  # fmt: skip
    if company.fallback is not None:
        texts["callrouter-fallback.conf"] = company.fallback
    for name, text in {**texts, **company.files}.items():
        (folder / "etc" / name).write_text(text)


INDICATIONS = """[general]
country=ru
[ru]
description=Russia
ringcadence=1000,4000
dial=425
busy=425/350,0/350
ring=425/1000,0/4000
congestion=425/175,0/175
callwaiting=425/200,0/5000
record=1400/400,0/15000
info=950/330,1400/330,1800/330,0/1000
"""


def _asterisk(inside: Path, root: AsteriskRoot, slot: Slot) -> str:
    open_files = min(65_536, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    return f"""[directories]
astetcdir => {inside}/etc
astmoddir => {root.modules}
astvarlibdir => {root.share}
astdatadir => {root.share}
astdbdir => {inside}/db
astkeydir => {inside}/key
astspooldir => {inside}/spool
astrundir => {inside}/run
astlogdir => {inside}/log
astagidir => {inside}/spool
[options]
verbose = 4
entityid = 02:00:00:00:00:{slot.number + 1:02x}
maxfiles = {open_files}
live_dangerously = no
nocolor = yes
[files]
"""


def _modules(root: AsteriskRoot, folder: Path, inside: Path) -> str:
    """Name what is loaded: everything would take seconds. What this Asterisk does not have is left out."""
    present = Path(root.modules)
    if root.outside != root.inside:
        present = Path(str(folder).removesuffix(str(inside)) + root.modules)
    loads = [f"load = {name}.so" for name in MODULES.split() if (present / f"{name}.so").exists()]
    return "[modules]\nautoload=no\n" + "\n".join(loads) + "\n"


def _http(slot: Slot) -> str:
    return f"""[general]
enabled=yes
bindaddr=127.0.0.1
bindport={slot.http}
sessionlimit=500
session_keep_alive=60000
"""


def _ari() -> str:
    return f"""[general]
enabled=yes
websocket_write_timeout=5000
[{USERNAME}]
type=user
password={PASSWORD}
password_format=plain
"""


def _pjsip(slot: Slot, company: Company) -> str:
    head = f"""[global]
type=global
taskprocessor_overload_trigger=pjsip_only
endpoint_identifier_order=ip,username
user_agent=lab
[udp]
type=transport
protocol=udp
bind=127.0.0.1:{slot.sip}
"""
    return head + "".join(map(_endpoint, company.endpoints)) + "".join(map(_trunk, company.trunks))


def _endpoint(endpoint: Endpoint) -> str:
    contacts = "".join(f"contact=sip:{endpoint.name}@127.0.0.1:{port}\n" for port in endpoint.contacts)
    groups = ",".join(endpoint.groups)
    return f"""
[{endpoint.name}]
type=aor
max_contacts=10
qualify_frequency=0
{contacts}
[{endpoint.name}]
type=endpoint
context=phones
disallow=all
allow=ulaw
aors={endpoint.name}
callerid="{endpoint.display or endpoint.name}" <{endpoint.name}>
direct_media=no
media_address=127.0.0.1
bind_rtp_to_media_address=yes
send_pai=yes
trust_id_outbound=yes
trust_id_inbound=no
named_call_group={groups}
named_pickup_group={groups}
{endpoint.options}
"""


def _trunk(trunk: TrunkEndpoint) -> str:
    contact = f"contact=sip:{trunk.address}:{trunk.port}\n" if trunk.port else ""
    return f"""
[{trunk.name}]
type=aor
{contact}
[{trunk.name}]
type=endpoint
context=from-trunk
disallow=all
allow=ulaw
aors={trunk.name}
direct_media=no
media_address=127.0.0.1
bind_rtp_to_media_address=yes
[{trunk.name}]
type=identify
endpoint={trunk.name}
match={trunk.address}
"""


def _extensions(company: Company) -> str:
    """The dialplan of a PBX that was there before callrouter, and callrouter's own file in it."""
    variables = "".join(f"{name}={value}\n" for name, value in company.globals.items())
    hints = "".join(f"exten => {end.name},hint,PJSIP/{end.name}\n" for end in company.endpoints)
    return f"""[general]
static=yes
writeprotect=yes
[globals]
TRANSFER_CONTEXT=phones
{variables}
[from-trunk]
exten => _[+0-9a-zA-Z].,1,Goto({company.entry},${{EXTEN}},1)

[phones]
{hints}exten => _[1-9]XX,1,Dial(${{PJSIP_DIAL_CONTACTS(${{EXTEN}})}},60)
 same => n,Hangup(${{HANGUPCAUSE}})
exten => _+X.,1,Goto({company.entry},${{EXTEN}},1)
exten => *8,1,Pickup()
exten => *43,1,Answer()
 same => n,Echo()

#include callrouter.conf

{company.dialplan}
"""
