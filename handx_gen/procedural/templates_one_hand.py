"""How the primitives of one hand are said, in training and held out."""

from handx_gen.procedural.templates_gestures import GESTURES, HELD_OUT, TRAIN

__all__ = ["HELD_OUT", "ONE_HAND", "TRAIN"]

ONE_HAND: dict[str, dict[str, tuple[str, ...]]] = {
    "bend": {
        TRAIN: ("(bend|curl|fold|flex) {the_fingers}{times}",
                "{hands}: (bend|curl) {fingers}{times}",
                "with {the_hand}, (bend|curl in|fold) the {fingers}{times}"),
        HELD_OUT: ("(crook|bring in) {the_fingers}{times}",
                   "{the_fingers} (curl|bend) inward{times}"),
    },
    "extend": {
        TRAIN: ("(straighten|extend|stretch out) {the_fingers}",
                "with {the_hand}, (straighten|extend) the {fingers}"),
        HELD_OUT: ("(uncurl|unbend) {the_fingers}",),
    },
    "wave": {
        TRAIN: ("(curl|bend|fold) the fingers of {the_hand} one (after the other|by one)"
                "{wave_order}",
                "(ripple|roll) the fingers of {the_hand}{wave_order}",
                "{the_hand}: fold the fingers in sequence{wave_order}"),
        HELD_OUT: ("let the fingers of {the_hand} close in succession{wave_order}",),
    },
    "fist": {
        TRAIN: ("(make|form) a fist with {the_hand}", "(close|clench) {the_hand} into a fist",
                "clench {the_hand}"),
        HELD_OUT: ("ball up {the_hand}", "squeeze {the_hand} shut"),
    },
    "open": {
        TRAIN: ("open {the_hand}", "(open|straighten) all fingers of {the_hand}",
                "show an open {hand_word}"),
        HELD_OUT: ("unfold {the_hand} flat", "flatten out {the_hand}"),
    },
    "shape": {
        TRAIN: ("(point|raise|hold up) {shape_fingers} of {the_hand}",
                "with {the_hand}, (show|hold up|extend) only {shape_fingers}",
                "{shape_name} with {the_hand}"),
        HELD_OUT: ("stick out {shape_fingers} of {the_hand}",
                   "keep just {shape_fingers} of {the_hand} straight"),
    },
    "count": {
        TRAIN: ("count to {number} (on|with) {the_hand}",
                "count from one to {number} with the fingers of {the_hand}"),
        HELD_OUT: ("show the numbers up to {number} with {the_hand}",),
    },
    "pinch": {
        TRAIN: ("(touch|tap) the thumb to the {pinched} (with|on) {the_hand}{times}",
                "pinch the thumb and {pinched} of {the_hand}{times}",
                "{the_hand}: thumb (touches|meets) the {pinched}{times}",
                "bring the thumb and the {pinched} of {the_hand} together{times}"),
        HELD_OUT: ("press the tip of the thumb against the {pinched} of {the_hand}{times}",
                   "let the thumb and {pinched} of {the_hand} kiss{times}"),
    },
    "pinch_all": {
        TRAIN: ("touch the thumb to each fingertip in turn with {the_hand}{sweep}",
                "(touch|tap) the thumb to every finger one after the other with {the_hand}"
                "{sweep}",
                "{the_hand}: thumb to each finger in sequence{sweep}"),
        HELD_OUT: ("run the thumb over all the fingertips of {the_hand}{sweep}",),
    },
    "spread": {
        TRAIN: ("spread the fingers of {the_hand}", "(spread|fan) out the fingers of {the_hand}",
                "spread {the_hand} wide"),
        HELD_OUT: ("splay the fingers of {the_hand}",),
    },
    "close": {
        TRAIN: ("(close|bring) the fingers of {the_hand} together",
                "put the fingers of {the_hand} side by side"),
        HELD_OUT: ("draw the fingers of {the_hand} tight to each other",),
    },
    "turn": {
        TRAIN: ("{turn_a} {the_hand}{turn_b}{times}", "{turn_c} {the_wrist}{turn_d}{times}"),
        HELD_OUT: ("{turn_e} {the_wrist}{turn_f}{times}",),
    },
    "move": {
        TRAIN: ("move {the_hand} {direction}{times}", "(bring|shift|carry) {the_hand} {direction}{times}"),
        HELD_OUT: ("slide {the_hand} over {direction}{times}", "take {the_hand} {direction}{times}"),
    },
    "circle": {
        TRAIN: ("draw {circles} with {the_hand}", "move {the_hand} in {circles}",
                "(make|trace) {circles} with {the_hand}"),
        HELD_OUT: ("let {the_hand} go round in {circles}",),
    },
    "still": {
        TRAIN: ("keep {the_hand} still", "hold {the_hand} still", "do not move {the_hand}"),
        HELD_OUT: ("leave {the_hand} at rest",),
    },
} | GESTURES  # fmt: skip
