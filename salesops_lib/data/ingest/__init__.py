"""Ingest: a CRM export and a mapping become a snapshot."""

from __future__ import annotations

from salesops_lib.data.ingest.folder import ingest_folder
from salesops_lib.data.ingest.suggestion import Suggestion, suggested_mapping
from salesops_lib.data.ingest.summary import IngestResult

__all__ = ["IngestResult", "Suggestion", "ingest_folder", "suggested_mapping"]
