"""By mail: the page is the body, the other files are attached."""

from __future__ import annotations

import ssl
from contextlib import suppress
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as LINES
from email.utils import format_datetime, parseaddr
from typing import TYPE_CHECKING

import aiosmtplib

from callrouter.delivery.letter import NotTakenError, RefusedError, one_line
from callrouter.delivery.server import server

if TYPE_CHECKING:
    from callrouter.delivery.letter import Letter
    from callrouter.delivery.server import Server

ANSWER_AT_MOST = 60.0
"""Seconds the server has for each of its answers; the whole is bounded by who delivers."""
IS_BODY = frozenset({"text/html", "text/plain"})
"""Files of these kinds are the body, and not attached once more."""


async def deliver(to: str, letter: Letter, url: str | None, sender: str | None) -> None:
    """Hand the letter in; raise RefusedError if it never will be taken, NotTakenError if it was not this time."""
    if url is None or sender is None:
        name = "SMTP_URL" if url is None else "SMTP_FROM"
        raise NotTakenError(f"{name} is not set: set CALLROUTER_{name}")
    there = server(url)
    smtp = aiosmtplib.SMTP(
        hostname=there.host,
        port=there.port,
        timeout=ANSWER_AT_MOST,
        use_tls=there.is_tls,
        start_tls=False,
        tls_context=_context(there),
    )
    try:
        await _hand_in(smtp, there, to, message(letter, to, sender).as_bytes(), parseaddr(sender)[1])
    except aiosmtplib.SMTPRecipientsRefused as error:
        raise _verdict(error.recipients[0]) from None
    except (aiosmtplib.SMTPSenderRefused, aiosmtplib.SMTPDataError) as error:
        raise _verdict(error) from None
    except (aiosmtplib.SMTPException, ssl.SSLError, OSError) as error:  # also a wrong password: that is ours to mend
        raise NotTakenError(one_line(f"{there.host}: {_said(error)}")) from None
    finally:
        smtp.close()


def message(letter: Letter, to: str, sender: str) -> EmailMessage:
    """Return the letter as a mail; nothing in it can add a header."""
    name, address = parseaddr(sender)
    made = EmailMessage(policy=LINES)
    made["From"] = Address(one_line(name), addr_spec=address)
    made["To"] = Address(addr_spec=to)
    made["Subject"] = one_line(letter.subject)
    made["Date"] = format_datetime(datetime.fromtimestamp(int(letter.at), UTC))
    made["Message-ID"] = f"<{letter.id}@{address.rpartition('@')[2]}>"
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(letter.text, cte="quoted-printable")
    if letter.html is not None:
        made.add_alternative(letter.html, subtype="html", cte="base64")
    for file in letter.files:
        if file.media_type not in IS_BODY:
            kind, _, subtype = file.media_type.partition("/")
            made.add_attachment(file.content, maintype=kind, subtype=subtype, filename=file.name)
    return made


async def _hand_in(smtp: aiosmtplib.SMTP, there: Server, to: str, content: bytes, sender: str) -> None:
    await smtp.connect()
    if not there.is_tls:
        await _secure(smtp, there)
    if there.user is not None:
        await smtp.login(there.user, there.password or "")
    await smtp.sendmail(sender, [to], content)
    with suppress(aiosmtplib.SMTPException, OSError):  # it has the letter
        await smtp.quit()


async def _secure(smtp: aiosmtplib.SMTP, there: Server) -> None:
    """Go on by TLS where it is offered; nothing goes to another host without."""
    await smtp.ehlo()
    if smtp.supports_extension("starttls"):
        await smtp.starttls()
    elif not there.is_here:
        raise NotTakenError(f"{there.host} does not offer STARTTLS: use one that does, or smtps://")


def _context(there: Server) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if there.is_here:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _verdict(error: aiosmtplib.SMTPResponseException) -> NotTakenError | RefusedError:
    said = one_line(f"{error.code} {error.message}")
    return RefusedError(said) if 500 <= error.code < 600 else NotTakenError(said)  # noqa: PLR2004 - SMTP's own numbers


def _said(error: Exception) -> str:
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        return f"SMTP_URL: the server does not take user and password ({error.code})"
    return str(error) or type(error).__name__
