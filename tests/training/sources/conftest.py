"""Two moving hands of the project's own, and a writer for every format."""

import csv
import json
import pickle
import string

import numpy as np
import pytest

from handx_gen.hand_model import DEFAULT_SHAPE, finger_points, to_joints
from handx_gen.skeleton import CHAINS, FINGERS, JOINT, MEDIAPIPE_FROM_HANDX, SIDES
from training.data.sources import orders

FRAMES = 24
FPS = 30.0
TICKS = 637_800_000_000_000_123
"""A .NET time stamp that a float64 cannot hold."""


def hand_angles(frames: int, seed: int) -> np.ndarray:
    """(T, 5, 5) angles of a loosely closing hand [rad]."""
    draw = np.random.default_rng(seed)
    ease = (1 - np.cos(np.linspace(0, np.pi, frames)))[:, None] / 2
    angles = np.zeros((frames, 5, 5))
    angles[..., 1] = 0.15 + 0.4 * ease
    angles[..., 3] = 0.25 + 0.6 * ease
    angles[..., 4] = 0.15 + 0.3 * ease
    angles[:, 1:, 0] = draw.uniform(-0.05, 0.05, 4)
    return angles


def own_pair(frames: int = FRAMES) -> np.ndarray:
    hands = []
    for side in range(2):
        points, _ = finger_points(DEFAULT_SHAPE, hand_angles(frames, side))
        wrist = np.full((frames, 3), [0.12, 0.3, 1.1])
        wrist[:, 0] += np.linspace(0, 0.08, frames)
        hands.append(to_joints(points, np.eye(3), wrist, side))
    return np.stack(hands, 1)


@pytest.fixture
def pair() -> np.ndarray:
    """(24, 2, 21, 3) [m], HandX order: both hands close while they move apart."""
    return own_pair()


@pytest.fixture
def angles():
    """The function (frames, seed) → angles of the hand."""
    return hand_angles


def in_order(hand: np.ndarray, order: tuple[str, ...]) -> np.ndarray:
    """Joints in a source's order; those that only the source has lie in the palm."""
    extra = (hand[..., 0, :] + hand[..., JOINT["middle_mcp"], :]) / 2
    points = [hand[..., JOINT[n], :] if n in JOINT else extra for n in order]
    return np.stack(points, -2)


def missing(hand: np.ndarray) -> bool:
    return bool(np.isnan(hand).any())


def captions(clip: int) -> dict[str, list[str]]:
    return {
        "left_annotation": [f"left {clip}.{k}" for k in range(5)],
        "right_annotation": [f"right {clip}.{k}" for k in range(5)],
        "interaction_annotation": [f"apart {clip}.{k}" for k in range(5)],
    }


def write_handx(folder, pair):
    path = folder / "train_can_pos_all_wotextfeat.npz"
    clip = {"motion": np.nan_to_num(pair).astype(np.float32), **captions(0)}
    np.savez(path, **{"0": clip})
    return path


def write_h2o(folder, pair):
    """The head camera turns and moves while the hands stay in the world."""
    sequence = folder / "subject1" / "h1" / "3"
    for name in ("hand_pose", "cam_pose"):
        (sequence / "cam4" / name).mkdir(parents=True)
    for k, frame in enumerate(pair):
        c, s = np.cos(0.1 + 0.05 * k), np.sin(0.1 + 0.05 * k)
        pose = np.eye(4)
        pose[:3, :3] = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
        pose[:3, 3] = [0.01 * k, 0.2, 1.5]
        cells = []
        for hand in frame:
            local = (hand - pose[:3, 3]) @ pose[:3, :3]
            flag = 0 if missing(hand) else 1
            local = local[MEDIAPIPE_FROM_HANDX] if flag else np.full((21, 3), 9.0)
            cells += [flag, *local.ravel()]
        for name, values in (("hand_pose", cells), ("cam_pose", pose.ravel())):
            text = " ".join(f"{value:.9g}" for value in values)
            (sequence / "cam4" / name / f"{k:06d}.txt").write_text(text)
    return sequence


