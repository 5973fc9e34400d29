"""Benchmarks: `python -m benchmarks [NAME ...]`, or `make bench`. They print medians; they assert nothing."""
