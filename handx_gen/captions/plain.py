# ruff: noqa: E501  # tables of patterns read better unbroken
"""Captions put into plain words, so that one reader serves many ways of writing.

Verbs become one verb per action in their own inflection ("jabbing" → "poking"), fingers
one name each ("fourth digit" → "ring"), anatomical terms what they say ("supination" →
"palm rotates up"). Words that are not known stay as they are.
"""

import functools
import re
from collections.abc import Iterator

_VERBS = {
    "bend": "hook furl coil crook crumple tuck hunch",
    "straighten": "unroll unfurl uncoil unflex unbend",
    "poke": "jab stab nudge prod",
    "touch": "dab nip bump kiss graze pat peck contact abut bop tag buff visit greet "
             "encounter tickle tip-tap oppose bonk nuzzle",
    "clap": "applaud",
    "slap": "smack whack swat thwack high-five",
    "hit": "strike collide",
    "interlace": "interlock intertwine interweave interdigitate entwine mesh interleave "
                 "knit weave",
    "rub": "chafe scrub grind",
    "spread": "splay fan",
    "rotate": "twist swivel pivot flip revolve",
    "raise": "elevate hoist heighten uplift",
    "lower": "descend plunge sink",
    "press": "squash",
}  # fmt: skip
_DOUBLED = ("jab", "stab", "dab", "nip", "pat", "tag", "bop", "swat", "prod", "knit",
            "flip", "fan", "hit", "rub", "clap", "slap", "tap", "sit", "tip-tap")  # fmt: skip
_PAST = {"strike": "struck", "sink": "sunk", "weave": "woven", "interweave": "interwoven",
         "bend": "bent", "spread": "spread", "hit": "hit"}  # fmt: skip


def inflections(verb: str) -> Iterator[str]:
    """Base form, third person, past participle and present participle."""
    stem = verb + verb[-1] if verb in _DOUBLED else verb.removesuffix("e")
    yield verb
    yield verb + ("es" if verb.endswith(("s", "sh", "ch", "x")) else "s")
    yield _PAST.get(verb, f"{stem}ed")
    yield f"{stem}ing"


_ONE_VERB = {
    form: plain
    for verb, others in _VERBS.items()
    for other in others.split()
    for form, plain in zip(inflections(other), inflections(verb))
}
_WORD = re.compile(rf"\b({'|'.join(sorted(_ONE_VERB, key=len, reverse=True))})\b")

_NUMBERED = (("thumb", "first|1st|one|i"), ("index", "second|2nd|two|ii"),
             ("middle", "third|3rd|three|iii"), ("ring", "fourth|4th|four|iv"),
             ("pinky", "fifth|5th|five|v"))  # fmt: skip
_LONG = r"(?:index|middle|ring|pinky)"
_FINGER = r"(?:thumb|index|middle|ring|pinky)"
_FINGERS_LISTED = (
    rf"{_FINGER}(?:,? (?:the )?{_FINGER})*(?:,? (?:and|or) (?:the |its )?{_FINGER})?"
)
_MANY = r"(?:fingers|digits|fingertips)"
_DIGITS = re.compile(r"\bdigits? ((?:\w+(?:,| and| to| through|,? then| or)? ?)+)")


def _digits(match: re.Match[str]) -> str:
    """Numbers to names: digits two to five are index, middle, ring and pinky."""
    words = re.findall(r"\w+|,", match.group(1))
    numbers = {w: k for k, (_, names) in enumerate(_NUMBERED) for w in names.split("|")}
    named: list[int] = []
    used = 0
    for n, word in enumerate(words):
        if word in numbers:
            if named and {"to", "through"} & set(words[max(0, n - 2) : n]):
                step = 1 if numbers[word] > named[-1] else -1
                named += range(named[-1] + step, numbers[word] + step, step)
            else:
                named.append(numbers[word])
            used = n + 1
        elif word not in ("and", "to", "through", ",", "then", "or", "digit", "the"):
            break
    if not named:
        return match.group(0)
    names = [_NUMBERED[k][0] for k in named]
    text = " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
    rest = " ".join(words[used:])
    return f"{text} {rest} "


