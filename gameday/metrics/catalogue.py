"""Every metric of the design, measured by this version or not: its id, its name, its unit."""

from typing import Final

from gameday.metrics.measurement import Metric, Unit

M1: Final = Metric(
    id="M1", name="exposed_prompts", unit=Unit.PER_MILLION, title="prompts at rest where they must not be"
)
M2: Final = Metric(id="M2", name="detection_latency", unit=Unit.SECONDS, title="from leak to delivered alert")
M3: Final = Metric(
    id="M3", name="time_to_contain", unit=Unit.SECONDS, title="from delivered alert to stopped, and to clean"
)
M4: Final = Metric(id="M4", name="long_term_prompts", unit=Unit.COUNT, title="values readable in long-term storage")
M5: Final = Metric(id="M5", name="training_ingestion", unit=Unit.COUNT, title="training records that hold a prompt")
M6: Final = Metric(id="M6", name="payload_traces", unit=Unit.SHARE, title="spans that carry a payload")
M7: Final = Metric(id="M7", name="exposed_secrets", unit=Unit.COUNT, title="secrets at rest where they must not be")
M8: Final = Metric(id="M8", name="prompt_store_access", unit=Unit.COUNT, title="accesses that got in or went unlogged")
M9: Final = Metric(
    id="M9", name="retention", unit=Unit.SECONDS, title="for how long prompts outlive their time to live"
)
M10: Final = Metric(id="M10", name="redaction_failures", unit=Unit.SHARE, title="values that redaction let through")
X1: Final = Metric(id="X1", name="cross_tenant", unit=Unit.COUNT, title="values in another tenant's records")
X2: Final = Metric(id="X2", name="controls", unit=Unit.COUNT, title="controls that came out wrong")
X3: Final = Metric(id="X3", name="contained", unit=Unit.COUNT, title="incidents not proven contained")

CATALOGUE: Final = {metric.id: metric for metric in (M1, M2, M3, M4, M5, M6, M7, M8, M9, M10, X1, X2, X3)}
