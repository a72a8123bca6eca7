"""Prose that no detector knows: a paragraph of business plans, of 45 to 80 words, every eighth or so a coined name."""

import random
from typing import Final

from gameday.canary.families.base import Draw, Drawn, Family
from gameday.canary.families.words import ADJECTIVES, ADVERBS, NOUNS, PLACES, PREPOSITIONS, TIMES, VERBS

# Each has one name in seven to nine words, and no three words in a row of which fewer than two vary widely.
_CLAUSES: Final = (
    "{name} will {adverb} {verb} {adjective} {noun} near {place}",
    "{adjective} {noun} from {name} {adverb} {verb} {adjective2} {noun2}",
    "{number} {noun} of {name} {adverb} {verb} {adjective} {noun2}",
    "{name} must {verb} {number} {adjective} {noun} {despite} {noun2}",
    "{place} {noun} {adverb} {verb} {name} and {adjective} {noun2}",
    "in {place} {name} cannot {verb} {adjective} {noun} {despite} {noun2}",
    "{name} and {adjective} {noun} {verb} {noun2} {time}",
    "{adjective} {noun} {time} {verb} {name}'s {adjective2} {noun2}",
)
_FULL_STOPS: Final = (". ", ". ", "; ")
# Not before a name: "while X will" would come again.
_JOINS: Final = (*_FULL_STOPS, ", while ", ", unless ", ", because ", ", although ")
_ENOUGH: Final = range(46, 70)  # words; one clause more makes them 79 at most
_MOST_CLAUSES: Final = 10


def _clause(rng: random.Random, name: str) -> str:
    adjective, adjective2 = rng.sample(ADJECTIVES, 2)
    noun, noun2 = rng.sample(NOUNS, 2)
    return rng.choice(_CLAUSES).format(
        name=name,
        adjective=adjective,
        adjective2=adjective2,
        noun=noun,
        noun2=noun2,
        adverb=rng.choice(ADVERBS),
        verb=rng.choice(VERBS),
        place=rng.choice(PLACES),
        time=rng.choice(TIMES),
        despite=rng.choice(PREPOSITIONS),
        number=rng.randrange(12, 980),
    )


def _joined(rng: random.Random, clause: str, *, name: str) -> str:
    """With what stands between it and the clause before."""
    join = rng.choice(_FULL_STOPS if clause.startswith((name, "in ")) else _JOINS)
    return join + (clause if join.startswith((",", ";")) else _begun(clause))


def _begun(clause: str) -> str:
    return clause[0].upper() + clause[1:]


def _draw(draw: Draw) -> Drawn:
    rng, names = draw.rng, list[str]()
    enough, text = rng.choice(_ENOUGH), ""
    for name in rng.sample(draw.anchors.names, _MOST_CLAUSES):
        clause = _clause(rng, name)
        text += _joined(rng, clause, name=name) if text else _begun(clause)
        names.append(name)
        if text.count(" ") >= enough:
            break
    return Drawn((f"{text}.",), anchors=tuple(names))


BusinessPlanPrompt: Final = Family(
    name="business_plan",
    is_secret=False,
    is_redactable=False,
    draw=_draw,
    text=lambda values: f"Turn this into three slides. {values[0]}",
)
