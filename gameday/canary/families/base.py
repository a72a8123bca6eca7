"""What a prompt family is: one kind of sensitive text, made up, valid by the published rule of its kind, none of it anyone's."""

import random
from collections.abc import Callable

from attrs import field, frozen

from gameday.canary.anchors import Anchors


@frozen(kw_only=True)
class Draw:
    """What a family makes one canary's values from.

    `token`: the canary's own value token, 19 characters of [0-9a-z] that the finder knows by themselves. `anchors`: what
    every value without the token must hold one of. `locale`: one of the family's (as Faker spells it), "" if it has none.
    """

    rng: random.Random
    token: str = field(repr=False)
    anchors: Anchors
    locale: str = ""


@frozen
class Drawn:
    """`values`: the literals, each of which counts as the value. Each holds the draw's token or one of `anchors`.

    `anchors`: short substrings of the values (6 to 14 characters of ASCII letters or digits as they stand there, with
    nothing between them), of which the family has few, however many canaries are minted.
    """

    values: tuple[str, ...] = field(repr=False)
    anchors: tuple[str, ...] = field(default=(), repr=False)


@frozen(kw_only=True)
class Family:
    """One kind of prompt.

    `is_secret`: its values count as exposed secrets (M7). `is_redactable`: a detector can know its values; of others the
    values count as prose. `draw` makes the values; `text` is a sentence or more with all of them in it.
    """

    name: str
    is_secret: bool
    is_redactable: bool
    draw: Callable[[Draw], Drawn]
    text: Callable[[tuple[str, ...]], str]
    locales: tuple[str, ...] = ()
