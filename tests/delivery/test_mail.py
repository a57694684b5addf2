"""Mail, to a real SMTP server on loopback and its faults."""

from __future__ import annotations

from pathlib import Path

import pytest

from callrouter.delivery import mail, ways
from callrouter.delivery.letter import Letter, NotTakenError, RefusedError
from callrouter.delivery.server import Server, server
from tests.delivery.letters import LETTER, SHEET
from tests.lab.smtp import MailServer, certificate

IRINA = "irina@example.org"
FROM = '"Отчёты, «Ромашка»" <router@example.org>'


async def send(there: MailServer, *, host: str = "127.0.0.1", scheme: str = "smtp", letter: Letter = LETTER) -> None:
    """Hand a letter in."""
    await mail.deliver(IRINA, letter, f"{scheme}://{host}:{there.port}", FROM)


@pytest.fixture
def pem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A certificate for 0.0.0.0, which leads to this host and does not say so; it is trusted."""
    made = certificate(tmp_path, "IP:0.0.0.0", "DNS:lab")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
    return made


async def test_the_page_is_the_body_and_the_files_are_attached() -> None:
    """Text and page in UTF-8, whole; files byte for byte; who reads the body has no page attached again."""
    async with MailServer() as there:
        await send(there)
    (got,) = there.received
    message = got.message
    text, page = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert page is not None
    assert text.get_content().replace("\r\n", "\n") == LETTER.text + "\n"
    assert page.get_content().replace("\r\n", "\n") == LETTER.html
    attached = {one.get_filename(): one.get_payload(decode=True) for one in message.iter_attachments()}
    assert attached == {"calls-2026-11-20.csv": LETTER.files[1].content, "calls-2026-11-20.xlsx": SHEET}
    assert (got.sender, got.to) == ("router@example.org", IRINA)
    assert message["To"] == IRINA
    assert message["From"] == '"Отчёты, «Ромашка»" <router@example.org>'
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"] == "Fri, 20 Nov 2026 18:40:00 +0000"


async def test_nothing_in_a_letter_adds_a_header() -> None:
    """A name with a line's end is a subject with a space."""
    async with MailServer() as there:
        await send(there)
    message = there.received[0].message
    assert message["Subject"] == "LCR вчера 7,4 % Bcc: thief@example.org"
    assert message["Bcc"] is None


async def test_the_same_letter_has_the_same_id() -> None:
    """Again the same Message-ID, under which a mail program knows a repetition; another key has another."""
    async with MailServer() as there:
        for _ in range(2):
            await send(there)
    first, second = there.received
    assert first.id == second.id == f"<{LETTER.id}@example.org>"
    assert Letter("other", "export", "", "", None, 0).id != LETTER.id


async def test_starttls_is_used_where_it_is_offered(pem: Path) -> None:
    """On this host whatever the certificate says, elsewhere if it is trusted; then user and password go."""
    async with MailServer(pem, login=("router@b.ru", "p@ss")) as there:
        for host in ("127.0.0.1", "0.0.0.0"):
            await mail.deliver(IRINA, LETTER, f"smtp://router%40b.ru:p%40ss@{host}:{there.port}", FROM)
    assert [(one.is_tls, one.user) for one in there.received] == [(True, "router@b.ru")] * 2


async def test_tls_from_the_first_byte(pem: Path) -> None:
    """With smtps."""
    async with MailServer(pem, is_implicit=True) as there:
        await send(there, host="0.0.0.0", scheme="smtps")
    assert there.received[0].is_tls


async def test_another_host_gets_nothing_in_the_clear() -> None:
    """Without STARTTLS no word of the letter leaves this host, and no password."""
    async with MailServer(login=("a", "b")) as there:
        with pytest.raises(NotTakenError, match="does not offer STARTTLS"):
            await mail.deliver(IRINA, LETTER, f"smtp://a:b@0.0.0.0:{there.port}", FROM)
    assert not there.taken


async def test_a_certificate_that_is_not_trusted_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pem: Path
) -> None:
    """Somebody else's server gets nothing; it is tried again, for it may be mended."""
    monkeypatch.delenv("SSL_CERT_FILE")
    async with MailServer(pem) as there:
        with pytest.raises(NotTakenError, match=r"0\.0\.0\.0"):
            await send(there, host="0.0.0.0")
    assert not there.taken


async def test_a_wrong_password_is_ours_to_mend() -> None:
    """The letter is kept, and what is said has no password in it."""
    async with MailServer(login=("a", "right")) as there:
        with pytest.raises(NotTakenError, match="does not take user and password") as raised:
            await mail.deliver(IRINA, LETTER, f"smtp://a:wrong-secret@127.0.0.1:{there.port}", FROM)
    assert "wrong-secret" not in str(raised.value)


@pytest.mark.parametrize("fault", ["refuses", "drops", "451", "garbage"])
async def test_what_passes_is_tried_again(fault: str) -> None:
    """A server that is busy, gone in the middle or out of its mind."""
    async with MailServer(fault=fault) as there:
        with pytest.raises(NotTakenError) as raised:
            await send(there)
    assert str(raised.value).isprintable()
    assert not there.received


async def test_a_refusal_stands() -> None:
    """The receiver is unknown: nothing is tried again."""
    async with MailServer(fault="550") as there:
        with pytest.raises(RefusedError, match="550 no such user"):
            await send(there)


async def test_nobody_listens() -> None:
    """A host that is away, or a setting that is missing, with the setting's name."""
    async with MailServer() as there:
        pass
    with pytest.raises(NotTakenError, match=r"127\.0\.0\.1"):
        await send(there)
    with pytest.raises(NotTakenError, match="SMTP_URL is not set"):
        await mail.deliver(IRINA, LETTER, None, FROM)
    with pytest.raises(NotTakenError, match="SMTP_FROM is not set"):
        await mail.deliver(IRINA, LETTER, "smtp://127.0.0.1", None)


async def test_silence_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that says nothing is left after the time there is for the whole."""
    monkeypatch.setattr(ways, "AT_MOST", 0.2)
    async with MailServer(fault="silent") as there:
        with pytest.raises(NotTakenError, match="was not taken within"):
            await ways.Ways(f"smtp://127.0.0.1:{there.port}", FROM).deliver(f"mail:{IRINA}", LETTER, 0.0)


def test_where_mail_is_handed_in() -> None:
    """User, password and port as the address has them."""
    assert server("smtp://mail.example.org") == Server("mail.example.org", 587, is_tls=False)
    assert server("smtps://u:p@h") == Server("h", 465, is_tls=True, user="u", password="p")
    assert server("smtp://localhost:25").is_here
    assert server("smtp://[::1]:25").is_here
    assert not server("smtp://mail.example.org").is_here
    for wrong in ("http://h", "smtp://", "smtp://h:99999", "smtp://h/path", "smtp://h?x=1", "h:25"):
        with pytest.raises(ValueError, match="is not smtp"):
            server(wrong)
