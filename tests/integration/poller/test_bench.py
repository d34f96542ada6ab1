"""The benchmark measures runs that succeed."""

from __future__ import annotations

from bench.poll import measure_whole_run


def test_the_benchmark_s_runs_read_every_account() -> None:
    measured = measure_whole_run(10, latency=0.0)

    assert measured["accounts"] == 10
    assert measured["cpu_ms"] > 0
