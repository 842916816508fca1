"""How well each segment of a motion does what its own words ask."""

from handx_gen.kinematics.requests import MatchResult, match
from handx_gen.motion import BimanualMotion
from handx_gen.procedural import read


def segment_scores(motion: BimanualMotion) -> list[tuple[str, MatchResult]]:
    """Each segment's words, and how its own frames match them.

    Args:
        motion: With its segments in `provenance["segments"]`, as networks leave them;
            empty for any other.
    """
    return [
        (
            str(part["text"]),
            match(
                BimanualMotion(motion.joints[part["start"] : part["stop"]], motion.fps),
                read(str(part["text"])).requested,
            ),
        )
        for part in motion.provenance.get("segments", [])
    ]
