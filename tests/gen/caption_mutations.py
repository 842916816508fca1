"""Captions made false on purpose, each in one way; what is false is known from the
program that was performed, not from the verifier."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from handx_gen.captions.schema import Caption
from handx_gen.kinematics.timeline_events import Timeline, timeline
from handx_gen.procedural import perform, read
from handx_gen.skeleton import FINGERS

FOLDER = Path(__file__).parent
FILES = (
    "captions_by_hand.json", "captions_by_hand_later.json", "captions_by_hand_last.json",
)  # fmt: skip
TUNED, HELD_OUT = "captions_fresh_tuned.json", "captions_fresh_held_out.json"
"""Marked captions: [what tells of a contact], {what happens first} … {what follows}."""
WORDS = {
    "thumb": ["thumb"], "index": ["index finger", "forefinger", "index"],
    "middle": ["middle finger", "middle"], "ring": ["ring finger", "ring"],
    "pinky": ["little finger", "pinky"],
}  # fmt: skip
_FINGER_WORD = re.compile(
    r"\b(thumb|index|forefinger|middle|ring|pinky|little)\b", re.IGNORECASE
)
_CONTACT_WORD = re.compile(
    r"touch|tap|meet|met\b|contact|pinch|poke|prod|press|clap|palm|rub|interl|lace|slip|thumb|"
    r"tips?\b|joins?|lean|goes to|slide|struck|strikes|between those|gaps of|together",
    re.IGNORECASE,
)
_NAMES = {"forefinger": "index", "little": "pinky"}
CONTACT_KINDS = {"pinch", "touch", "palm_touch", "palms", "interlace", "slide"}


@dataclass(frozen=True)
class Written:
    """A caption written by hand for a performed motion."""

    request: str
    caption: Caption
    events: Timeline
    requested: tuple
    marked: tuple[str, ...] = ()


def written(file: str) -> list[Written]:
    found = []
    for entry in json.loads((FOLDER / file).read_text()):
        events = timeline(perform(entry["motion"], seed=entry.get("seed", 0)))
        requested = read(entry["motion"]).requested.events
        for parts in entry["captions"]:
            marked = tuple(parts) if file in (TUNED, HELD_OUT) else ()
            words = (re.sub(r"[][{}]", "", part) if marked else part for part in parts)
            caption = Caption(*words)
            found.append(Written(entry["motion"], caption, events, requested, marked))
    return found


def _other_side(text):
    swap = {"left": "right", "right": "left", "Left": "Right", "Right": "Left"}
    return re.sub(r"\b(left|right|Left|Right)(?=\b|wards)", lambda m: swap[m[0]], text)


def side(item, rng):
    """Hands swapped, unless the program is the same on both."""
    flip = {"left": "right", "right": "left", "both": "both"}
    own = {
        (e.kind, e.hand, e.fingers, e.other_fingers, e.direction)
        for e in item.requested
        if e.kind != "still"
    }
    mirrored = {
        (k, flip[h], o if k == "touch" else f, f if k == "touch" else o,
         flip.get(d, d) if k == "move" else d)
        for k, h, f, o, d in own
    }  # fmt: skip
    if own == mirrored:
        return None
    c = item.caption
    return Caption(_other_side(c.right), _other_side(c.left), _other_side(c.relation))


def _active(item):
    """Fingers that a request names, per program."""
    return {f for e in item.requested for f in (*e.fingers, *e.other_fingers)}


def finger(item, rng):
    """One named finger replaced by one that does nothing of the kind."""
    active = _active(item)
    if any(e.kind == "pinch" for e in item.requested):
        active |= {"thumb"}
    parts = dict(item.caption.parts())
    places = [
        (part, m)
        for part, text in parts.items()
        for m in _FINGER_WORD.finditer(text)
        if _NAMES.get(m[0].lower(), m[0].lower()) in active
    ]
    idle = [f for f in FINGERS if f not in active]
    if not places or not idle or any(e.kind == "shape" for e in item.requested):
        return None
    part, m = places[rng.integers(len(places))]
    if re.search(r"\b(out|straight|except|extended)\b", parts[part]):
        idle = [f for f in idle if f != "thumb"]  # it may well be out
    if not idle:
        return None
    new = idle[rng.integers(len(idle))]
    tail = parts[part][m.end() :]
    word = "little" if new == "pinky" and tail.startswith(" finger") else new
    if new == "thumb" and tail.startswith(" finger"):
        tail = tail.removeprefix(" finger")
    parts[part] = parts[part][: m.start()] + word + tail
    return Caption(*parts.values())


def order(item, rng):
    """What comes first put last, in captions that say an order."""
    if item.marked:
        return _exchanged(item.marked)
    parts = dict(item.caption.parts())
    for part in rng.permutation(list(parts)):
        text = parts[part]
        if re.search(r"apart|separate|part\b", text):
            continue  # hands also part before they meet: the change may be true
        new = _reordered(text)
        if new is not None:
            parts[str(part)] = new
            return Caption(*parts.values())
    return None


def _exchanged(parts):
    """The two marked spans of every part change places."""
    spans = r"\{([^}]*)\}(.*)\{([^}]*)\}"
    changed = [re.sub(spans, r"\3\2\1", part) for part in parts]
    if changed == list(parts):
        return None
    return Caption(*(re.sub(r"[][{}]", "", part) for part in changed))


def _reordered(text):
    for pattern, swapped in (
        (r"^(?:First,? )?(.+?), (?:and )?then (.+?)\.?$", r"First \2, then \1."),
        (r"^(?:First,? )?(.+?) and then (.+?)\.?$", r"First \2, then \1."),
        (r"^First (.+?), afterwards (.+?)\.?$", r"First \2, afterwards \1."),
        (r"^(?:First )?(.+?)[;,] (?:and )?(?:later|afterwards) (.+?)\.?$",
         r"First \2; later \1."),
        (r"\bbefore\b", "after"),
        (r"\bearly\b", "late"), (r"\blate\b", "early"),
    ):  # fmt: skip
        if "First the index" in text or "First the thumb meets" in text:
            break
        if "touching" in text and "first" in text:
            break
        if re.search(pattern, text):
            return re.sub(pattern, swapped, text)
    listed = list(_FINGER_WORD.finditer(text))
    named = [m for m in listed if m[0].lower() != "thumb"]
    sequence = re.search(
        r"one (by one|after the other)|in turn|[Ff]irst|order|in sequence|, next|beginning"
        r"|from the index", text
    )  # fmt: skip
    distinct = [_NAMES.get(m[0].lower(), m[0].lower()) for m in named]
    if not sequence or len(named) < 2 or len(set(distinct)) != len(distinct):
        return None
    out, last = "", 0
    for m, word in zip(named, distinct[::-1]):
        tail = text[m.end() :]
        word = "little" if word == "pinky" and tail.startswith(" finger") else word
        out += text[last : m.start()] + word
        last = m.end()
    return out + text[last:]


def invented(item, rng):
    """A contact that did not happen, added."""
    parts = dict(item.caption.parts())
    between = any(e.kind in CONTACT_KINDS - {"pinch"} for e in item.requested)
    choices = []
    pinched = {
        (e.hand, f) for e in item.requested if e.kind == "pinch" for f in e.fingers
    }
    for hand in ("left", "right"):
        for f in FINGERS[1:]:
            if not {(hand, f), ("both", f)} & pinched:
                word = WORDS[f][rng.integers(len(WORDS[f]))]
                choices += [
                    (hand, f"The thumb touches the {word}."),
                    (hand, f"Thumb and {word} pinch."),
                    (hand, f"The tip of the thumb meets the tip of the {word}."),
                    (
                        "relation",
                        f"The {hand} thumb and {hand} {word} come into contact.",
                    ),
                ]
    if not between:
        for a in FINGERS:
            b = FINGERS[rng.integers(5)]
            hand = ("left", "right")[rng.integers(2)]
            other = {"left": "right", "right": "left"}[hand]
            choices += [
                ("relation", f"The left {a} taps the right {b}."),
                ("relation", f"The {hand} {a} touches the {other} palm."),
                (hand, f"The {a} pokes the {other} palm."),
            ]
        choices += [
            ("relation", "The hands clap."), ("relation", "The palms are pressed together."),
            ("relation", "The fingers interlace."), ("relation", "All fingertips meet."),
        ] * 3  # fmt: skip
    part, sentence = choices[rng.integers(len(choices))]
    text = parts[part].rstrip()
    parts[part] = f"{text}{'' if not text or text.endswith('.') else '.'} {sentence}"
    return Caption(*parts.values())


def missing(item, rng):
    """Every sentence about a contact left out, or one finger of a list."""
    if not any(e.kind in CONTACT_KINDS for e in item.requested):
        return None
    parts = dict(item.caption.parts())
    if item.marked:
        told = [re.sub(r"\[[^]]*\]", "", part) for part in item.marked]
        told = [re.sub(r"[{}]", "", part).strip(" .,;:") for part in told]
        return Caption(*told) if any(told) else Caption("The hand moves a little.")
    listed = re.compile(
        r"\b(index|middle|ring)( finger)?, (?=\w+ ?\w*(,| and (little|pinky|ring)))"
    )
    if rng.random() < 0.5 and any(listed.search(t) for t in parts.values()):
        return Caption(*(listed.sub("", text, count=1) for text in parts.values()))
    kept = {
        part: ". ".join(
            s for s in re.split(r"(?<=[.;])\s+", text) if not _CONTACT_WORD.search(s)
        )
        for part, text in parts.items()
    }
    if not any(kept.values()):
        kept["left"] = "The hand moves a little."
    return Caption(*kept.values())


MUTATIONS = {
    "side": side, "finger": finger, "order": order, "invented": invented,
    "missing": missing,
}  # fmt: skip
