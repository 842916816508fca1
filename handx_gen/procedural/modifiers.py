"""How fast, how long and when: words around a clause, whatever the clause says."""

import re
from dataclasses import dataclass
from typing import Any

from handx_gen.procedural.slots import Voice
from handx_gen.procedural.timeline import Step

SLOW, QUICK = 0.6, 1.6
"""`Step.speed` of "slowly" and "quickly"."""
HOLD = 0.7
"""`Step.hold` of "for a moment" [s]."""

_SLOWLY = "(?:very )?slowly|in slow motion|at a slow pace|unhurriedly"
_QUICKLY = "(?:very )?quickly|(?:very )?fast|rapidly|swiftly|briskly"
_SECONDS = (
    r" for (?:about )?(\d{1,2}(?:\.\d)?|a|one|two|three|four|five) (?:second|sec)s?\b"
)
_NUMBERS = {"a": 1.0, "one": 1.0, "two": 2.0, "three": 3.0, "four": 4.0, "five": 5.0}

Synonyms = tuple[tuple[str, ...], tuple[str, ...]]


@dataclass(frozen=True)
class Modifier:
    """One field of a step that is said beside the clause.

    Attributes:
        field: Its name in `Step`.
        neutral: The value that needs no words.
        words: Value → (training, held-out) words.
        leading: Words may also stand first.
        separator: Between leading words and the clause.
    """

    field: str
    neutral: Any
    words: dict[Any, Synonyms]
    leading: bool
    separator: str = " "

    def say(self, step: Step, voice: Voice) -> str:
        """Its words, "" if there is nothing to say."""
        value = getattr(step, self.field)
        return "" if value == self.neutral else voice.word(self.words[value])

    def place(self, text: str, words: str, voice: Voice, first: bool) -> str:
        """The clause with `words`, in front where they may stand `first`."""
        if self.leading and first and voice.rng.random() < 0.4:
            return f"{words}{self.separator}{text}"
        return f"{text} {words}"

    def take(self, clause: str) -> tuple[str, Any]:
        """A clause without the words, and the value that they had (None if absent)."""
        for value, (seen, kept) in self.words.items():
            either = "|".join(
                sorted(map(re.escape, {*seen, *kept}), key=len, reverse=True)
            )
            for pattern in (
                rf"(?:{either}),? (?P<rest>.+)",
                rf"(?P<rest>.+?),? (?:{either})",
            ):
                if found := re.fullmatch(pattern, clause):
                    return found.group("rest"), value
        return clause, None


MODIFIERS = (
    Modifier("speed", 1.0, {
        SLOW: (("slowly", "slowly", "gently and slowly"), ("in slow motion", "unhurriedly")),
        QUICK: (("quickly", "quickly", "fast"), ("rapidly", "swiftly")),
    }, leading=True),
    Modifier("hold", 0.0, {
        HOLD: (("and hold it", "and hold it there", "and keep it there", "for a moment",
                "for a while"), ("and stay like that", "and remain so")),
    }, leading=False),
    Modifier("when", "", {
        "early": (("at the start", "at the beginning", "early on"), ("in the first half",)),
        "late": (("at the end", "late", "near the end"), ("in the second half",)),
    }, leading=True, separator=", "),
)  # fmt: skip


def take_anywhere(clause: str) -> tuple[str, dict[str, Any]]:
    """A clause without one adverb of speed, wherever it stands, and without a duration.

    "clap quickly three times", "hold a fist for 3 seconds".
    """
    fields: dict[str, Any] = {}
    if found := re.search(_SECONDS, clause):
        words = found.group(1)
        fields["hold"] = _NUMBERS[words] if words in _NUMBERS else float(words)
        clause = re.sub(_SECONDS, "", clause, count=1)
    for value, adverbs in ((SLOW, _SLOWLY), (QUICK, _QUICKLY)):
        if found := re.search(rf",? ?\b(?:{adverbs})\b,?", clause):
            clause = (clause[: found.start()] + clause[found.end() :]).strip()
            fields["speed"] = value
            break
    clause, more = take_modifiers(clause)
    return clause, fields | more


def take_modifiers(clause: str) -> tuple[str, dict[str, Any]]:
    """A clause without modifiers, and the fields that they set."""
    fields: dict[str, Any] = {}
    again = True
    while again:
        again = False
        for modifier in MODIFIERS:
            rest, value = modifier.take(clause)
            if value is not None and modifier.field not in fields:
                clause, again = rest, True
                fields[modifier.field] = value
    return clause, fields
