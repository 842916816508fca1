"""`Caption` and `CaptionSet`: five levels of detail × left, right, relation."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from handx_gen.errors import InputError
from handx_gen.prompt import MAX_CHARACTERS

LEVELS = 5
"""1 is a few words, 5 says everything with times (HandX paper, section 3.2)."""
FIELDS = ("left", "right", "two_hands_relation")
"""Keys of one level on disk and on the wire, as in the paper's files."""


@dataclass(frozen=True)
class Caption:
    """What the left hand, the right hand and the two together do, at one level.

    Raises:
        InputError: A part is not text, or longer than 2,000 characters; all are empty.
    """

    left: str = ""
    right: str = ""
    relation: str = ""

    def __post_init__(self) -> None:
        for field in ("left", "right", "relation"):
            text = getattr(self, field)
            if not isinstance(text, str):
                raise InputError("caption", field, f"{type(text).__name__}, not text")
            text = " ".join(text.split())
            if len(text) > MAX_CHARACTERS:
                raise InputError(
                    "caption",
                    field,
                    f"{len(text)} characters, at most {MAX_CHARACTERS}",
                )
            object.__setattr__(self, field, text)
        if not (self.left or self.right or self.relation):
            raise InputError("caption", "", "all three parts are empty")

    def parts(self) -> Iterator[tuple[str, str]]:
        """("left", text), ("right", text), ("relation", text)."""
        yield from (
            ("left", self.left),
            ("right", self.right),
            ("relation", self.relation),
        )

    def to_json(self) -> dict[str, str]:
        """Keys `FIELDS`."""
        return dict(zip(FIELDS, (self.left, self.right, self.relation)))


@dataclass(frozen=True)
class CaptionSet:
    """The five levels of one clip, short to long, and who wrote them.

    Attributes:
        levels: Five captions.
        source: Backend and model, e.g. "grammar" or "http:qwen3".
        verified: Per level, whether the verifier found nothing wrong.

    Raises:
        InputError: Not five levels.
    """

    levels: tuple[Caption, ...]
    source: str = ""
    verified: tuple[bool, ...] = ()

    def __post_init__(self) -> None:
        if len(self.levels) != LEVELS:
            raise InputError(
                "captions", "levels", f"{len(self.levels)}, expected {LEVELS}"
            )

    def to_json(self) -> dict[str, Any]:
        """As stored beside a motion."""
        return {
            "annotations": [level.to_json() for level in self.levels],
            "source": self.source,
            "verified": list(self.verified),
        }

    @classmethod
    def from_json(cls, value: object, where: object = "captions") -> "CaptionSet":
        """Read what `to_json` wrote.

        Raises:
            InputError: Another shape.
        """
        if not isinstance(value, Mapping):
            raise InputError(where, "", "not a JSON object")
        levels = read_levels(value.get("annotations"), where)
        verified = tuple(bool(v) for v in value.get("verified", ()))
        return cls(levels, str(value.get("source", "")), verified)


def read_levels(value: object, where: object = "captions") -> tuple[Caption, ...]:
    """Five captions from parsed JSON: a list, or an object that holds one.

    Raises:
        InputError: Not exactly five objects with exactly the keys `FIELDS`, all text.
    """
    if isinstance(value, Mapping):
        value = value.get("annotations", value.get("levels"))
    if not isinstance(value, list) or len(value) != LEVELS:
        size = f"{len(value)} entries" if isinstance(value, list) else "no list"
        raise InputError(where, "annotations", f"{size}, expected {LEVELS}")
    captions = []
    for number, level in enumerate(value, 1):
        if not isinstance(level, Mapping) or set(level) != set(FIELDS):
            keys = sorted(level) if isinstance(level, Mapping) else type(level).__name__
            raise InputError(where, f"level {number}", f"{keys}, expected {FIELDS}")
        captions.append(Caption(*(level[field] for field in FIELDS)))
    return tuple(captions)


def json_schema() -> dict[str, Any]:
    """JSON schema of a model's answer, for endpoints with structured output."""
    level = {
        "type": "object",
        "properties": {field: {"type": "string"} for field in FIELDS},
        "required": list(FIELDS),
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {
            "annotations": {
                "type": "array", "items": level, "minItems": LEVELS, "maxItems": LEVELS,
            }
        },
        "required": ["annotations"],
        "additionalProperties": False,
    }  # fmt: skip
