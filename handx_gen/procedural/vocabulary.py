"""The primitives the procedural mode knows: the vocabulary users see."""

from handx_gen.procedural.primitive import Primitive
from handx_gen.procedural.vocabulary_one_hand import ONE_HAND
from handx_gen.procedural.vocabulary_two_hands import TWO_HANDS

PRIMITIVES = {p.name: p for p in (*ONE_HAND, *TWO_HANDS)}
"""Name → primitive. With their fingers, directions and counts these give well over a
hundred distinct movements."""

_GROUPS = {
    "single_hand": "one hand: fingers, shapes, wrist and ways",
    "single_hand_postures": "one hand: postures, numbers, grips and the thumb",
    "single_hand_rhythms": "one hand: gestures and rhythms",
    "single_hand_paths": "one hand: through the air",
    "two_hands": "two hands: contacts",
    "two_hands_tips": "two hands: fingertips",
    "two_hands_palms": "two hands: palms",
    "two_hands_fists": "two hands: fists and grips",
    "two_hands_moves": "two hands: moving together",
}


def grouped() -> dict[str, list[Primitive]]:
    """Group → its primitives, for people: one group per module that performs them."""
    groups: dict[str, list[Primitive]] = {}
    for primitive in PRIMITIVES.values():
        module = primitive.moves.__module__.rpartition(".")[2]
        hands = "two hands" if primitive.two_handed else "one hand"
        groups.setdefault(_GROUPS.get(module, f"{hands}: more"), []).append(primitive)
    return groups
