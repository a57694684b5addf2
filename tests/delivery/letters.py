"""A letter that every way has to carry."""

from __future__ import annotations

from callrouter.delivery.letter import File, Letter

SHEET = bytes(range(256)) * 300
KEY = "export/2026-11-20/1/mail:irina@example.org"
LETTER = Letter(
    key=KEY,
    kind="export",
    subject="LCR вчера 7,4 %\r\nBcc: thief@example.org",
    text=".\nне перезвонили 3\n..\n" + "длинная строка " * 200,
    html="<p>ООО «Ромашка»</p>\n.\n",
    at=1_795_200_000.75,
    files=(
        File("lcr-2026-11-20.html", "text/html", b"<p></p>"),
        File("calls-2026-11-20.csv", "text/csv", "\ufeffклиент;номер\r\n.\r\n".encode()),
        File("calls-2026-11-20.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", SHEET),
    ),
)
