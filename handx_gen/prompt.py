"""`Prompt`, `Segment`, `Plan`: what was asked for, in words."""

from dataclasses import dataclass

from handx_gen.errors import InputError

MAX_CHARACTERS = 2000


@dataclass(frozen=True)
class Prompt:
    """The paper's triple, or one free sentence.

    Attributes:
        left, right, relation: What the left hand, the right hand and the two together
            do (HandX paper, section 3.2). An empty branch asks for nothing.
        sentence: A free sentence about both hands; used instead of the triple.

    Raises:
        InputError: All four are empty, or one is longer than 2,000 characters.
    """

    left: str = ""
    right: str = ""
    relation: str = ""
    sentence: str = ""

    def __post_init__(self) -> None:
        for field in ("left", "right", "relation", "sentence"):
            text = " ".join(getattr(self, field).split())
            if len(text) > MAX_CHARACTERS:
                raise InputError(
                    "prompt", field, f"{len(text)} characters, at most {MAX_CHARACTERS}",
                    "split the request into segments",
                )  # fmt: skip
            object.__setattr__(self, field, text)
        if not (self.left or self.right or self.relation or self.sentence):
            raise InputError(
                "prompt", "text", "empty",
                'say what the hands should do, e.g. "clap twice"',
            )  # fmt: skip

    @property
    def text(self) -> str:
        """One line that says it all, for logs and file names."""
        triple = [
            f"{name}: {value}"
            for name, value in (
                ("left", self.left),
                ("right", self.right),
                ("together", self.relation),
            )
            if value
        ]
        return self.sentence or "; ".join(triple)


@dataclass(frozen=True)
class Segment:
    """A prompt and how long it lasts; `seconds` None leaves it to the model."""

    prompt: Prompt
    seconds: float | None = None

    def __post_init__(self) -> None:
        if self.seconds is not None and not 0.2 <= self.seconds <= 60:
            raise InputError(
                "plan", "seconds", f"{self.seconds}", "give between 0.2 and 60 seconds"
            )


@dataclass(frozen=True)
class Plan:
    """Segments that follow one another.

    Raises:
        InputError: There is no segment.
    """

    segments: tuple[Segment, ...]

    def __post_init__(self) -> None:
        if not self.segments:
            raise InputError("plan", "segments", "none", "give at least one prompt")

    @classmethod
    def from_text(cls, text: str, seconds: float | None = None) -> "Plan":
        """One segment from one free sentence.

        Which events the rules can read from the sentence is asked separately:
        `handx_gen.kinematics.requests.read_request(text)`.
        """
        return cls((Segment(Prompt(sentence=text), seconds),))

    @property
    def text(self) -> str:
        """All segments in one line."""
        return ", then ".join(segment.prompt.text for segment in self.segments)
