"""How the primitives of two hands are said, in training and held out."""

from handx_gen.procedural.templates_one_hand import HELD_OUT, TRAIN

TWO_HANDS: dict[str, dict[str, tuple[str, ...]]] = {
    "touch": {
        TRAIN: ("(touch|tap) {left_tip} (to|against) {right_tip}{times}",
                "(touch|tap) {same_tips} together{times}",
                "bring {left_tip} and {right_tip} together{times}"),
        HELD_OUT: ("let {left_tip} meet {right_tip}{times}",
                   "join {left_tip} and {right_tip}{times}"),
    },
    "clap": {
        TRAIN: ("clap{times}", "clap (your|the|both) hands{times}",
                "(hit|bring) the palms together{times} and part them"),
        HELD_OUT: ("applaud{times}", "slap the palms against each other{times}"),
    },
    "press": {
        TRAIN: ("press the palms together", "put the palms together and hold",
                "hold the palms against each other"),
        HELD_OUT: ("place the hands flat against one another", "pray"),
    },
    "slide": {
        TRAIN: ("rub the (palms|hands) together", "slide the palms (over|along) each other",
                "rub the palms against each other"),
        HELD_OUT: ("stroke one palm with the other", "wash the hands"),
    },
    "poke": {
        TRAIN: ("(poke|touch|tap) the {other} palm with the {side} {one_finger}{times}",
                "put the {side} {one_finger} on the {other} palm{times}"),
        HELD_OUT: ("(prod|press) the {side} {one_finger} into the {other} palm{times}",),
    },
    "steeple": {
        TRAIN: ("steeple the fingers", "touch all fingertips of both hands together",
                "make a steeple with the fingers", "bring all the fingertips together"),
        HELD_OUT: ("form a tent with the fingertips",),
    },
    "interlace": {
        TRAIN: ("interlace the fingers", "(lace|interlock) the fingers of both hands"),
        HELD_OUT: ("slip the fingers of the hands between one another",),
    },
    "approach": {
        TRAIN: ("bring the hands (together|closer)", "move the hands (towards|closer to) each other"),
        HELD_OUT: ("let the hands come near one another",),
    },
    "part": {
        TRAIN: ("move the hands apart", "(pull|take) the hands apart", "separate the hands"),
        HELD_OUT: ("let the hands drift away from each other",),
    },
}  # fmt: skip
