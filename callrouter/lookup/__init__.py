"""Clients as the CRM knows them, asked over HTTP."""
