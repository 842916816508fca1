"""The primitives the procedural mode knows: the vocabulary users see."""

from collections.abc import Callable
from dataclasses import dataclass

from handx_gen.kinematics.requests import RequestedEvent
from handx_gen.procedural import single_hand as one
from handx_gen.procedural import two_hands as two
from handx_gen.procedural.timeline import Move, Stage, Step


@dataclass(frozen=True)
class Primitive:
    """One entry of the vocabulary.

    Attributes:
        name: Key in `PRIMITIVES`.
        title: What it does, in a line.
        moves: `(step, stage) -> (moves, seconds)`.
        requests: `step -> events` that it should produce.
        examples: Sentences that ask for it.
        two_handed: Whether it needs both hands together.
    """

    name: str
    title: str
    moves: Callable[[Step, Stage], tuple[list[Move], float]]
    requests: Callable[[Step], list[RequestedEvent]]
    examples: tuple[str, ...]
    two_handed: bool = False


PRIMITIVES = {
    p.name: p
    for p in (
        Primitive("bend", "named fingers fold", one.bend_moves, one.bend_requests,
                  ("bend the left index finger", "curl the right ring finger twice")),
        Primitive("extend", "named fingers straighten", one.extend_moves,
                  one.extend_requests, ("straighten the right middle finger",)),
        Primitive("wave", "fingers fold one after the other", one.wave_moves,
                  one.wave_requests,
                  ("curl the fingers of the left hand one after the other",)),
        Primitive("shape", "a hand shape: fist, open hand, point, thumbs up, V, …",
                  one.shape_moves, one.shape_requests,
                  ("make a fist with the right hand", "open the left hand",
                   "point with the right index finger", "thumbs up with both hands",
                   "show a V sign with the left hand")),
        Primitive("count", "count on the fingers", one.counting_moves,
                  one.counting_requests, ("count to three with the right hand",)),
        Primitive("pinch", "thumb to fingertips, in the order given", one.pinch_moves,
                  one.pinch_requests,
                  ("touch the thumb to each fingertip in turn with both hands",
                   "pinch with the left thumb and index finger twice")),
        Primitive("spread", "fan the fingers out", one.spread_moves, one.spread_requests,
                  ("spread the fingers of both hands",)),
        Primitive("close", "bring spread fingers together", one.spread_moves,
                  one.spread_requests, ("close the fingers of the right hand together",)),
        Primitive("turn", "turn a wrist: flex, extend, inward, outward, palm up or down",
                  one.turn_moves, one.turn_requests,
                  ("turn the right palm up", "flex the left wrist",
                   "bend the right wrist back twice")),
        Primitive("move", "carry a hand left, right, forward, back, up or down",
                  one.move_moves, one.move_requests, ("move the left hand up",)),
        Primitive("circle", "draw circles with a hand", one.circle_moves,
                  one.circle_requests, ("draw a circle with the right hand",)),
        Primitive("still", "keep a hand still", one.still_moves, one.still_requests,
                  ("keep the left hand still",)),
        Primitive("touch", "a left fingertip meets a right fingertip", two.touch_moves,
                  two.touch_requests,
                  ("tap the index fingertips together twice",
                   "touch the left thumb to the right pinky"), True),
        Primitive("clap", "clap", two.clap_moves, two.palms_requests,
                  ("clap twice",), True),
        Primitive("press", "press the palms together", two.press_moves,
                  two.palms_requests, ("press the palms together",), True),
        Primitive("slide", "rub the palms", two.slide_moves, two.slide_requests,
                  ("rub the palms together",), True),
        Primitive("poke", "a fingertip touches the other palm", two.poke_moves,
                  two.poke_requests,
                  ("poke the left palm with the right index finger",), True),
        Primitive("steeple", "all fingertips meet", two.steeple_moves,
                  two.steeple_requests, ("steeple the fingers",), True),
        Primitive("interlace", "fingers between fingers", two.interlace_moves,
                  two.interlace_requests, ("interlace the fingers",), True),
        Primitive("approach", "bring the hands closer", two.gather_moves,
                  two.gather_requests, ("bring the hands together",), True),
        Primitive("part", "move the hands apart", two.gather_moves,
                  two.gather_requests, ("move the hands apart",), True),
    )
}  # fmt: skip
"""Name → primitive. With their fingers, directions and counts these give well over a
hundred distinct movements."""
