"""Free text → `Program`.

A sentence that the templates could have made is read by them, in full (`sentence`).
Any other is cut into clauses at connectives and each clause matched against `rules`.
Words that no rule used and that could change the meaning are reported as unread: the
text verdict is then "can't tell".
"""

import difflib
import re
from dataclasses import replace

from handx_gen.procedural.doubts import doubts
from handx_gen.procedural.modifiers import take_anywhere
from handx_gen.procedural.rules import FINGER_WORDS, NUMBERS, Clause, match_rules
from handx_gen.procedural.sentence import allowed, understand
from handx_gen.procedural.sentence import clause as known_clause
from handx_gen.procedural.timeline import Program, Step
from handx_gen.procedural.vocabulary import PRIMITIVES
from handx_gen.prompt import Plan


def read(text: str) -> Program:
    """Read a request.

    Args:
        text: Free text, one or several sentences, English.

    Returns:
        The program; `unread` holds words that could not be placed and `nearest` a known
        request that resembles the text. A text of which nothing was understood gives a
        program without steps.
    """
    if (groups := understand(text)) is not None:
        return Program(_in_order(groups), text.strip(), (), nearest(text))
    steps: list[Step] = []
    unread: list[str] = []
    order, previous = 0, ""
    for joiner, part in _clauses(text):
        if steps and re.fullmatch(_CONTINUATION, part):
            continue
        clause = _parse(part, previous)
        whole = known_clause(part) if _names_a_hand(clause) else None
        found = [whole] if whole else []
        if not found:
            words, how = take_anywhere(part)
            clause = _parse(words, previous)
            found = [replace(step, **how) for step in match_rules(clause)]
            unread += [word for step in found for word in doubts(clause, step)]
            unread += [NOT_SO for step in found if not allowed(step)]
        if not found:
            unread += [TWO_TIPS] if _two_tips(clause) else part.split()
            continue
        previous = clause.hand
        if steps:
            busy = {s for step in steps if step.order == order for s in step.sides}
            clash = busy & {s for step in found for s in step.sides}
            if joiner == "then" or clash:
                order += 1
        steps += [replace(step, order=order) for step in found]
    return Program(
        tuple(steps), text.strip(), tuple(dict.fromkeys(unread)), nearest(text)
    )


NOT_SO = "how long, or when"
TWO_TIPS = "two fingertips of one hand without its thumb (not in the vocabulary)"


def _two_tips(clause: Clause) -> bool:
    """Whether fingertips of one hand, none of them the thumb, are to touch."""
    meets = clause.has(r"touch\w*|tap\w*|meets?|bring|press|put|hold|kiss")
    sides = {side for side, _ in clause.by_side}
    fingers = set(clause.fingers)
    return meets and len(fingers) > 1 and "thumb" not in fingers and len(sides) < 2


def _in_order(groups: list[list[Step]]) -> tuple[Step, ...]:
    """Steps with their order: a hand that is busy does the next thing afterwards."""
    steps: list[Step] = []
    order = 0
    for group in groups:
        busy: set[int] = set()
        for step in group:
            if busy & set(step.sides):
                order, busy = order + 1, set()
            busy |= set(step.sides)
            steps.append(replace(step, order=order))
        order += 1
    return tuple(steps)


def _names_a_hand(clause: Clause) -> bool:
    """Whether the clause says whose hand, so that the one before need not."""
    return bool(re.search(r"\b(left|right|both|each|hands|palms)\b", clause.text))


def read_plan(plan: Plan) -> Program:
    """Read a plan: its segments follow one another, a triple's branches go together.

    Returns:
        One program; in a left or right branch, words without a hand mean that hand.
    """
    steps: list[Step] = []
    unread: list[str] = []
    order = 0
    for segment in plan.segments:
        prompt = segment.prompt
        parts = [(prompt.sentence, "")] if prompt.sentence else [
            (prompt.relation, ""), (prompt.left, "left"), (prompt.right, "right"),
        ]  # fmt: skip
        last = order
        for text, side in parts:
            if not text:
                continue
            program = read(text)
            unread += program.unread
            for step in program.steps:
                alone = side and not PRIMITIVES[step.primitive].two_handed
                hand = side if alone else step.hand
                steps.append(replace(step, hand=hand, order=order + step.order))
                last = max(last, order + step.order)
        order = last + 1
    return Program(
        tuple(steps), plan.text, tuple(dict.fromkeys(unread)), nearest(plan.text)
    )


_CONTINUATION = (
    r"hold(?: it| them)?(?: there)?|keep (?:it|them) (?:there|together)|part them"
)
"""Clauses that only say how the movement before them ends, which it does anyway."""


def nearest(text: str) -> str:
    """The example request whose words resemble `text` most."""
    examples = [e for p in PRIMITIVES.values() for e in p.examples]
    words = set(re.findall(r"[a-z]+", text.lower()))

    def likeness(example: str) -> float:
        other = set(example.split())
        shared = len(words & other) / max(len(words | other), 1)
        return (
            shared + 0.5 * difflib.SequenceMatcher(None, text.lower(), example).ratio()
        )

    return max(examples, key=likeness)


