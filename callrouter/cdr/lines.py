"""
The lines of Asterisk's file, as `dialplan/cdr_custom.conf` has them written, read into records. Pure.

A caller's number may hold anything, line feeds too, but Asterisk doubles every quotation mark in it: so `START` can
only be where a record begins, and what was torn or garbled is left behind at the next one.
"""

from __future__ import annotations

import csv
import re
from urllib.parse import unquote

from callrouter.core.recorded import Record, recording_at

START = re.compile(rb'callrouter,"[0-9]{1,11}\.[0-9]{6}","')
LONGEST = 16_384
"""Bytes a record may have at the most: more without an end is garbage."""
_WHOLE = re.compile(rb'callrouter(?:,"[^"]*(?:""[^"]*)*"){16,18}\r?\n')
"""Files from before there were recordings have sixteen columns, without where the PBX says that one lies."""
_INSTANT = re.compile(r"[0-9]{1,11}\.[0-9]{6}")
_COUNT = re.compile(r"[0-9]{1,9}")


def read(text: bytes) -> tuple[tuple[Record, ...], int, int]:
    """Return the records, how many bytes of `text` are done with, and how many pieces of it were no records."""
    records: list[Record] = []
    done = bad = 0
    while done < len(text):
        whole = _WHOLE.match(text, done)
        if whole is not None:
            record = _record(whole[0])
            records += [record] if record else []
            bad += record is None
            done = whole.end()
            continue
        following = _next(text, done)
        if following is None:
            break
        bad += bool(text[done:following].strip())
        done = following
    return tuple(records), done, bad


def _next(text: bytes, done: int) -> int | None:
    """Return where reading goes on after something that is no record; None: it may yet become one."""
    start = START.search(text, done + 1)
    if start is not None:
        return start.start()
    if len(text) - done > LONGEST:
        return len(text)
    if START.match(text, done) or b"\n" not in text[done:]:
        return None
    return text.index(b"\n", done) + 1


def _record(line: bytes) -> Record | None:
    cells = next(csv.reader([line.decode("utf-8", "replace")], strict=True))
    _, start, answer, end, unique, linked, sequence, channel, peer, caller, disposition, *ours = cells
    reached, by, how, step, revision, dialled, encoded, named = (*ours, "", "")[:8]
    instants = all(_INSTANT.fullmatch(one) for one in (start, answer, end))
    counts = _COUNT.fullmatch(sequence) and all(_COUNT.fullmatch(one) for one in (step, revision) if one)
    if not (unique and instants and counts):
        return None
    return Record(
        asterisk_id=unique,
        sequence=int(sequence),
        linked_id=linked,
        channel=channel,
        peer=peer,
        caller=caller,
        disposition=disposition,
        started_at=float(start),
        answered_at=float(answer) or None,
        ended_at=float(end),
        line=reached,
        by=by,
        end=how,
        step=int(step) if step else None,
        revision=int(revision) if revision else None,
        dialled=dialled,
        recording=recording_at(unquote(encoded, errors="replace") or named) or "",
    )
