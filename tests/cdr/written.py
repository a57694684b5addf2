"""Lines as Asterisk writes them by dialplan/cdr_custom.conf."""

from __future__ import annotations

import re
from pathlib import Path

DIALPLAN = Path(__file__).resolve().parents[2] / "dialplan"
COLUMNS = re.findall(r"\$\{CDR\(([a-z_]+)", (DIALPLAN / "cdr_custom.conf").read_text().partition("\n[mappings]\n")[2])
VALUES = {
    "start": "1795310378.091531",
    "answer": "1795310378.394456",
    "end": "1795310378.900135",
    "uniqueid": "1795310378.12",
    "linkedid": "1795310378.12",
    "sequence": "13",
    "channel": "PJSIP/trunk-00000007",
    "dstchannel": "PJSIP/102-00000009",
    "src": "89161234567",
    "disposition": "ANSWERED",
    "callrouter_line": "+74951234567",
    "callrouter_by": "fallback",
    "callrouter_end": "",
    "callrouter_step": "2",
    "callrouter_revision": "1",
    "callrouter_dialled": "",
    "callrouter_recording": "",
    "recordingfile": "",
}


def line(**values: str) -> bytes:
    """Return a line with these values, the others as in life; quotation marks are doubled, as CSV_QUOTE does."""
    given = VALUES | values
    cells = ",".join('"' + given[name].replace('"', '""') + '"' for name in COLUMNS)
    return f"callrouter,{cells}\n".encode()