_SEQUENCE = (
    r"(?:,|;|\.)?\s*\b(?:and then|then|and after that|after that|afterwards|next|"
    r"followed by|finally|and finally)\b[,;:]?|[.;!]\s+(?=\w)"
)
_PARALLEL = (
    r"(?:,|;)?\s*\b(?:and at the same time|and, at the same time|at the same time|"
    r"meanwhile|while you|while|as you|and simultaneously)\b[,:]?"
)


def _clauses(text: str) -> list[tuple[str, str]]:
    """The text cut into (how it joins the clause before, clause)."""
    text = " ".join(text.lower().replace("’", "'").split()).strip(" .!?")
    text = re.sub(r"^(?:first(?:ly)?|please|now)[, ]+", "", text)
    pieces: list[tuple[str, str]] = []
    for i, sequence in enumerate(re.split(_SEQUENCE, text)):
        for j, part in enumerate(re.split(_PARALLEL, sequence)):
            joiner = "then" if i and not j else "while" if j else ""
            for k, clause in enumerate(_split_and(part.strip(" ,;:"))):
                if clause:
                    pieces.append((joiner if not k else "and", clause))
    return pieces


_VERBS = (
    r"(?:make|form|open|close|clench|bend|curl|fold|flex|straighten|extend|stretch|touch|tap|"
    r"pinch|bring|spread|fan|turn|rotate|tilt|move|shift|carry|raise|lift|lower|push|pull|"
    r"draw|trace|keep|hold|poke|put|press|clap|rub|slide|point|show|count|ripple|roll|do not|"
    r"interlace|steeple|separate|part|interlock|lace|squeeze|ball|take|let|swing|slip|unfold|"
    r"flatten|leave|run|stick|go|splay|drop|cock|crook|uncurl|unbend|poke|prod)"
)


def _split_and(part: str) -> list[str]:
    """Cut at "and" (or a comma) only where a new verb, or a named hand, follows."""
    cut = re.split(
        rf"(?:,|;)?\s+\band\b,?\s+(?={_VERBS}\b|(?:with )?(?:the|your) (?:left|right) hand\b|"
        rf"(?:both|each) hands?:)|,\s+(?={_VERBS}\b)",
        part,
    )
    clauses: list[str] = []
    for piece in (c.strip(" ,") for c in cut):
        # "with the right hand," belongs to the clause that follows it.
        if clauses and re.fullmatch(_ADVERBIAL, clauses[-1]):
            clauses[-1] += " " + piece
        else:
            clauses.append(piece)
    return clauses


_ADVERBIAL = r"(?:with|using|on) (?:the |your )?(?:left|right|both|each) hands?"


def _parse(text: str, previous: str) -> Clause:
    sides = set(
        re.findall(r"\b(left|right)(?:'s)?\b(?! side)", _without_directions(text))
    )
    if (
        re.search(r"\b(both|each hand|two hands|each|hands|palms)\b", text)
        and len(sides) != 1
    ):
        hand = "both"
    elif len(sides) == 1:
        hand = sides.pop()
    elif re.search(r"\bit\b", text) and previous:
        hand = previous
    else:
        hand = "both"
    spots: list[tuple[int, str]] = []
    for finger, pattern in FINGER_WORDS:
        spots += [(m.start(), finger) for m in re.finditer(rf"\b(?:{pattern})\b", text)]
    spots.sort()
    fingers = tuple(dict.fromkeys(f for _, f in spots))
    return Clause(text, hand, fingers, _sided(text, spots), _count(text))


def _without_directions(text: str) -> str:
    """The text without "to the left" and the like, which name no hand."""
    return re.sub(r"\b(?:to|towards|toward) the (?:left|right)\b(?! (?:hand|palm|thumb|index|"
                  r"middle|ring|pinky|little))", " ", text)  # fmt: skip


def _sided(text: str, spots: list[tuple[int, str]]) -> tuple[tuple[str, str], ...]:
    """Fingers with the side named just before (or after) them: (("left", "index"), …)."""
    result = []
    for start, finger in spots:
        before = re.findall(r"\b(left|right)\b", text[max(0, start - 16) : start])
        after = re.match(
            r"[\w -]{0,22}? (?:of|on) (?:the |your )?(left|right)", text[start:]
        )
        if before:
            result.append((before[-1], finger))
        elif after:
            result.append((after.group(1), finger))
    return tuple(result)


def _count(text: str) -> int:
    for word, number in (("twice", 2), ("thrice", 3), ("once", 1)):
        if re.search(rf"\b{word}\b", text):
            return number
    times = re.search(r"\b(one|two|three|four|five|[1-5]) times?\b", text)
    return NUMBERS[times.group(1)] if times else 1
