"""The primitives the procedural mode knows: the vocabulary users see."""

from handx_gen.procedural.vocabulary_one_hand import ONE_HAND
from handx_gen.procedural.vocabulary_two_hands import TWO_HANDS

PRIMITIVES = {p.name: p for p in (*ONE_HAND, *TWO_HANDS)}
"""Name → primitive. With their fingers, directions and counts these give well over a
hundred distinct movements."""
