"""What people write in short, put into the words of the vocabulary.

"thumbs down with the left hand" has no verb, "fist twice" means opening in between,
"palms up" is a turn. Each idiom has one meaning here; what is not in this list, nor in
the templates, is left to the rules and their doubts.
"""

import re
from functools import cache

from handx_gen.procedural.slots import A_HAND

_DO = r"(?:(?:do|make|form|show|display|give me) (?:a |an |the )?)?"
"""Only with a verb an article: "make a fist and a V sign" is not two requests."""
_WITH = rf"(?:,? (?:with|on|using|of|for) (?P<hand>{A_HAND}))?"
_TIMES = r"(?P<times> (?:once|twice|thrice|(?:one|two|three|[1-3]) times?))?"
_OFTEN = r"(?P<times> (?:twice|thrice|(?:two|three|[23]) times))"
_NUMBER = "(?P<number>one|two|three|four|five|[1-5])"

IDIOMS: tuple[tuple[str, str], ...] = (
    (rf"{_DO}thumbs?[ -]down{_WITH}", "give a thumbs down with {hand}"),
    (rf"{_DO}thumbs?[ -]up{_WITH}", "thumbs up with {hand}"),
    (rf"{_DO}stop(?:[ -]sign)?{_WITH}",
     "make a stop sign with {hand}"),
    (rf"{_DO}ok(?:ay)?(?:[ -]sign)?{_WITH}",
     "make the ok sign with {hand}"),
    (rf"{_DO}(?:peace|victory|v)(?:[ -]sign)?{_WITH}", "make a v sign with {hand}"),
    (rf"(?:(?:wave|say) )?(?:hello|hi|goodbye|bye){_WITH}{_TIMES}",
     "wave goodbye with {hand}{times}"),
    (rf"wave (?:your|the|a) hand{_TIMES}", "wave goodbye with both hands{times}"),
    (rf"{_DO}fists?{_OFTEN}{_WITH}", "pump the fist of {hand}{times}"),
    (rf"{_DO}fists?{_WITH}{_OFTEN}", "pump the fist of {hand}{times}"),
    (rf"(?:close|clench) (?P<hand>{A_HAND}) and open (?:it|them){_TIMES}",
     "open and close {hand}{times}"),
    (rf"(?:air|scare) quotes{_TIMES}{_WITH}", "make air quotes with {hand}{times}"),
    (rf"(?:come here|beckon)(?: with (?P<hand>{A_HAND}))?{_TIMES}",
     "beckon with the index finger of {hand}{times}"),
    (rf"(?:wiggle|waggle|flutter) (?:your |the )?fingers{_WITH}",
     "wiggle the fingers of {hand}"),
    (rf"{_DO}number {_NUMBER}{_WITH}",
     "show the number {number} with {hand}"),
    (rf"(?:show|hold up) {_NUMBER}(?: fingers?)?{_WITH}",
     "show the number {number} with {hand}"),
    (rf"(?:reach out and )?(?:grab|seize)(?: something| it)?{_WITH}",
     "reach out and grab with {hand}"),
    (rf"let go(?: of (?:it|something))?{_WITH}", "let go of something with {hand}"),
    (rf"{_DO}heart(?: sign)?(?: with (?:both|your|the) hands)?",
     "make a heart with both hands"),
    (rf"(?:fist bump|bump fists){_TIMES}", "bump the fists together{times}"),
    (rf"roll (?:your|the) (?:hands|fists){_TIMES}", "roll the hands around each other{times}"),
    (r"(?:(?:turn|face|roll) )?(?:your |both |the )?palms? (?:facing )?up(?:wards?)?",
     "turn both hands palm up"),
    (r"(?:(?:turn|face|roll) )?(?:your |both |the )?palms? (?:facing )?down(?:wards?)?",
     "turn both hands palm down"),
    (r"(?P<side>left|right) palm (?P<way>up|down)", "turn the {side} hand palm {way}"),
    (r"(?:put (?:your|both) )?hands up", "move both hands up"),
    (r"(?:put (?:your|both) )?hands down", "move both hands down"),
    (rf"(?:snip|scissors){_WITH}{_TIMES}", "make scissors with {hand}{times}"),
)  # fmt: skip
"""(pattern, the same in the vocabulary's words); a hand not named means both."""


def spelled_out(clause: str) -> str | None:
    """An idiom in the vocabulary's words; None if the clause is none.

    Args:
        clause: As `compiled.read_clause` takes it.
    """
    for pattern, words in _compiled():
        if found := pattern.fullmatch(clause):
            named = {k: v for k, v in found.groupdict().items() if v}
            given = {"hand": "both hands", "times": "", "number": "", **named}
            return words.format_map(given)
    return None


@cache
def _compiled() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern), words) for pattern, words in IDIOMS)
