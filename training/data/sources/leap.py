"""Leap Motion recordings of leapjs-playback: `.json.lz`, or the `.json` inside.

`frames` are dictionaries (formats 0.1 and 1) or lists packed after a key that is the
first frame (format 2). Positions are millimetres, y up from the device, z towards the
user; time is microseconds. The thumb's "mcp" is its CMC. Not every version records the
wrist: `details["wrist"]` says where it comes from.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from handx_gen.errors import InputError
from handx_gen.skeleton import CHAINS, FINGERS, JOINT, SIDES
from training.data.raw import RawMotion
from training.data.sources import files, leap_lz, recording
from training.data.sources.source import Source

BEHIND_CARPALS, ABOVE_CARPALS = 9.1, 7.3
"""Wrist from the mean of the four carpals: back along the hand and along the palm's
normal [mm]; measured on recordings that hold both."""

BEHIND_PALM = 53.0
"""Wrist from the palm's centre, back along the hand [mm]: rough, within 15 mm."""

WRISTS = {
    "wrist": "recorded",
    "carpals": "estimated from the carpals",
    "palm": "estimated 53 mm behind the palm, rough",
}
"""Most to least certain."""


def find(path: Path) -> list[Path]:
    """Recordings in a folder."""
    return [path] if path.is_file() else files.below(path, "*.json.lz", "*/*.json.lz")


def sniff(path: Path) -> bool:
    """Whether there are `.json.lz` files."""
    return any(file.name.endswith(".json.lz") for file in find(path))


def read(path: Path) -> Iterator[RawMotion]:
    """The motion of one recording.

    Raises:
        InputError: The file is damaged, of another format, or holds no hand.
    """
    content = _content(path)
    metadata = files.record(path, "metadata", content["metadata"])
    frames = content["frames"]
    if not isinstance(frames, list):
        raise InputError(path, "frames", "not a list")
    if frames and isinstance(frames[0], list):
        frames = _unpacked(path, frames)
    time, joints = np.zeros(len(frames)), np.full((len(frames), 2, 21, 3), np.nan)
    confidence = np.zeros((len(frames), 2))
    counts = {"extra_hands": 0, "incomplete_hands": 0}
    wrists: dict[str, set[str]] = {side: set() for side in SIDES}
    for row, frame in enumerate(frames):
        field = f"frames[{row}]"
        frame = files.record(path, field, frame, "timestamp", "hands", "pointables")
        time[row] = files.numbers(path, f"{field}.timestamp", frame["timestamp"], ())
        for hand in _best_first(path, field, frame["hands"]):
            side = SIDES.index(hand["type"])
            if np.isfinite(joints[row, side]).any():
                counts["extra_hands"] += 1
                continue
            found = _hand(path, field, hand, frame["pointables"])
            if found is None:
                counts["incomplete_hands"] += 1
                continue
            joints[row, side], rule = found
            wrists[hand["type"]].add(rule)
            confidence[row, side] = hand.get("confidence", 1.0)
    yield recording.motion(
        path, "leap", recording.loose_name(path), (time - time[:1]) * 1e-6, joints * 1e-3,
        confidence, counts={why: n for why, n in counts.items() if n},
        up=(0.0, 1.0, 0.0), group=recording.loose_name(path),
        details={
            "wrist": {
                side: [WRISTS[rule] for rule in WRISTS if rule in used]
                for side, used in wrists.items() if used
            },
            "format": metadata.get("formatVersion"), "title": metadata.get("title", ""),
        },
    )  # fmt: skip


def _content(path: Path) -> dict[str, Any]:
    text = files.read_text(path, 1 << 28)
    if path.name.endswith(".lz"):
        try:
            text = leap_lz.decompress_base64(text)
        except ValueError as error:
            raise InputError(
                path, "", f"not LZ-string base64 ({error})", "fetch it again"
            ) from error
    return files.record(path, "", files.parse_json(path, text), "metadata", "frames")


def _unpacked(path: Path, frames: list[Any]) -> list[dict[str, Any]]:
    """Frames of format 2 as dictionaries."""
    key = frames[0]
    return [
        _named(path, f"frames[{row}]", key, frame)
        for row, frame in enumerate(frames[1:], 1)
    ]


