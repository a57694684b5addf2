"""Everything in SQL, and the local journal that feeds it: tables, shipping, named queries."""
