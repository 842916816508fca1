"""Captions by a small grammar: needs no model, varies its wording by seed.

The events of each hand are merged into phrases (fingers that do the same at the same
time, repetitions) and said at five levels: 1 and 2 name contacts and shapes, 3 all that
matters in its order, 4 adds how fast and how far, 5 the frames.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from handx_gen.captions.facts import Fact, Facts, facts
from handx_gen.captions.phrasebook import (
    ALL_TIPS,
    FINGER_WORDS,
    FIST,
    HAND,
    IDLE,
    LINKS,
    RELATION,
    TIMES,
    UNTOUCHED,
)
from handx_gen.captions.schema import LEVELS, Caption, CaptionSet
from handx_gen.captions.verify import verify
from handx_gen.kinematics.timeline_events import Timeline
from handx_gen.skeleton import FINGERS, SIDES

TOGETHER = 4
"""Frames within which starts count as the same time."""
_MAIN = ("pinch", "bend", "extend", "spread", "close", "circle", "turn", "hyperextend")
_MINOR = ("move",)
_BOTH = ("touch", "palm_touch", "palms", "slide", "interlace")


@dataclass(frozen=True)
class Phrase:
    """Facts said in one breath: one kind, several fingers or several times."""

    kind: str
    hand: str
    fingers: tuple[str, ...]
    other: tuple[str, ...]
    direction: str
    start: int
    stop: int
    count: int = 1


def write(events: Timeline, seed: int = 0) -> CaptionSet:
    """Five levels of captions from an event JSON.

    Args:
        events: `timeline_events.timeline(motion)`.
        seed: Varies the wording; the same seed gives the same words.
    """
    known = facts(events)
    speeds = _speeds(events)
    levels = []
    for level in range(1, LEVELS + 1):
        rng = np.random.default_rng([seed, level])
        parts = [
            _hand(known, side, level, rng, speeds) if side in known.present else ""
            for side in SIDES
        ]
        levels.append(Caption(*parts, _relation(known, level, rng)))
    verified = tuple(verify(level, known).passed for level in levels)
    return CaptionSet(tuple(levels), "grammar", verified)


def phrases(found: Iterable[Fact]) -> list[Phrase]:
    """Merge facts that start together, then repetitions of the same phrase."""
    merged: list[Phrase] = []
    for fact in sorted(
        found, key=lambda f: (f.start, FINGERS.index(f.finger or "thumb"))
    ):
        here = Phrase(
            fact.kind, fact.hand, (fact.finger,) if fact.finger else (),
            (fact.other,) if fact.other else (), fact.direction, fact.start, fact.stop,
        )  # fmt: skip
        for k, old in enumerate(merged):
            if _mergeable(old, here):
                merged[k] = replace(
                    old,
                    fingers=tuple(dict.fromkeys(old.fingers + here.fingers)),
                    other=old.other + here.other,
                    stop=max(old.stop, here.stop),
                )
                break
        else:
            merged.append(here)
    counted: list[Phrase] = []
    for phrase in merged:
        key = replace(phrase, start=0, stop=0)
        for k, old in enumerate(counted):
            if replace(old, start=0, stop=0, count=1) == key and old.count < 9:
                counted[k] = replace(old, stop=phrase.stop, count=old.count + 1)
                break
        else:
            counted.append(phrase)
    return counted


def _mergeable(old: Phrase, new: Phrase) -> bool:
    same = (old.kind, old.hand, old.direction) == (new.kind, new.hand, new.direction)
    if same and not new.fingers:  # both axes of one slide
        return new.start <= old.stop
    if not same or new.start - old.start > TOGETHER:
        return False
    if new.kind == "touch":  # pairs of like fingers may be said together
        return old.fingers == old.other and new.fingers == new.other
    return new.fingers[0] not in old.fingers


def _hand(
    known: Facts,
    side: str,
    level: int,
    rng: np.random.Generator,
    speeds: dict[tuple[str, str], str],
) -> str:
    kinds = _MAIN if level < 3 else _MAIN + _MINOR
    own = [f for f in known.all if f.hand == side and f.firm]
    own += [f for f in known.all if f.hand == side and f.kind == "hyperextend"]
    said = phrases(f for f in own if f.kind in kinds)
    if level < 3:
        contact = [p for p in said if p.kind == "pinch"]
        other = [
            p for p in said if p.kind not in ("pinch", "turn", "hyperextend")
        ] or said
        said = contact + ([] if contact else other[: 1 + level // 2])
        said.sort(key=lambda p: p.start)
    if not said:
        still = any(f.kind == "still" for f in own)
        moves = phrases(f for f in own if f.kind == "move")
        if not moves:
            return _pick(rng, IDLE[0 if still else 1])
        said = moves[:level]
    sentences = []
    last = None
    for phrase in said:
        words = _said(phrase, HAND, rng)
        if level >= 4 and (speed := speeds.get((side, phrase.kind))):
            words += f" at {speed} speed"
        words = _framed(words, phrase, level)
        later = last is not None and phrase.start > last.start + TOGETHER
        if later:
            words = _pick(rng, LINKS) + words
        sentences.append(words[0].upper() + words[1:] + ".")
        last = phrase
    return " ".join(sentences)


def _relation(known: Facts, level: int, rng: np.random.Generator) -> str:
    if len(known.present) < 2:
        return ""
    kinds = {*_BOTH, *(("approach", "part") if level >= 3 else ())}
    required = set(known.required)
    found = [
        f
        for f in known.all
        if f.firm
        and f.kind in kinds
        and (f.kind not in _BOTH or f in required or f.kind == "slide")
    ]
    said = phrases(found)
    if not any(p.kind in _BOTH for p in said) and not any(
        f.firm and f.kind in _BOTH for f in known.all
    ):
        apart = _pick(rng, UNTOUCHED)
        if level == 1:
            return ""
    else:
        apart = ""
    sentences, last = [], None
    for phrase in said:
        words = _framed(_said(phrase, RELATION, rng), phrase, level)
        if last is not None and phrase.start > last.start + TOGETHER:
            words = _pick(rng, LINKS) + words
        sentences.append(words[0].upper() + words[1:] + ".")
        last = phrase
    return " ".join([*sentences, *([apart] if apart else [])])


def _framed(words: str, phrase: Phrase, level: int) -> str:
    return (
        f"{words} (frames {phrase.start}–{phrase.stop})" if level == LEVELS else words
    )


def _said(phrase: Phrase, book: dict, rng: np.random.Generator) -> str:
    """One clause for a phrase."""
    entry = book[phrase.kind]
    if isinstance(entry, dict):
        entry = entry[phrase.direction]
    if phrase.kind == "touch" and len(phrase.fingers) == len(FINGERS):
        entry = ALL_TIPS
    if (
        phrase.kind == "touch"
        and phrase.fingers == phrase.other
        and len(phrase.fingers) < 5
    ):
        pairs = [
            f"the left {_finger(f, rng)} and the right {_finger(f, rng)}"
            for f in phrase.fingers
        ]
        return ", and ".join(f"{p} touch" for p in pairs) + _times(phrase.count, rng)
    if phrase.kind == "bend" and len({*phrase.fingers} - {"thumb"}) == 4:
        entry = FIST if rng.random() < 0.5 else entry
    template = _pick(rng, entry)
    other_side = {"left": "right", "right": "left"}.get(phrase.hand, "")
    fingers = [_finger(f, rng) for f in phrase.fingers]
    clause = template.format(
        fingers=_joined(fingers),
        finger=fingers[0] if fingers else "",
        other=_finger(phrase.other[0], rng) if phrase.other else "",
        s="" if len(fingers) > 1 else "s",
        hand=phrase.hand,
        opposite=other_side,
    )
    return clause + _times(phrase.count, rng)


def _times(count: int, rng: np.random.Generator) -> str:
    return _pick(rng, TIMES.get(count, (f" {count} times",)))


def _finger(name: str, rng: np.random.Generator) -> str:
    return _pick(rng, FINGER_WORDS[name])


def _joined(words: list[str]) -> str:
    if len(words) < 2:
        return "".join(words)
    return ", ".join(words[:-1]) + " and " + words[-1]


def _pick(rng: np.random.Generator, choices: tuple[str, ...]) -> str:
    return choices[int(rng.integers(len(choices)))]


def _speeds(events: Timeline) -> dict[tuple[str, str], str]:
    """(side, kind) → the commonest speed of its changes, for bends, spreads, moves."""
    groups = {"finger_flexing": ("bend", "extend"), "wrist_trajectory": ("move",)}
    found: dict[tuple[str, str], str] = {}
    for side in SIDES:
        for group, kinds in groups.items():
            speeds = [
                entry["v_des"]
                for entries in events[f"{side}_hand_events"].get(group, {}).values()
                for entry in entries
                if "v_des" in entry
            ]
            if speeds:
                for kind in kinds:
                    found[side, kind] = max(sorted(set(speeds)), key=speeds.count)
    return found
