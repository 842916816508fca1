"""The kinds of events that can be asked for, and their directions."""

from typing import Literal

from handx_gen.kinematics.hand_poses import POSES
from handx_gen.kinematics.two_hand_events import TWO_HAND_KINDS

KINDS = (
    "shape",  # four fingers in a named state: `fingers` extended, the others bent
    "bend",  # `fingers` go from straighter to bent
    "extend",  # `fingers` go from bent to straighter
    "spread",  # the gaps between the four fingers open
    "close",  # … and close
    "pinch",  # thumb tip touches the tip of `fingers[0]`, same hand
    "turn",  # the wrist rotates: `direction`
    "move",  # the wrist travels: `direction`
    "circle",  # the wrist draws a circle
    "still",  # the hand does not move
    "touch",  # left fingertip `fingers[0]` touches right `other_fingers[0]`
    "palm_touch",  # tip of `hand`'s `fingers[0]` touches the other hand's palm
    "palms",  # the palms touch (clap, press)
    "slide",  # the palms slide on each other while they touch
    "interlace",  # the fingers of the two hands alternate
    "approach",  # the wrists come closer
    "part",  # the wrists move apart
    "apart",  # nothing of one hand touches the other
    "pose",  # the hand is held in a posture: `direction`
    "half_bend",  # `fingers` bend half way and stop there
    "ripple",  # `fingers` bend half way one after the other
    "scissor",  # index and middle move apart
    "hold",  # thumb tip stays on the tip of `fingers[0]`, same hand
    "rub",  # thumb tip strokes along the tip of `fingers[0]` without leaving it
    "flick",  # `fingers[0]` springs off the thumb and straight
    "thumb_base",  # thumb tip touches the base of `fingers[0]`, same hand
    "thumb_circle",  # the thumb draws a circle
    "flutter",  # the fingers move to and fro out of step
    "tremble",  # the hand trembles, a few millimetres
    "shake",  # the hand is shaken, a few centimetres
    "eight",  # the wrist draws a figure eight
    *TWO_HAND_KINDS,
)
EventKind = Literal[
    "shape", "bend", "extend", "spread", "close", "pinch", "turn", "move", "circle",
    "still", "touch", "palm_touch", "palms", "slide", "interlace", "approach", "part",
    "apart", "pose", "half_bend", "ripple", "scissor", "hold", "rub", "flick",
    "thumb_base", "thumb_circle", "flutter", "tremble", "shake", "eight",
    "knuckles", "stack", "punch", "clasp", "grasp", "grasp_wrist", "cover", "back_touch",
    "trace", "cross_fingers", "rub_circle", "bow", "offer", "cup", "roll", "pedal",
    "alternate", "follow", "cross", "carry", "pass", "pull", "tear", "twist", "wring",
    "steeple", "in_turn",
]  # fmt: skip

DIRECTIONS = {
    "turn": ("flex", "extend", "inward", "outward", "palm_up", "palm_down"),
    "move": ("left", "right", "forward", "back", "up", "down"),
    "pose": tuple(POSES),
    "follow": ("left", "right", "forward", "back", "up", "down"),
    "carry": ("left", "right", "forward", "back", "up", "down"),
}
"""Directions of the kinds that have one. flex/extend: the hand tips towards the palm /
the back of the hand; inward/outward: towards the thumb's / the pinky's side; palm_up /
palm_down: supination / pronation. Moves are in the canonical frame. Poses: see
`hand_poses.POSES`."""
