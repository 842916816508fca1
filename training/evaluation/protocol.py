"""What is asked in an evaluation: the splits, the free sentences, the swap test."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from handx_gen.errors import HandxError, InputError
from handx_gen.kinematics.requests import RequestedEvent, RequestedEvents
from training.data.words import swap_sides

FREE_SENTENCES = Path(__file__).with_name("free_sentences.json")

SPLITS = ("val", "heldout_combination", "heldout_wording")
"""Splits of the teacher: seen kinds of clips in seen words; combinations of actions, and
wordings, that no training clip has."""

_OTHER = {"left": "right", "right": "left"}


@dataclass(frozen=True)
class Item:
    """One sentence and what a motion for it must contain.

    Attributes:
        sentence: What is asked, in words.
        requested: The events that it asks for.
        reference: The teacher's own clip of it, (T, 2, 21, 3) [m], where there is one.
    """

    sentence: str
    requested: RequestedEvents
    reference: np.ndarray | None = field(default=None, compare=False, repr=False)


def split_items(
    split: str, count: int, synthesize: Callable[[int, str], Any], first_seed: int
) -> list[Item]:
    """The first sentence of `count` clips of a split, with the clip's own events."""
    items: list[Item] = []
    seed = first_seed
    while len(items) < count:
        try:
            clip = synthesize(seed, split)
            items.append(Item(clip.sentences[0], clip.requested, clip.joints))
        except AssertionError:  # no clip of this seed passed the teacher's checks
            pass
        seed += 1
    return items


def free_items(path: Path = FREE_SENTENCES) -> list[Item]:
    """Sentences written by hand, with the steps that a person would do for them.

    Raises:
        InputError: The file cannot be read, or an entry is not understood.
    """
    from handx_gen.procedural import Program, Step

    try:
        entries = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise InputError(path, "", f"cannot be read ({error})") from error
    items = []
    for entry in entries:
        try:
            text = entry["sentence"]
            steps = tuple(
                Step(
                    **{k: tuple(v) if isinstance(v, list) else v for k, v in s.items()}
                )
                for s in entry["steps"]
            )
            requested = Program(steps, text).requested
        except (KeyError, TypeError, HandxError) as error:
            raise InputError(path, str(entry)[:60], f"wrong entry ({error})") from error
        items.append(Item(text, requested))
    return items


def swapped(item: Item) -> Item:
    """The item with left and right exchanged in the words and in the events."""
    events = tuple(_swapped_event(event) for event in item.requested.events)
    text = swap_sides(item.sentence)
    return Item(text, RequestedEvents(events, text))


def _swapped_event(event: RequestedEvent) -> RequestedEvent:
    changes: dict[str, Any] = {"hand": _OTHER.get(event.hand, event.hand)}
    if event.kind == "touch":
        first, second = event.fingers, event.other_fingers
        changes |= {
            "fingers": second or first,
            "other_fingers": first if second else (),
        }
    if event.kind in ("move", "follow", "carry"):
        changes["direction"] = _OTHER.get(event.direction, event.direction)
    return replace(event, **changes)


def one_sided(item: Item) -> bool:
    """Whether exchanging left and right changes what is asked."""
    return set(swapped(item).requested.events) != set(item.requested.events)
