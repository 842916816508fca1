"""The recording that retargeting is measured on, and the two-hand clip made from it."""

import hashlib
import os
import sys
import urllib.request
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from handx_gen.motion import BimanualMotion
from handx_gen.safe_pickle import load_arrays
from handx_gen.skeleton import HANDX_FROM_MEDIAPIPE

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("HANDX_SHARED", ROOT.parent / "shared"))
CACHE = (
    Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "handx/benchmark"
)
COMMIT = "630f457a2b1741ff79ad8c0f66c5bf73dede6a49"
URL = (
    f"https://raw.githubusercontent.com/dexsuite/dex-retargeting/{COMMIT}/"
    "example/profiling/human_joint_right.pkl"
)
SHA256 = "0fb0abb6b5729f85236f63d0bb1f1e39f8c786ae709b2fc9a59793e95005bd38"
FPS = 30.0
"""Nominal rate of the webcam; the file has no time stamps [Hz]."""
SEED = 7
TOUCH, SWING, PERIOD = 0.006, 0.025, 6.0
"""Two-hand clip: farthest fingertip to the plane between the hands where they meet, how
much farther apart they go [m], and how long a coming and going takes [s]."""
DRIFT = 0.002
"""Amplitude of the wrists' slow drift along the palms [m]."""
WINDOW = 3
"""The farthest point is taken over this many frames either way, then averaged over as
many: the wrists move smoothly and no hand reaches through the other."""

# Hand frame of an operator: x out of the palm, y pinky → thumb (right hand), z fingers.
# Palms face each other across x, fingers along y, thumbs up.
R_CANONICAL_OPERATOR = {
    "right": np.array([[-1.0, 0, 0], [0, 0, 1.0], [0, 1.0, 0]]),
    "left": np.array([[1.0, 0, 0], [0, 0, 1.0], [0, -1.0, 0]]),
}


def recording() -> np.ndarray:
    """(621, 21, 3) right hand [m], MediaPipe order, operator frame, wrist at 0.

    Taken from `../shared` (or `HANDX_SHARED`), else fetched once and kept.

    Raises:
        ValueError: The file is not the one that is meant.
    """
    file = SHARED / "real_hands/dex_retargeting/human_joint_right.pkl"
    if not file.is_file():
        file = CACHE / "human_joint_right.pkl"
        if not file.is_file():
            with urllib.request.urlopen(URL, timeout=60) as answer:
                data = answer.read()
            _check(data, URL)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
    _check(file.read_bytes(), str(file))
    return np.array(load_arrays(file), float)


def _check(data: bytes, where: str) -> None:
    if hashlib.sha256(data).hexdigest() != SHA256:
        raise ValueError(f"{where}: sha256 is not {SHA256}. Fix: delete the file.")


def operator_hands(hand: np.ndarray) -> dict[str, np.ndarray]:
    """Side → (T, 21, 3) in its operator frame; the left one is mirrored, y → −y."""
    return {"left": hand * [1.0, -1.0, 1.0], "right": hand}


def wrists(hand: np.ndarray) -> dict[str, np.ndarray]:
    """Side → (T, 3) wrist positions of the two-hand clip, canonical frame [m].

    x = ±(r(t) + 6 mm + 25 mm · max(0, cos(2π t / 6 s))²), r(t) being how far the hand
    reaches out of its palm: half of the time the farthest fingertips of the two hands
    touch. Each wrist drifts in the plane of its palm by a sum of three sines per axis, of
    periods 4 to 11 s, whose phases come from `SEED`.
    """
    t = np.arange(len(hand)) / FPS
    window = np.lib.stride_tricks.sliding_window_view
    reach = np.pad(hand[..., 0].max(1), 2 * WINDOW, mode="edge")
    reach = window(reach, 2 * WINDOW + 1).max(1)
    reach = window(reach, 2 * WINDOW + 1).mean(1)
    swing = SWING * np.maximum(np.cos(2 * np.pi * t / PERIOD), 0.0) ** 2
    half = reach + TOUCH + swing
    rng = np.random.default_rng(SEED)
    out = {}
    for side, sign in (("left", -1.0), ("right", 1.0)):
        period, phase = rng.uniform(4, 11, (2, 3)), rng.uniform(0, 2 * np.pi, (2, 3))
        wave = np.sin(2 * np.pi * t[:, None, None] / period + phase).sum(-1) / 3
        out[side] = np.concatenate([sign * half[:, None], DRIFT * wave], 1)
    return out


def two_hands(hand: np.ndarray) -> BimanualMotion:
    """Both hands, palms facing, coming and going."""
    place = wrists(hand)
    joints = np.stack(
        [
            operator_hands(hand)[side] @ R_CANONICAL_OPERATOR[side].T
            + place[side][:, None]
            for side in ("left", "right")
        ],
        1,
    )
    return BimanualMotion(joints[:, :, HANDX_FROM_MEDIAPIPE], FPS)