def write_gigahands(folder, pair):
    sequence = folder / "p001-kitchen" / "keypoints_3d" / "007"
    sequence.mkdir(parents=True)
    for k, side in enumerate(SIDES):
        seen = [t for t in range(len(pair)) if not missing(pair[t, k])]
        rows = []
        for t in range(max(seen, default=-1) + 1):
            row = np.zeros((21, 4))
            if t in seen:
                row[:, :3] = pair[t, k, MEDIAPIPE_FROM_HANDX]
                row[:, 3] = 0.9
            rows.append(json.dumps(row.tolist()))
        (sequence / f"{side}.jsonl").write_text("\n".join(rows))
        (sequence / f"chosen_frames_{side}.json").write_text(json.dumps(seen))
    return sequence


def write_holoassist(folder, pair):
    hands = folder / "R007-7July-DSLR" / "Export_py" / "Hands"
    hands.mkdir(parents=True)
    for k, side in enumerate(SIDES):
        lines = []
        for t, hand in enumerate(pair[:, k]):
            gone = missing(hand)
            matrices = np.tile(np.eye(4), (26, 1, 1))
            points = np.full((26, 3), 7.0) if gone else in_order(hand, orders.OPENXR)
            matrices[:, :3, 3] = points
            cells = [f"{t / FPS:.4f}", str(TICKS + round(t / FPS * 1e7))]
            cells += ["0" if gone else "1"]
            cells += [f"{value:.7g}" for value in matrices.ravel()]
            cells += ["0" if gone else "1"] * 52
            lines.append("\t".join(cells))
        (hands / f"{side.capitalize()}_sync.txt").write_text("\n".join(lines) + "\n")
    return hands


def leap_content(pair, packed=False):
    """Format 1, or 2 if packed; millimetres, y up."""
    frames = []
    for t, frame in enumerate(pair):
        hands, pointables = [], []
        for k, hand in enumerate(frame):
            if missing(hand):
                continue
            mm = 1000 * np.stack([hand[:, 0], hand[:, 2], -hand[:, 1]], -1)
            mm = mm.round(3).tolist()
            hands.append(
                {
                    "id": 7 + k, "type": SIDES[k], "direction": [0, 0, -1],
                    "palmNormal": [0, -1, 0], "palmPosition": mm[4],
                    "confidence": 0.9, "wrist": mm[0],
                }
            )  # fmt: skip
            for kind, finger in enumerate(FINGERS):
                chain = CHAINS[finger][1:]
                names = ("mcpPosition", "pipPosition", "dipPosition", "btipPosition")
                pointables.append(
                    {
                        "id": 10 * (7 + k) + kind, "handId": 7 + k, "type": kind,
                        "tool": False,
                        **{name: mm[JOINT[j]] for name, j in zip(names, chain)},
                    }
                )  # fmt: skip
        frames.append(
            {
                "id": t,
                "timestamp": 5_000_000 + round(t / FPS * 1e6),
                "hands": hands,
                "pointables": pointables,
            }
        )
    if packed:
        of = {name: list(frames[0][name][0]) for name in ("hands", "pointables")}
        key = ["id", "timestamp", {"hands": [of["hands"]]}]
        key.append({"pointables": [of["pointables"]]})
        frames = [key] + [
            [f["id"], f["timestamp"]]
            + [[[x[c] for c in of[n]] for x in f[n]] for n in ("hands", "pointables")]
            for f in frames
        ]
    return {"metadata": {"formatVersion": 2 if packed else 1}, "frames": frames}


def write_leap(folder, pair):
    path = folder / "own-30fps.json.lz"
    path.write_text(compress_base64(json.dumps(leap_content(pair))))
    return path


def write_webxr(folder, pair):
    """Vision Pro: joints in the frame of a wrist that is turned in the ground's."""
    frames = []
    turn = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    for t, frame in enumerate(pair):
        row = {"time": 100 + t / FPS, "head": np.eye(4)[None]}
        for side, hand in zip(SIDES, frame):
            wrist, fingers = np.zeros((1, 4, 4)), np.zeros((25, 4, 4))
            if not missing(hand):
                wrist[0] = np.eye(4)
                wrist[0, :3, :3], wrist[0, :3, 3] = turn, hand[0]
                fingers[:] = np.eye(4)
                fingers[:, :3, 3] = (in_order(hand, orders.WEBXR) - hand[0]) @ turn
            row |= {f"{side}_wrist": wrist, f"{side}_fingers": fingers}
        frames.append(row)
    path = folder / "session.pkl"
    path.write_bytes(pickle.dumps(frames))
    return path


