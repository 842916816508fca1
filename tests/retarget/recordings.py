"""Recorded hands as motions; the files are not part of the repository."""

import json
import string
from pathlib import Path

import numpy as np

from handx_gen.motion import BimanualMotion
from handx_gen.safe_pickle import load_arrays
from handx_gen.skeleton import CHAINS, FINGERS, HANDX_FROM_MEDIAPIPE, JOINT, mirror


def read_noisy(shared: Path) -> BimanualMotion:
    """The 621-frame webcam recording of a right hand, mirrored for a left one.

    Its frame is x out of the palm, y pinky → thumb, z fingers; here palms face down and
    the wrists are 25 cm apart. It has no time stamps; 30 fps is its nominal clock.
    """
    file = shared / "real_hands/dex_retargeting/human_joint_right.pkl"
    hand = np.array(load_arrays(file))[:, HANDX_FROM_MEDIAPIPE]
    right = np.stack([-hand[..., 1], hand[..., 2], -hand[..., 0]], -1)
    right[..., 0] += 0.125
    pair = np.stack([right, right], 1)
    pair[:, 0] = mirror(pair)[:, 0]
    return BimanualMotion(pair, fps=30.0)


def read_leap(shared: Path) -> BimanualMotion:
    """Frames of the two-handed Leap recording in which both hands are seen.

    Millimetres, y up, z towards the user; canonical is x right, y away, z up. The wrist
    is the mean of the four carpals, 9.1 mm back along the hand and 7.3 mm towards the
    palm normal, as measured on recordings that have both.
    """
    file = shared / "real_hands/leap/left-or-right-77fps.json.lz"
    joints, times = [], []
    for frame in json.loads(decompress_base64(file.read_text()))["frames"]:
        pair = {}
        for hand in frame["hands"]:
            fingers = [p for p in frame["pointables"] if p["handId"] == hand["id"]]
            if len(fingers) == 5:
                pair[hand["type"]] = _leap_hand(hand, fingers)
        if set(pair) == {"left", "right"}:
            joints.append([pair["left"], pair["right"]])
            times.append(frame["timestamp"] * 1e-6)
    x, y, z = np.moveaxis(np.array(joints) * 1e-3, -1, 0)
    canonical = np.stack([x, -z, y], -1)
    fps = (len(times) - 1) / (times[-1] - times[0])
    return BimanualMotion(canonical - canonical.mean((0, 1, 2)), fps=fps)


def _leap_hand(hand: dict, fingers: list[dict]) -> np.ndarray:
    out, carpals = np.zeros((21, 3)), []
    for finger in fingers:
        chain = CHAINS[FINGERS[finger["type"]]]
        for joint, key in zip(chain[1:], ("mcp", "pip", "dip", "btip")):
            out[JOINT[joint]] = finger[f"{key}Position"]
        if finger["type"]:
            carpals.append(finger["carpPosition"])
    back, palm = np.array(hand["direction"]), np.array(hand["palmNormal"])
    out[JOINT["wrist"]] = np.mean(carpals, 0) - 9.1 * back + 7.3 * palm
    return out


def decompress_base64(text: str) -> str:
    """LZ-string's base64 form: Lempel–Ziv–Welch with growing code width.

    Codes 0 and 1 announce a new character of 8 or 16 bits, 2 ends the text; bits come
    least significant first within a code.
    """
    letters = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/="
    value = {letter: i for i, letter in enumerate(letters)}
    bits = (value[c] >> k & 1 for c in text if c in value for k in range(5, -1, -1))

    def read(count: int) -> int:
        return sum(next(bits) << k for k in range(count))

    last = chr(read(8 if read(2) == 0 else 16))
    phrases, out = {3: last}, [last]
    size, room, width = 4, 4, 3
    while (code := read(width)) != 2:
        if code < 2:
            phrases[size] = chr(read(8 if code == 0 else 16))
            code, size, room = size, size + 1, room - 1
        if room == 0:
            room, width = 1 << width, width + 1
        phrase = phrases.get(code, last + last[0])
        out.append(phrase)
        phrases[size] = last + phrase[0]
        size, room, last = size + 1, room - 1, phrase
        if room == 0:
            room, width = 1 << width, width + 1
    return "".join(out)
