"""Benchmarks: each runs beside a peer or a physical limit and asserts what it did before it reports."""
