"""Warm kernels: forked from a server that has imported the heavy packages once."""

from __future__ import annotations

__all__ = ["KERNEL_NAME"]

KERNEL_NAME = "salesops-warm"
"""Name of the kernelspec."""
