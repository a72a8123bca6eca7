"""What the gateway tells of each chat completion, and whether its words are part of it."""

from typing import Annotated, Literal

import msgspec

Capture = Literal["no_content", "span_only", "event_only", "span_and_event"]


class TelemetrySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`url` is where OTLP over HTTP is taken, without /v1/traces; empty is off.

    `capture_content` is OpenTelemetry's own switch: whether prompt and answer stand in the span. `capture_redacted`: as they were
    sent on, else as they came in. `sample_ratio` of the traces are kept. `status_text` writes what failed, in words, into the span.
    """

    url: Annotated[str, msgspec.Meta(pattern=r"^(http://.*)?$")] = ""
    capture_content: Capture = "no_content"
    capture_redacted: bool = True
    sample_ratio: Annotated[float, msgspec.Meta(ge=0, le=1)] = 1.0
    status_text: bool = False
