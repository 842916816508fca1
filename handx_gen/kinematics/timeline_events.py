"""The event JSON of a motion: what captions are written from and checked against.

The three sections of the HandX paper's JSON (supplement A.4) keep their names and their
frame conventions: a change ends *before* frame `end`, a contact ends *in* frame `end`.
`contact_dynamics` and `actions` are ours; their `end` is the last frame.
"""

from typing import Any

from handx_gen.errors import InputError
from handx_gen.kinematics.contact_dynamics import contact_dynamics
from handx_gen.kinematics.contacts import PAIRS
from handx_gen.kinematics.events import read_events
from handx_gen.kinematics.segmentation import changes, contacts
from handx_gen.kinematics.series import Series, descriptor_series
from handx_gen.motion import BimanualMotion
from handx_gen.skeleton import SIDES

SCHEMA = "handx.events"
VERSION = 1
_PLACES = {
    "left": "left_hand_events",
    "right": "right_hand_events",
    "both": "two_hand_relationships",
}

Timeline = dict[str, Any]
"""The JSON as Python objects; `check_timeline` says what it must hold."""


def timeline(motion: BimanualMotion) -> Timeline:
    """The events of a motion as JSON objects.

    Keys: `schema`, `version`, `frame_count`, `fps`, `present`; `left_hand_events` and
    `right_hand_events` (`finger_flexing`, `finger_spacing`, `finger_tip_contact`,
    `wrist_trajectory`), `two_hand_relationships` (`finger_tip_contact`,
    `finger_palm_distance`, `palm_palm_distance`, `palm_palm_relative_position`);
    `contact_dynamics` (touch, press, slide, release) and `actions`.

    Raises:
        InputError: A present hand has a degenerate palm.
    """
    found: Timeline = {
        "schema": SCHEMA,
        "version": VERSION,
        "frame_count": len(motion),
        "fps": motion.fps,
        "present": [s for s, here in zip(SIDES, motion.present) if here],
        **{place: {} for place in _PLACES.values()},
    }
    distances = {}
    for series in descriptor_series(motion):
        place = found[_PLACES[series.owner]].setdefault(series.group, {})
        place[series.key] = _events(series, motion.fps)
        if pair := _pair(series):
            distances[pair] = series.values
    found["contact_dynamics"] = [
        {
            "kind": event.kind,
            "points": event.pair.split("|"),
            "start": event.start,
            "end": event.stop,
            **({"speed": round(event.speed, 4)} if event.kind == "slide" else {}),
        }
        for event in contact_dynamics(motion, distances)
    ]
    found["actions"] = [
        {
            "kind": event.kind,
            "hand": event.hand,
            "fingers": list(event.fingers),
            "other_fingers": list(event.other_fingers),
            "direction": event.direction,
            "start": event.start,
            "end": event.stop,
        }
        for event in read_events(motion)
    ]
    return found


def _events(series: Series, fps: float) -> list[dict[str, Any]]:
    """The JSON entries of one series."""
    if series.bins is None:
        return [
            {"start": a, "end": b - 1, "constant_des": "Contact"}
            for a, b in contacts(series.values, series.contact)
        ]
    entries: list[dict[str, Any]] = []
    for change in changes(series.values, fps, series.bins):
        entry = {"start": change.start, "end": change.stop}
        if series.bins.states:
            entry |= {"start_des": change.begin, "end_des": change.end}
        entry["v_des"] = change.speed
        if any(series.directions):
            entry["direction"] = series.directions[int(change.rising)]
        entries.append(entry)
    if not entries and series.bins.states:
        state = series.bins.state(float(series.values.mean()))
        entries.append({"start": 0, "end": len(series.values), "constant_des": state})
    return entries


def _pair(series: Series) -> str:
    """The contact pair whose distance a series is, or ""."""
    if series.group not in (
        "finger_tip_contact", "finger_palm_distance", "palm_palm_distance",
    ):  # fmt: skip
        return ""
    points = series.key.split(", ")
    if series.owner != "both":  # "index_tip, thumb_tip" of one hand
        name = f"{series.owner}.{points[1]}|{series.owner}.{points[0]}"
    else:
        first, second = sorted(point.replace("_", ".", 1) for point in points)
        name = f"{first}|{second}"
    assert name in PAIRS, name
    return name


def check_timeline(value: object, where: object = "events") -> Timeline:
    """A parsed event JSON, if it is one that this version understands.

    Raises:
        InputError: Not an object, another schema, a newer version, a part missing.
    """
    if not isinstance(value, dict) or value.get("schema") != SCHEMA:
        raise InputError(
            where, "schema", f"not {SCHEMA!r}", "write it with `handx describe --json`"
        )
    version = value.get("version")
    if not isinstance(version, int) or version > VERSION:
        raise InputError(
            where, "version", f"{version}, newer than {VERSION}", "update handx"
        )
    parts = (
        "frame_count",
        "fps",
        "present",
        *_PLACES.values(),
        "contact_dynamics",
        "actions",
    )
    for part in parts:
        if part not in value:
            raise InputError(where, part, "missing", "write it again")
    return value
