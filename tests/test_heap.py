"""Freed memory goes back to the system, all the time."""

from __future__ import annotations

import asyncio

import pytest

from callrouter import heap


async def test_the_c_library_is_asked_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """It costs a moment, and goes on until the worker ends; a C library without it is left alone."""
    asked: asyncio.Queue[int] = asyncio.Queue()

    class Library:
        malloc_trim = staticmethod(asked.put_nowait)

    monkeypatch.setattr(heap, "EVERY", 0.0)
    monkeypatch.setattr("ctypes.CDLL", lambda _: Library)
    giving = asyncio.create_task(heap.give_back())
    async with asyncio.timeout(5):
        assert [await asked.get(), await asked.get()] == [0, 0]
    giving.cancel()
    await asyncio.gather(giving, return_exceptions=True)
    monkeypatch.setattr("ctypes.CDLL", lambda _: object())
    await heap.give_back()