def _named(path: Path, field: str, key: Any, values: Any) -> dict[str, Any]:
    """Values by the names in `key`: a name, or {name: names} or {name: [names]}."""
    if not isinstance(values, list) or len(values) != len(key):
        raise InputError(path, field, f"does not match the {len(key)} names of frame 0")
    named = {}
    for name, value in zip(key, values):
        if isinstance(name, str):
            named[name] = value
            continue
        if not isinstance(name, dict) or len(name) != 1:
            raise InputError(path, "frames[0]", "is no list of names")
        [(name, inner)] = name.items()
        if isinstance(inner, list) and inner and isinstance(inner[0], list):
            if not isinstance(value, list):
                raise InputError(path, f"{field}.{name}", "not a list")
            named[name] = [_named(path, f"{field}.{name}", inner[0], v) for v in value]
        else:
            named[name] = value
    return named


def _best_first(path: Path, field: str, hands: Any) -> list[dict[str, Any]]:
    """Hands that say which they are, the most confident first."""
    if not isinstance(hands, list):
        raise InputError(path, f"{field}.hands", "not a list")
    for hand in hands:
        files.record(path, f"{field}.hands", hand, "id", "type", "direction")
        if hand["type"] not in SIDES:
            raise InputError(path, f"{field}.hands.type", f"{hand['type']!r}")
        sure = hand.get("confidence", 1.0)
        if not isinstance(sure, int | float):
            raise InputError(path, f"{field}.hands.confidence", f"{sure!r}")
    return sorted(hands, key=lambda hand: -hand.get("confidence", 1.0))


def _hand(
    path: Path, field: str, hand: dict[str, Any], pointables: Any
) -> tuple[np.ndarray, str] | None:
    """(21, 3) [mm] and the rule for the wrist; None unless it has five fingers."""
    fingers: dict[int, dict[str, Any]] = {}
    where = f"{field}.pointables"
    if not isinstance(pointables, list):
        raise InputError(path, where, "not a list")
    for finger in pointables:
        files.record(path, where, finger, "handId", "id")
        if finger["handId"] != hand["id"] or finger.get("tool"):
            continue
        kind = finger.get("type")
        if kind is None:  # early versions of format 2: it is the id's last digit
            kind = int(files.numbers(path, f"{where}.id", finger["id"], ())) % 10
        if kind not in range(5):
            raise InputError(path, f"{where}.type", f"{kind!r}, expected 0 to 4")
        fingers[kind] = finger
    if set(fingers) != set(range(5)):
        return None
    positions = np.full((21, 3), np.nan)
    for kind, finger in fingers.items():
        tip = "btipPosition" if finger.get("btipPosition") else "tipPosition"
        keys = ("mcpPosition", "pipPosition", "dipPosition", tip)
        files.record(path, where, finger, *keys)
        for joint, key in zip(CHAINS[FINGERS[kind]][1:], keys):
            positions[JOINT[joint]] = files.numbers(
                path, f"{where}.{key}", finger[key], (3,)
            )
    positions[JOINT["wrist"]], rule = _wrist(path, field, hand, fingers)
    return positions, rule


def _wrist(
    path: Path, field: str, hand: dict[str, Any], fingers: dict[int, dict[str, Any]]
) -> tuple[np.ndarray, str]:
    def vector(name: str) -> np.ndarray:
        files.record(path, f"{field}.hands", hand, name)
        return files.numbers(path, f"{field}.hands.{name}", hand[name], (3,))

    if hand.get("wrist"):
        return vector("wrist"), "wrist"
    carpals = [fingers[kind].get("carpPosition") for kind in range(1, 5)]
    if all(carpals):
        middle = files.numbers(path, f"{field}.carpPosition", carpals, (4, 3)).mean(0)
        back = BEHIND_CARPALS * vector("direction")
        return middle - back + ABOVE_CARPALS * vector("palmNormal"), "carpals"
    return vector("palmPosition") - BEHIND_PALM * vector("direction"), "palm"


SOURCE = Source(
    name="leap",
    title="Leap Motion (leapjs-playback)",
    open=read,
    find=find,
    sniff=sniff,
    fps=None,
    notes="Give a .json.lz file or a folder of them. Where the recording has no wrist it "
    "is estimated, and the clip says so.",
)
