"""The laboratory: a real Asterisk, real SIP phones and a real PostgreSQL for the tests and the demo.

async with Lab(["101", "102"]) as lab:
    lab.phone("101").behaviour = answers(after=1.0)
    call = await lab.trunk.dial("+74951234567", caller="89161234567")
    await call.wait("answered")

A `Proxy` in front of a server's port (`await proxy.open(port)`, then `cut`, `stall`, `resume`) is the bad network;
`Rig(…, ari=Proxy())` puts one between the router and ARI.
"""

from tests.lab.asterisk import Asterisk
from tests.lab.behaviour import Behaviour, answers, refuses, rejects, rings, silent
from tests.lab.call import Call
from tests.lab.company import Company, Endpoint, TrunkEndpoint
from tests.lab.lab import Desk, Lab
from tests.lab.phone import Phone, Trunk
from tests.lab.proxy import Proxy
from tests.lab.root import AsteriskRoot, LabError, provide
from tests.lab.sip import Identity
from tests.lab.standstill import patience, runs, undisturbed
from tests.lab.wire import Moment, Seen

__all__ = [
    "Asterisk", "AsteriskRoot", "Behaviour", "Call", "Company", "Desk", "Endpoint", "Identity", "Lab", "LabError",
    "Moment", "Phone", "Proxy", "Seen", "Trunk", "TrunkEndpoint", "answers", "patience", "provide", "refuses",
    "rejects", "rings", "runs", "silent", "undisturbed",
]  # fmt: skip
