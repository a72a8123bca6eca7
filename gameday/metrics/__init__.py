"""Metrics: pure functions from a timeline to measurements. One metric a file; to add one, list it in METRICS."""

from typing import Final

from gameday.metrics import (
    m1_exposed_prompts,
    m2_detection_latency,
    m3_time_to_contain,
    m4_long_term_prompts,
    m6_payload_traces,
    m7_exposed_secrets,
    m8_prompt_store_access,
    m9_retention,
    m10_redaction_failures,
    x1_cross_tenant,
    x2_controls,
    x3_contained,
)
from gameday.metrics.measurement import Latency, Measurement, Metric, Unit
from gameday.timeline import Timeline

METRICS: Final = (
    m1_exposed_prompts.measure,
    m2_detection_latency.measure,
    m3_time_to_contain.measure,
    m4_long_term_prompts.measure,
    m6_payload_traces.measure,
    m7_exposed_secrets.measure,
    m8_prompt_store_access.measure,
    m9_retention.measure,
    m10_redaction_failures.measure,
    x1_cross_tenant.measure,
    x2_controls.measure,
    x3_contained.measure,
)

__all__ = ["METRICS", "Latency", "Measurement", "Metric", "Unit", "measure_all"]


def measure_all(timeline: Timeline) -> dict[str, Measurement]:
    """Every metric of this version, by its id."""
    measurements = (measure(timeline) for measure in METRICS)
    return {measurement.metric: measurement for measurement in measurements}
