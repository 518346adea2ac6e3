"""The simulated company: an export to try the product with, and the truth behind it."""

from __future__ import annotations

from salesops_lib.data.sample.export import SampleSummary, write_sample

__all__ = ["SampleSummary", "write_sample"]
