"""Canonical tables, snapshots, ingest, and the simulated company."""
