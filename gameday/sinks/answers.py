"""What each tenant was answered: the one place that is ours to keep, in memory only."""

from collections.abc import Iterator

from gameday.sighting import Record


class AnswersSink:
    """Answers as they came in; each belongs to the tenant who asked. The cursor is the number of answers read."""

    name = "answers"

    def __init__(self) -> None:
        self._answers: list[tuple[str, str, bytes, float]] = []

    def keep(self, *, request_id: str, tenant: str, body: bytes, stamp_s: float) -> None:
        self._answers.append((request_id, tenant, body, stamp_s))

    def records(self, *, after: str | None = None) -> Iterator[Record]:
        start = int(after or 0)
        for number, (request_id, tenant, body, stamp_s) in enumerate(self._answers[start:], start=start):
            yield Record(
                body=body,
                locator=f"answer to {request_id}",
                cursor=str(number + 1),
                stamp_s=stamp_s,
                resolution_s=0.001,
                request_id=request_id,
                owner=tenant,
            )
