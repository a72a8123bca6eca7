"""OpenAI's chat completions, as much of them as the pipeline understands. What it does not understand it does not pass on."""

from typing import Annotated, Literal

import msgspec

from gameday import clock
from gameday.systems.reference.asgi import Refused


class TextPart(msgspec.Struct, frozen=True):
    type: Literal["text"]
    text: str


class Turn(msgspec.Struct, frozen=True):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[TextPart] | None = None

    @property
    def text(self) -> str:
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content)
        return self.content or ""


class ChatRequest(msgspec.Struct, frozen=True):
    """All other fields of a body are dropped: nothing passes the redactor unseen."""

    model: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    messages: Annotated[list[Turn], msgspec.Meta(min_length=1)]
    stream: bool = False

    @property
    def texts(self) -> list[str]:
        return [self.model, *(turn.text for turn in self.messages)]

    def with_texts(self, texts: list[str]) -> "ChatRequest":
        """`texts` in the order in which they came out."""
        model, *contents = texts
        turns = [Turn(role=turn.role, content=content) for turn, content in zip(self.messages, contents, strict=True)]
        return ChatRequest(model=model, messages=turns, stream=self.stream)

    @property
    def question(self) -> str:
        """The last user message; empty where there is none."""
        return next((turn.text for turn in reversed(self.messages) if turn.role == "user"), "")

    @property
    def context(self) -> str:
        return " ".join(turn.text for turn in self.messages if turn.role in {"system", "developer"})


def parse_request(body: bytes) -> ChatRequest:
    """Raises Refused, with no word of the body in its message."""
    try:
        request = msgspec.json.decode(body, type=ChatRequest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        where = str(error).partition(" - at `")[2].rstrip("`") or "$"
        raise Refused(400, f"The body is not a chat completion request (look at {where}).", code="bad_body") from error
    if not request.question:
        raise Refused(400, "The messages hold no question of the user.", code="no_question")
    return request


class Spoken(msgspec.Struct, frozen=True):
    content: str
    role: str = "assistant"


class Choice(msgspec.Struct, frozen=True):
    message: Spoken
    index: int = 0
    finish_reason: str = "stop"


class Usage(msgspec.Struct, frozen=True):
    """In words: the pipeline has no tokenizer."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class Completion(msgspec.Struct, frozen=True):
    id: str
    created: int
    model: str
    choices: Annotated[list[Choice], msgspec.Meta(min_length=1)]
    usage: Usage
    object: str = "chat.completion"


def completion(request: ChatRequest, *, request_id: str, answer: str) -> Completion:
    asked, said = sum(len(text.split()) for text in request.texts[1:]), len(answer.split())
    return Completion(
        id=completion_id(request_id),
        created=int(clock.now().wall_s),
        model=request.model,
        choices=[Choice(message=Spoken(content=answer))],
        usage=Usage(prompt_tokens=asked, completion_tokens=said, total_tokens=asked + said),
    )


def completion_id(request_id: str) -> str:
    return f"chatcmpl-{request_id}"
