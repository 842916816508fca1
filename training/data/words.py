"""Left and right swapped in a sentence: the text half of mirror augmentation."""

import re

_PAIRS = {
    "left": "right",
    "lefts": "rights",
    "leftward": "rightward",
    "leftwards": "rightwards",
    "lefthand": "righthand",
    "leftmost": "rightmost",
    "clockwise": "counterclockwise",
}
_SWAP = {**_PAIRS, **{b: a for a, b in _PAIRS.items()}, "anticlockwise": "clockwise"}

# "right" that is no side: "right away", "all right", "right angle"; "left" likewise.
_NOT_A_SIDE = re.compile(
    r"\b(?:right (?:away|now|after|before|then|angles?|there|here)|all right|"
    r"(?:is|are) left over|left over|upright)\b",
    re.IGNORECASE,
)
_WORD = re.compile(
    r"\b(" + "|".join(sorted(_SWAP, key=len, reverse=True)) + r")\b", re.IGNORECASE
)


def _like(word: str, model: str) -> str:
    if model.isupper() and len(model) > 1:
        return word.upper()
    return word.capitalize() if model[0].isupper() else word


def swap_sides(text: str) -> str:
    """The sentence that describes the mirrored motion.

    Swaps whole words ("left-hand" included), keeps their case, and leaves "right away"
    and the like alone. Swapping twice gives the text back, but for "anticlockwise".
    """
    kept = [match.span() for match in _NOT_A_SIDE.finditer(text)]

    def swap(match: re.Match[str]) -> str:
        if any(a <= match.start() < b for a, b in kept):
            return match.group()
        return _like(_SWAP[match.group().lower()], match.group())

    return _WORD.sub(swap, text)
