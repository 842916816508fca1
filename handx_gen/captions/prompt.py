"""What a language model is asked: our own instructions, and the events made compact."""

import json
from typing import Any

from handx_gen.captions.schema import FIELDS, LEVELS
from handx_gen.kinematics.timeline_events import Timeline

PROMPT_VERSION = 1
"""Raised whenever the words below change: answers to other words are other answers."""

INSTRUCTIONS = f"""\
You describe what two human hands do in a short clip, from events measured on their joints.

You get one JSON object. Times are frame numbers. In the sections of the left hand, the
right hand and the two hands together, an entry either changes (start_des to end_des,
before frame "end", at speed v_des) or keeps one state (constant_des). Contacts hold up to
and including frame "end". "contact_dynamics" says how contacts begin (touch), hold
(press), move (slide) and end (release). "actions" is a summary of the same motion: bend,
extend, spread, close, pinch (thumb tip to a fingertip of the same hand), touch (fingertip
to fingertip of the other hand), palm_touch (a fingertip of the named hand on the other
hand's palm), palms, slide, interlace, turn, move, circle, approach, part, still, apart.

Answer with one JSON object {{"annotations": [...]}} that holds exactly {LEVELS} objects,
each with exactly the text fields {", ".join(FIELDS)}.
- Object 1 is a phrase of a few words per field, 2 a short sentence, 3 says all that
  matters in order, 4 adds speeds and the states before and after, 5 is complete and gives
  frame numbers.
- "left" is only about the left hand, "right" only about the right hand,
  "two_hands_relation" about contact, distance and relative position. A field with nothing
  to say is an empty string; at least one field of each object must say something.

Rules
- Every contact (pinch, touch, palm_touch, palms, interlace) must be named at every level,
  with the right hand and the right fingers. Never name one that is not in the events.
- When the palms meet or the fingers interlace, smaller contacts of the same moment need
  not be named.
- Name a finger as a whole; speak of single joints only where a knuckle is hyperextended
  while the rest bends. Always mention hyperextension.
- Fingers that do the same at the same time go into one clause. Repetitions are counted.
- Keep the order of the events. Say "then", "at the same time", "at the end" where it helps.
- Leave out states that never change and distances that stay far.
- Describe, do not interpret: no purpose, object, feeling or guess. Vary the wording from
  level to level. No text outside the JSON object.
"""


def messages(events: Timeline) -> list[dict[str, str]]:
    """The chat messages that ask for five levels of captions."""
    body = json.dumps(compact(events), separators=(",", ":"))
    return [
        {"role": "system", "content": INSTRUCTIONS},
        {"role": "user", "content": f"Events:\n{body}"},
    ]


def compact(events: Timeline) -> dict[str, Any]:
    """The event JSON without what never changes: fewer tokens, nothing to miss.

    Series with no entry, and distances or joints that keep a plain state, are dropped;
    contact and hyperextension stay.
    """
    kept: dict[str, Any] = {
        key: events[key] for key in ("frame_count", "fps", "present")
    }
    for place in ("left_hand_events", "right_hand_events", "two_hand_relationships"):
        groups = {}
        for group, series in events[place].items():
            telling = {key: e for key, e in series.items() if any(map(_tells, e))}
            if telling:
                groups[group] = telling
        kept[place] = groups
    kept["contact_dynamics"] = events["contact_dynamics"]
    kept["actions"] = [
        {key: value for key, value in action.items() if value not in ("", [])}
        for action in events["actions"]
    ]
    return kept


def _tells(entry: dict[str, Any]) -> bool:
    constant = entry.get("constant_des")
    return constant is None or constant in ("Contact", "Hyperextended")
