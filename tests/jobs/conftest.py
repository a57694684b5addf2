"""The store's databases: every test of a job runs on SQLite and on PostgreSQL."""

from tests.store.conftest import database, journal, url

__all__ = ("database", "journal", "url")
