"""One claim of a caption."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Claim:
    """One claim of a caption.

    Attributes:
        kind: As `Fact.kind`, or "apart" (the hands never touch), "straight" (the finger
            does not stay folded), "contact" (the hands touch, nothing said of where).
        hand: "left", "right", "both" (each hand, or the two together), "" unknown.
        fingers: Fingers meant; empty with `group` "": any, or none needed.
        other: The right hand's fingers of a touch.
        group: "some" (at least two fingers of the hand) or "all" of the four.
        direction: Of a move or turn.
        count: At least so often.
        when: "", "early" or "late".
        sure: Whether the clause was read in full (`common_words.read_in_full`).
        text: The words.
    """

    kind: str
    hand: str
    fingers: tuple[str, ...] = ()
    other: tuple[str, ...] = ()
    group: str = ""
    direction: str = ""
    count: int = 1
    when: str = ""
    sure: bool = True
    text: str = ""