def write_aria(folder, pair):
    path = folder / "recording_1" / "hand_tracking_results.csv"
    path.parent.mkdir()
    header = ["tracking_timestamp_us"]
    for side in SIDES:
        marks = [f"t{a}_{side}_landmark_{k}_device" for k in range(21) for a in "xyz"]
        header += [f"{side}_tracking_confidence", *marks]
    with open(path, "w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(header)
        for t, frame in enumerate(pair):
            cells = [round((3 + t / FPS) * 1e6)]
            for hand in frame:
                marks = np.zeros((21, 3))
                if not missing(hand):
                    marks = in_order(hand, orders.UMETRACK)
                sure = -1 if missing(hand) else 0.95
                cells += [sure, *(f"{value:.7g}" for value in marks.ravel())]
            rows.writerow(cells)
    return path


def write_mediapipe_pickle(folder, pair):
    path = folder / "human_joint_right.pkl"
    path.write_bytes(pickle.dumps(list(pair[:, 1, MEDIAPIPE_FROM_HANDX])))
    return path


def write_plain(folder, pair):
    path = folder / "clip.npz"
    np.savez(path, joints=pair, fps=FPS)
    return path


WRITERS = {
    "handx": write_handx,
    "h2o": write_h2o,
    "gigahands": write_gigahands,
    "holoassist": write_holoassist,
    "leap": write_leap,
    "webxr": write_webxr,
    "aria": write_aria,
    "mediapipe_pickle": write_mediapipe_pickle,
    "plain": write_plain,
}
"""Formats that hold joints; HOT3D holds angles and `markers` points on the skin."""


@pytest.fixture(params=sorted(WRITERS))
def written(request, tmp_path):
    """(name, function of a pair that writes it in this format → path)."""
    name = request.param
    return name, lambda pair: WRITERS[name](tmp_path, pair)


@pytest.fixture
def write(tmp_path):
    """The function (format, pair) → path."""
    return lambda name, pair: WRITERS[name](tmp_path, pair)


@pytest.fixture
def leap():
    """Functions that make the content of a Leap recording, and compress a text."""
    return leap_content, compress_base64


@pytest.fixture
def books_balance():
    """Rows of the file = frames + rows lost, and nothing is silently blank."""

    def check(raw) -> bool:
        lost = sum(n for why, n in raw.counts.items() if why.startswith("lost_"))
        blank = [
            raw.counts.get(f"missing_{s}", 0) + raw.counts.get(f"partial_{s}", 0)
            for s in SIDES
        ]
        kept = raw.counts["rows"] == len(raw.time) + lost
        return kept and blank == list((~raw.seen).sum(0))

    return check


def compress_base64(text: str) -> str:
    """LZ-string's `compressToBase64`: what a recording is written with."""
    bits, fresh, phrases = [], set(), {}
    room, width = 2.0, 2

    def put(value: int, count: int) -> None:
        bits.extend(value >> k & 1 for k in range(count))

    def emit(phrase: str) -> None:
        nonlocal room, width
        if phrase in fresh:
            wide = ord(phrase) > 255
            put(int(wide), width)
            put(ord(phrase), 16 if wide else 8)
            fresh.discard(phrase)
            spend()
        else:
            put(phrases[phrase], width)
        spend()

    def spend() -> None:
        nonlocal room, width
        room -= 1
        if room == 0:
            room, width = 2**width, width + 1

    current = ""
    for letter in text:
        if letter not in phrases:
            phrases[letter] = len(phrases) + 3
            fresh.add(letter)
        if current + letter in phrases:
            current += letter
        else:
            emit(current)
            phrases[current + letter] = len(phrases) + 3
            current = letter
    if current:
        emit(current)
    put(2, width)
    bits += [0] * (-len(bits) % 6)
    letters = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"
    sixes = [bits[k : k + 6] for k in range(0, len(bits), 6)]
    out = "".join(letters[int("".join(map(str, six)), 2)] for six in sixes)
    return out + "=" * (-len(out) % 4)
