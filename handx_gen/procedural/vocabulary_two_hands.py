"""The primitives that the two hands do together."""

from handx_gen.procedural import draws
from handx_gen.procedural import two_hands as two
from handx_gen.procedural.primitive import Primitive

TWO_HANDS = (
    Primitive("touch", "a left fingertip meets a right fingertip", two.touch_moves,
              two.touch_requests,
              ("tap the index fingertips together twice",
               "touch the left thumb to the right pinky"), two_handed=True,
              draw=draws.touch, weight=6),
    Primitive("clap", "clap", two.clap_moves, two.palms_requests,
              ("clap twice",), two_handed=True,
              draw=draws.clap, weight=3),
    Primitive("press", "press the palms together", two.press_moves,
              two.palms_requests, ("press the palms together",), two_handed=True,
              weight=2),
    Primitive("slide", "rub the palms", two.slide_moves, two.slide_requests,
              ("rub the palms together",), two_handed=True,
              draw=draws.slide, weight=2),
    Primitive("poke", "a fingertip touches the other palm", two.poke_moves,
              two.poke_requests,
              ("poke the left palm with the right index finger",), two_handed=True,
              draw=draws.poke, weight=3),
    Primitive("steeple", "all fingertips meet", two.steeple_moves,
              two.steeple_requests, ("steeple the fingers",), two_handed=True,
              weight=1),
    Primitive("interlace", "fingers between fingers", two.interlace_moves,
              two.interlace_requests, ("interlace the fingers",), two_handed=True,
              weight=1),
    Primitive("approach", "bring the hands closer", two.gather_moves,
              two.gather_requests, ("bring the hands together",), two_handed=True,
              weight=1),
    Primitive("part", "move the hands apart", two.gather_moves,
              two.gather_requests, ("move the hands apart",), two_handed=True,
              weight=1),
)  # fmt: skip