_RULES = tuple(
    (re.compile(pattern), word)
    for pattern, word in (
        (r"[’`]", "'"),
        (r"\bafter (?:it|this|them)\b", "then"),
        (r"\bturn(s|ed|ing)? into\b", "becomes"),
        (r"\b(palm|thumb|fingers|fingertips|wrist)((?: is| are| stays)?) point(?:s|ing)\b", r"\1\2 facing"),
        (r"\b(fingers|digits) (?:are |is )?(?:clos(?:e|ed|ing)|shut) (?:up|together)\b", "fingers brought together"),
        (r"(?<=\w)-(to|on|against|into|in)-(?=\w)", r" \1 "),
        (r"\b(little|small|baby)-finger\b", r"\1 finger"),
        (r"\b(?:touch|contact)-free\b", "without contact"),
        (r"\b(contact): ", r"\1 of "),
        (r"\bseparation\b", "moves apart"),
        (r"\bends up\b", "ends"),
        (r"\bboth (?=(?:the |its )?(?:index|middle|ring|little|thumb|forefinger|pinky)\b[^,.;]* and )", ""),
        (r"\s*[–—]\s*", " – "),
        (r"\b(with|and|its|the|their) (\w+) left (?=(extended|straight|standing|free|out|alone|"
         r"up|sticking|open|where|as)\b)", r"\1 \2 kept "),
        (r"\bleft (?=(extended|straight|standing|free|alone|sticking|unbent)\b)", "kept "),
        (r"\b(?:the )?(?:two middle (?:digits|ones)|(?:two )?(?:central|inner) (?:digits|ones|fingers)"
         r"|(?:middle|central|inner) two(?: digits| ones| fingers)?)\b", "fingers"),
        (r"\b(little|small|baby|smallest|outermost) (fingers?|digits?)( ?tips?)?", "pinky"),
        (r"\bpinkies\b", "pinky"),
        (r"\b(forefingers?|pointer( fingers?)?|first fingers?|pointing fingers?)( ?tips?)?", "index"),
        (r"\b(long|longest|tall) finger\b", "middle"),
        (r"\bpollex\b|\bthumbs\b|\bhallux\b", "thumb"),
        *((rf"\b(?:{names}) digits?\b", finger) for finger, names in _NUMBERED),
        *((rf"\b(?:{names.split('|')[0]}) finger\b", finger) for finger, names in _NUMBERED[3:]),
        (r"\beverything (?:but|except|save|bar|other than|apart from)(?: for)? ", "the other fingers, not "),
        (r"\ball (?:of )?(?:the |its )?(?:digits|fingers) (?:but|except|save|bar)(?: for)? ",
         "the other fingers, not "),
        (r"\b(?:every|each) (?:one )?(?:finger|digit|other finger) (?:but|except|save|bar|other than|"
         r"apart from)(?: for)? ", "the other fingers, not "),
        # Parts of a finger stand for the finger.
        (r"\b(?:tips?|pads?|pulps?|ends?|nails?) (?:and (?:pads?|tips?) )?of (?=(?:the |its |both |each |"
         r"either |your |my )*(?:left |right |two |opposite |other )*(?:thumb|index|middle|ring|pinky)\b)", ""),
        (r"\b(thumb|index|middle|ring|pinky)[- ]?(?:finger)?(?:'s)?[- ]?"
         r"(?:tips?|pads?|pulps?)\b", r"\1"),
        (r"\b(?:tip|pad|pulp)-to-(?:tip|pad|pulp)\b|\bpulps?\b|\bpads?\b(?= of)", ""),
        (r"\b(index|middle|ring|pinky)[- ](?:fingers?|digits?|ones?(?! (?:after|by|at)\b))('s)?\b", r"\1"),
        (r"\bmiddle of (?=(?:the |its )?(?:left |right |other )?(?:palm|hand)\b|it\b)", "centre of "),
        (r"\bmiddle joints?\b|\bknuckles?\b", "joint"),
        (r"\b(in|to|towards|at|near|by) the middle(?= of (the )?(clip|motion|sequence)|[,.;]|$"
         r"| (before|and then|as|while|for)\b)", "midway"),
        (r"\bfinger ?tips?\b(?= of the fingers)", "fingertips"),
        (r"\bfinger ?tips\b", "fingertips"),
        # Signs and poses.
        (r"\bthumbs?[- ]up\b(?! to\b)", "gesture_up"),
        (r"\b(peace|victory|rabbit[- ]ears?)( sign)?\b|\bv[- ]shape\b", "v-sign"),
        (r"\bok(ay)?[- ]?(like)?[- ]?(sign|ring|gesture|shape)\b|\bring (?=(from|of|between|with) )",
         "pinch "),
        (r"\brock(-and-roll| ?and ?roll| 'n' roll)?[- ](sign|salute|gesture)\b|\bdevil's horns?\b", "horns"),
        (r"\b(closed|tight) grip\b|\bpower[- ]grip\b|\bgrasping? pose\b", "fist"),
        (r"\bround of applause\b|\bapplause\b", "clap"),
        # Anatomy.
        (r"\bcircumduct(s|ion|ing|ed)?\b", "circles"),
        (r"\bpalmar[- ]flex(ion|es|ed|ing)?( of (the )?wrist| at the wrist)?", "wrist flexes"),
        (r"\b(dorsi-?flexion|dorsal extension)( of (the )?wrist| at the wrist)?\b|\bdorsi-?flex(es|ed|ing)\b",
         "wrist extends"),
        (r"\bpronat(es?|ion|ing|ed)\b", "rotates"), (r"\bsupinat(es?|ion|ing|ed)\b", "rotates"),
        (r"\bpalmar (surface|side|aspect|face) of\b", "palm of"),
        (r"\bpalmar\b|\bpalm-(?:to|on)-palm\b", "palm to palm"),
        (r"\b(thumb) ?(?:–|-|/|to|and) ?((?:index|middle|ring|pinky)),? opposition\b", r"\1 touches \2"),
        (r"\bopposition (?:of|between) (?=.*thumb)|\b(brought|bringing|comes?) (?:in)?to opposition\b",
         "pinch "),
        (r"\bopposition\b", "pinch"),
        (r"\b(fingers|digits)\b ?(?:are |being )?abduct(?:ed|ing|ion)?\b"
         r"|\babduct(?:ion|s|ing) (?:of )?(?:all |its |the )*(?:\w+ )?(fingers|digits)\b", "fingers spread"),
        (r"\b(fingers|digits)\b ?(?:are |being )?adduct(?:ed|ing|ion)?\b"
         r"|\badduct(?:ion|s|ing) (?:of )?(?:all |its |the )*(?:\w+ )?(fingers|digits)\b",
         "fingers brought together"),
        (r"\binterdigitation\b", "interlacing"),
        (r"\b(flexion|extension|bending|straightening) (?:is |was )?(?:seen |observed |of )*(?:in )?", r"\1 of "),
        (r"\bextension\b", "extending"),
        # Idioms: fingers.
        (rf"\b({_FINGER}|{_MANY}|one|they|them)((?: \w+)?) (?:dips?|ducks?|bows?|droops?|dives?|goes down|go down|"
         r"comes? down|hides?|folds? down|moves? down|is lowered|are lowered)\b", r"\1\2 bends"),
        (rf"\b({_LONG}|{_MANY}|it|they)((?: \w+)?) (?:pops? (?:back )?up|comes? (?:back )?(?:up|out)(?: again)?|"
         r"springs? (?:back|free|up|out|open)|sticks? up|is raised|stands? up again|unwinds?)\b",
         r"\1\2 straightens"),
        (r"\b(rolls?|rolled|rolling) (?:in(?:to the palm)?|up|shut|closed|tight)\b", "bends"),
        (r"\b(?:roll|curl|gather|ball|draw)(?:s|ing)? (?:(?:all|its|the|of) )*(?:fingers|digits) in(?:to)? a (?:tight )?(?:ball|fist)\b", "fist"),
        (r"\brolling (?:its|the) fingers (?:shut|up|in)\b|\bball(s|ed|ing)? up\b|\bballs? into a fist\b", "fist"),
        (r"\b(squeez(?:es?|ing)|pull(?:s|ing)?|tak(?:es?|ing)|snap(?:s|ping)?) (?:\w+ ){0,4}shut\b", "fist"),
        (r"\bsnapped shut\b|\bclam(s|ming)? up\b", "fist"),
        (r"\bgaps? (?:\w+ ){0,3}between (?:the |neighbouring |its |adjacent )*(?:fingers|digits) (?:open|widen|grow)\w*"
         r"|\b(?:spaces?|gaps?) open up between (?:the |its )?(?:fingers|digits)\b"
         r"|\b(?:spaces?|room) between (?:\w+ )?(?:fingers|digits) (?:widens?|grows?|opens?|increases?)\b",
         "fingers spread"),
        (r"\b(fingers|digits) (?:drift|move|go|are drawn|come|fall|slide|are moved|are pulled|pull) (?:apart|away from "
         r"(?:each other|one another))", r"\1 spread"),
        (r"\b(?:opens?|opening) (?:its |the |all )*(?:fingers|digits) (?:wide|apart)\b", "fingers spread"),
        (r"\bopens? (?=(?:with|by) )", "starts "),
        (r"\bparts? (?:all )?(?:of )?(?:its|the) fingers\b", "fingers spread"),
        (rf"(?:^|\b(?:with|and|while|leaving|leaves|leave|keeping|keeps|but|as)\b|,) ?(?:only |just )?(?:the |its |both )*"
         rf"({_FINGERS_LISTED}) (?:alone )?(?:is |are |being )?"
         r"(?:kept|remain(?:s|ing)?|stay(?:s|ing)?|keep(?:s|ing)?|held|stick(?:s|ing)?|pok(?:es?|ing)|stand(?:s|ing)?|jut(?:s|ting)?|"
         r"left)? ?(?:out|up|extended|straight|free|open|outstretched|alone|aloft|unbent|upright|tall|raised|proud)\b(?! of)",
         r" staying straight \1,"),
        (rf"\b(?:hold|stick|keep|put|point|stretch)(?:s|es|ing)? (?:out|up) (?:only )?(?:its|the) ({_FINGERS_LISTED})\b"
         rf"|\b(?:hold|stick|keep|leav)(?:s|e|es|ing)? (?:only )?(?:its|the) ({_FINGERS_LISTED}) (?:out|up|extended|straight)\b",
         r" staying straight \1\2"),
        (rf",?(?: and| with| but)? ?(?:the |its )?({_FINGER})s? (?:is |being |remains? |remaining |stays? )?(?:un\w+ed|exempt|"
         r"spared|passive|idle|not involved|where it (?:is|was))\b", " "),
        (rf"\b({_FINGERS_LISTED})((?: \w+)?) (?:\w+) (?:down )?(?:in|into|to|towards?|onto) (?:the|its) palm\b(?! of)",
         r"\1\2 bends"),
        (rf", (?:and )?(?:the |its )?({_FINGER}) (?:afterwards?|later|second|third|fourth|after that|subsequently|thereafter)\b",
         r", then the \1"),
        (rf"\bwith (?:only |just )?(?:the |its )({_FINGERS_LISTED}) (?:standing|raised|outstretched|aside|erect|clear)\b",
         r" staying straight \1"),
        (r",? with (?:all )?(?:the |its )[^,.;]*\b(?:(?:other|remaining) (?:fingers|digits|ones)|others|rest)\b[^,.;]*", " "),
        (rf"\b(?:the )?({_FINGER})(?:'s turn)? (?:comes? next|is next|follows(?: suit| after)?|comes? after|goes next)\b",
         r"then the \1"),
        (rf"\b({_FINGER}) (?:brings? up the rear|is (?:the )?last(?: one)?(?: to \w+)?|comes? last|goes last|ends the \w+)\b",
         r"\1 last"),
        (r"\b(?:outer|inner|last|first|lower|upper|remaining|other) (?:two|three|four)(?: fingers| digits| ones)?\b", "fingers"),
        # Idioms: hands.
        (r"\b(?:hand |it )?(?:drops|falls|dips|droops|bends|bows|nods|hinges|sags|bowing|nodding|dipping|dropping) "
         r"(?:at|from) (?:the|its) wrist\b|\bvolar flexion( of the wrist( joint)?)?", " wrist flexes"),
        (r"\badvanc(?:es?|ing) (?=(?:on|upon|towards?) )", "approaches "),
        (r"\b(?:draw|get|mov|com|edg|inch)(?:s|es|e|ing)? (?:near(?:er)?|closer)\b|\b(?:draws?|get|gets) together\b", "approaches"),
        (r"\b(clos(?:es?|ing|ed)|bridg(?:es?|ing)|narrow(?:s|ing)?) (?:the |their )?(?:distance|gap)\b", "approaches"),
        (r"\b(clos(?:es?|ing)|com(?:es?|ing)) in (?:on|upon) (?:each other|one another|the other)\b"
         r"|\b(converg(?:es?|ing)|near(?:s|ing)?) ?(each other|one another)?(?=[,.;]| and|$)", "approaches"),
        (r"\b(goes|go|going) (?:their|its) (?:own|separate) ways?\b|\b(back(?:s|ing)?|mov(?:es?|ing)|pull(?:s|ing)?|"
         r"draw(?:s|ing)?) (?:off|away)\b", "leaves"),
        (r"\b(are|is|was|were|stays?|remains?|keeps?|kept|held)( \w+)? (separate|apart|clear of|far from|away from|well away|"
         r"independent)\b", "stays apart"),
        (r"\b(?:lays?|laying|opens?|opening) (?:\w+ ){0,2}flat\b|\b(everything|hand|it) (?:then |later |also )?opens? (?:up|out)\b",
         r"straightens"),
        (r"\bturns? of (?=a |the )|\b(in|by) (its|their|his|her)? ?turns?\b(?! over)|\btak(?:es?|ing) turns\b"
         r"|\b(full|complete|whole) turns?\b", "in turn "),
        (r"\bround and round\b|\bround in a loop\b|\b(?:a |one |two |second |full |complete )+loops?\b", "circle"),
        # Sides as directions, or as nothing of the kind.
        (r"(?<!the )(?<!its )(?<!going_)\bright (?=(in|on|at|into|across|away|after|before|back|down|up|over|next)\b)", ""),
        (r"\bfrom the left(?= ?([.,;]|$|and\b|until|as\b|while|then))", "going_right"),
        (r"\bfrom the right(?= ?([.,;]|$|and\b|until|as\b|while|then))", "going_left"),
        (r"\b(to|towards|toward) (?:its |the )?(left|right)(?= ?([.,;]|$|and|until|as|while|then|by|"
         r"a |at |for |first|again|twice|in |before|after|over|with))", r"going_\2"),
        (r"\b(left|right)wards?\b", r"going_\1"),
        (r"\b(moves?|goes|shifts?|travels?|slides?|drifts?|swings?|moving) (left|right)\b", r"\1 going_\2"),
        (r"\b(?:except(?:ing)?|apart from|other than|besides|but for|save)(?: for)? (?:the |its )?(thumb|index|middle|ring|pinky)\b",
         r"staying straight \1,"),
        (r"\blittle (?=(?:and|or|to) (the )?(index|middle|ring|pinky)|$|[,.;])", "pinky "),
        (r"\b(?:moves? )?from (?:fully |partially |completely )?(?:extended|straight|open) to "
         r"(?:fully |partially |completely |a )?(?:bent|flexed|curled|closed|fist)\b", "bends"),
        (r"\b(?:moves? )?from (?:fully |partially |completely )?(?:bent|flexed|curled|closed) "
         r"to (?:fully |partially |completely )?(?:extended|straight|open)\b", "straightens"),
        (r"\b(extends?|extending) (?=towards? the (left|right|other))", "heads "),
        (r"\blet(s|ting)? go( of (it|them|the \w+))?\b", "released"),
        (r"\b(palm|hand) opposite\b", r"other \1"),
        (r"\b(opposite|facing|opposing) (?=(hand|palm|one|index|middle|ring|pinky|thumb|fingertips?)\b)", "other "),
        (r"\b(?:its|their|her|his) (?:twin|counterpart|match|partner|fellow|namesake|opposite number)\b", "partner"),
    )
)  # fmt: skip


_RANGE = re.compile(
    rf"\bfrom (?:the )?({_LONG}) (?:through |down |up |over |all the way |right )*to (?:the )?({_LONG})\b"
)


def _range(match: re.Match[str]) -> str:
    """From the index to the pinky: every finger between, in turn."""
    names = [name for name, _ in _NUMBERED]
    a, b = (names.index(name) for name in match.groups())
    if abs(a - b) < 2:
        return match.group(0)
    step = 1 if b > a else -1
    listed = ", ".join(names[k] for k in range(a, b + step, step))
    return f"in turn {listed}"


@functools.lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """Lower case, one verb per action, one name per finger, directions as `going_left`."""
    text = " ".join(text.lower().split())
    text = _DIGITS.sub(_digits, text)
    for pattern, word in _RULES:
        text = pattern.sub(word, text)
    text = _RANGE.sub(_range, text)
    text = _WORD.sub(lambda match: _ONE_VERB[match.group(1)], text)
    return " ".join(text.split())
