"""Benchmarks of a real server: `python -m tests.bench [names…]` measures, compares with the targets, and tells."""
