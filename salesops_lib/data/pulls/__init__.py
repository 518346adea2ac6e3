"""Pulls: what a mapping reads, fetched from the API of a CRM into an export folder."""

from __future__ import annotations

from salesops_lib.data.pulls.folder import PullResult
from salesops_lib.data.pulls.hubspot import pull_hubspot
from salesops_lib.data.pulls.salesforce import pull_salesforce

__all__ = ["PullResult", "pull_hubspot", "pull_salesforce"]
