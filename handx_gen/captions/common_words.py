"""Words that say nothing of what a hand does, so that a reader can tell what it missed.

A clause that holds only these and known verbs was read in full. One with another word in
it may mean something else than its verb says ("grips hard", "rolls into a ball").
"""

import re

from handx_gen.captions.predicates import SPLIT

_GRAMMAR = """
a an and are as at be been being both but by can do does doing each else every few for
from had has have having here if in into is it its itself just like may most no none nor
not of off on once one ones only onto or other others our out over own so some such than
that the their them themselves then there these they this those three through to too
towards toward twice two under until up upon very was were when where whereas which while
who whole with within without you your my whose it's they're
"""
_HANDS = """
hand hands finger fingers fingertip fingertips tip tips thumb index middle ring pinky palm
palms wrist wrists digit digits left right joint joints forearm forearms going_left
going_right gesture_up partner back motion movement contact contacts side sides centre
"""
_TIME = """
about after afterwards again all along already also always around before beginning begins
beginning between brief briefly clip each early end ending ends entire finally finish
finishes first five followed follows four frame frames ground half held hold holds last
late later meanwhile midway moment next now order part quickly rapidly rest roughly second
seconds sequence sequentially shortly simultaneously slowly smoothly start starting starts
still successively third throughout time times together turn until whenever while long
short sequential successive gently tightly firmly fully slightly partly completely lightly
softly briskly steadily immediately once halfway repeatedly again
"""
_POSTURE = """
across against ahead air alone another any apart aside away beside centimetres change
clear close closely closer comes come distance down downward downwards forward forwards
front far full gap inward inwards low lower midline near nearby open outward outwards
position pose poses posture relaxed remain remaining remains same separate shape space
stay staying stays straight top unchanged upward upwards way wide
against hardly little
make makes made making take takes form forms formed forming keep keeps kept let move moves
moving put return returns
"""
COMMON = frozenset(" ".join((_GRAMMAR, _HANDS, _TIME, _POSTURE)).split())


def read_in_full(text: str) -> bool:
    """Whether plain text holds known verbs and common words only."""
    rest = SPLIT.sub(" ", text)
    return all(word in COMMON for word in re.findall(r"[a-z_']{3,}", rest))
