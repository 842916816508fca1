"""What a caption may say and must say, taken from an event JSON.

A *fact* is one thing that happened. Facts are *firm* where the event reader saw them,
and *loose* where only a single series hints at them: a caption may name a loose fact,
but need not.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from handx_gen.kinematics.timeline_events import Timeline
from handx_gen.skeleton import FINGERS, SIDES

CONTACTS = ("pinch", "touch", "palm_touch", "palms", "interlace")
_BETWEEN = ("touch", "palm_touch", "palms", "interlace")
_MOVES = {
    "left-to-right": "right", "right-to-left": "left", "back-to-front": "forward",
    "front-to-back": "back", "down-to-up": "up", "up-to-down": "down",
}  # fmt: skip
_ORDER = ("Hyperextended", "Fully extended", "Partially bent", "Fully bent")


@dataclass(frozen=True)
class Fact:
    """One thing that happened.

    Attributes:
        kind: As `RequestedEvent.kind`, or "hyperextend".
        hand: "left", "right", or "both" for the two together.
        finger: The finger, if it has one; for a touch the left one.
        other: The right finger of a touch.
        direction: Of a move or turn.
        start, stop: First and last frame.
        firm: Seen by the event reader.
    """

    kind: str
    hand: str
    finger: str = ""
    other: str = ""
    direction: str = ""
    start: int = 0
    stop: int = 0
    firm: bool = True

    def words(self) -> str:
        """In a few words, e.g. "right pinch index (frames 12–20)"."""
        said = [self.hand, self.kind.replace("_", " "), self.finger]
        if self.other:
            said += ["–", self.other]
        said += [self.direction.replace("_", " ")]
        what = " ".join(word for word in said if word)
        return f"{what} (frames {self.start}–{self.stop})"


@dataclass(frozen=True)
class Facts:
    """All facts of a motion.

    Attributes:
        frames: Length of the motion.
        present: Sides that it has.
        all: Firm and loose facts.
        required: The contacts that a caption must not leave out.
    """

    frames: int
    present: tuple[str, ...]
    all: tuple[Fact, ...]
    required: tuple[Fact, ...]

    def find(
        self, kind: str, hand: str = "", finger: str = "", direction: str = ""
    ) -> list[Fact]:
        """Facts of a kind; the empty string stands for any."""
        return [
            fact
            for fact in self.all
            if fact.kind == kind
            and hand in ("", "both", fact.hand)
            and finger in ("", fact.finger)
            and direction in ("", fact.direction)
        ]


def facts(events: Timeline) -> Facts:
    """The facts of an event JSON (`timeline_events.timeline`)."""
    firm = list(_firm(events))
    loose = [f for side in SIDES for f in _loose_hand(events, side)]
    loose += _loose_pair(events)
    return Facts(
        events["frame_count"],
        tuple(events["present"]),
        tuple(firm + loose),
        tuple(_required(firm)),
    )


def _firm(events: Timeline) -> Iterator[Fact]:
    for action in events["actions"]:
        fingers = action["fingers"] or [""]
        others = action["other_fingers"] or [""]
        for finger in fingers:
            yield Fact(
                action["kind"], action["hand"], finger, others[0], action["direction"],
                action["start"], action["end"],
            )  # fmt: skip
        if action["kind"] in CONTACTS and action["end"] + 1 < events["frame_count"]:
            end = action["end"] + 1
            yield Fact("release", action["hand"], start=end, stop=end)


def _required(firm: Iterable[Fact]) -> list[Fact]:
    """Contacts to be named.

    Palms that meet, or fingers that lace, say it for what else of the two hands brushes
    meanwhile.
    """
    contacts = [fact for fact in firm if fact.kind in CONTACTS]
    covers = [fact for fact in contacts if fact.kind in ("palms", "interlace")]
    kept = []
    for fact in contacts:
        covered = fact.kind in _BETWEEN and any(
            cover is not fact
            and (cover.kind, cover.start) != (fact.kind, fact.start)
            and cover.start - 5 <= fact.start
            and fact.stop <= cover.stop + 5
            for cover in covers
        )
        if not covered:
            kept.append(fact)
    return kept


def _loose_hand(events: Timeline, side: str) -> Iterator[Fact]:
    hand = events[f"{side}_hand_events"]
    for finger in FINGERS:
        yield from _loose_bends(hand.get("finger_flexing", {}), side, finger)
    for entries in hand.get("finger_spacing", {}).values():
        for entry in entries:
            if "start_des" in entry:
                kind = "spread" if entry["end_des"] == "Open" else "close"
                yield _loose(kind, side, entry)
    for key, entries in hand.get("finger_tip_contact", {}).items():
        for entry in entries:
            yield _loose("pinch", side, entry, finger=key.split("_tip")[0])
    for entries in hand.get("wrist_trajectory", {}).values():
        for entry in entries:
            direction = _MOVES[entry["direction"]]
            yield _loose("move", side, entry, direction=direction)


def _loose_bends(flexing: dict, side: str, finger: str) -> Iterator[Fact]:
    """A bend or extension that at least two joints agree on (one for the thumb)."""
    joints = {name: e for name, e in flexing.items() if name.startswith(finger)}
    found: dict[str, list[dict]] = {"bend": [], "extend": []}
    for entries in joints.values():
        kinds = set()
        for entry in entries:
            if "Hyperextended" in entry.values():
                yield _loose("hyperextend", side, entry, finger=finger)
            if "start_des" in entry:
                more = _ORDER.index(entry["end_des"]) - _ORDER.index(entry["start_des"])
                kind = "bend" if more > 0 else "extend"
                if kind not in kinds:
                    found[kind].append(entry)
                kinds.add(kind)
    for kind, entries in found.items():
        if len(entries) >= (1 if finger == "thumb" else 2):
            yield _loose(kind, side, entries[0], finger=finger)
    bent = [
        entry
        for entries in joints.values()
        for entry in entries
        if entry.get("constant_des") == "Fully bent"
    ]
    if len(bent) >= 2:
        yield _loose("bent", side, bent[0], finger=finger)


def _loose_pair(events: Timeline) -> Iterator[Fact]:
    pair = events["two_hand_relationships"]
    for key, entries in pair.get("finger_tip_contact", {}).items():
        left, right = (point.split("_")[1] for point in key.split(", "))
        for entry in entries:
            yield _loose("touch", "both", entry, finger=left, other=right)
    for key, entries in pair.get("finger_palm_distance", {}).items():
        side, finger, _ = key.split(", ")[0].split("_")
        for entry in entries:
            if "Contact" in entry.values():
                yield _loose("palm_touch", side, entry, finger=finger)
    for entries in pair.get("palm_palm_distance", {}).values():
        for entry in entries:
            if "Contact" in entry.values():
                yield _loose("palms", "both", entry)
    for event in events["contact_dynamics"]:
        if event["kind"] == "slide" and all("palm" in p for p in event["points"]):
            yield _loose("slide", "both", event)


def _loose(kind: str, hand: str, entry: dict, **more: str) -> Fact:
    return Fact(kind, hand, start=entry["start"], stop=entry["end"], firm=False, **more)
