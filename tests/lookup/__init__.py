"""The look-up of clients in a CRM."""
