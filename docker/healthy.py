"""The health check of the image: exit 0 while the worker in it takes calls, else 1 with the reason."""

from __future__ import annotations

import sys
from http.client import HTTPConnection, HTTPException

from callrouter.settings import load


def main() -> str | None:
    """Ask /healthz where HTTP_BIND says it is; return what is wrong."""
    bind = load().http_bind
    if bind is None:
        return "CALLROUTER_HTTP_BIND is off: nobody can tell"
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(bind.host, bind.host)  # noqa: S104 - everywhere is here, too
    connection = HTTPConnection(host, bind.port, timeout=4.0)
    try:
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        return None if answer.status == 200 else answer.read(1000).decode(errors="replace")  # noqa: PLR2004 - OK
    except (OSError, HTTPException) as error:
        return f"/healthz does not answer: {error}"
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
