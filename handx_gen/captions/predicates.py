# ruff: noqa: E501  # tables of patterns read better unbroken
"""The verbs and phrases by which captions say that something happened."""

import re

PREDICATES = (
    ("clap", r"\bclap(s|ping|ped)?\b|\bapplaud\w*"),
    ("interlace", r"\binterlac\w+|\binterlock\w+|\binterwin\w+|\bslip between\b|\blace[sd]?\b"),
    ("slide", r"\brub(s|bing|bed)?\b|\bslid(es?|ing) (along|over|on|against|across)\b|\bstrok(es?|ing)\b"),
    ("apart", r"\b(stays?|remains?|keeps?|kept|staying|remaining) (apart|separated?|clear)\b"
              r"|\bkeeps? (their|its|a) distance\b"),
    ("gesture", r"\bgesture_up\b|\bv[- ]sign\b|\bhorns\b|\bpoint(s|ing)\b|\bfist\b|\bclench\w*\b"
                r"|\bballs up\b"),
    ("straight", r"\b(stays?|remains?|kept|keeps?|held|staying) (out\b|straight|extended|up\b)"),
    ("still", r"\bstill\b|\bat rest\b|\brest(s|ing)\b(?! (on|against|upon|lightly|flat))|\bidle\b|\bmotionless\b|\bunmoving\b|\bstationary\b"
              r"|\bstays? (put|where|as)\b|\b(no|without|any) (movement|motion)\b"
              r"|\bdo(es)? nothing\b|\bdo(es)? not move\b|\bdoesn't move\b|\bunmoved\b"),
    ("release", r"\breleas(e|es|ed|ing)\b|\bwithdraw(s|n)\b|\b(comes?|lifts?|taken) off\b"),
    ("circle", r"\bcircles?\b|\bcircular\b|\bgo(es)? (a)?round\b"),
    ("pinch", r"\bpinch(es|ing|ed)?\b"),
    ("contact", r"\btouch(es|ed|ing)?\b|\btap(s|ped|ping)?\b|\bmeets?\b|\bmet\b|\bmeeting\b"
                r"|\bcontacts?\b|\bpok(es?|ed|ing)\b|\bpress(es|ed|ing)?\b|\blaid against\b"
                r"|\bleans? against\b|\bhit(s|ting)?\b|\bslap(s|ped|ping)?\b|\bgoes to\b|\bruns over\b"
                r"|\bpalm to palm\b|\bthumb to (?=(the )?(index|middle|ring|pinky))"
                r"|\brests? (lightly |flat )?(on|against|upon)\b|\bkiss\w*|\bprods?\b|\bgrip(s|ped)?\b|\bjoins?\b(?! (it|in|them)\b)|\bjoined\b"
                r"|\b(placed|put|laid|set|held) (to|on|onto|against|upon)\b(?! the (very )?(end|last|finish))|\bstruck\b|\bstrikes?\b"
                r"|\bbumps?\b|\bknocks?\b|\bbrush(es|ed)?\b|\bgraz(es|ed)\b|\bpalm (on|against) palm\b"
                r"|(?:(?<=index )|(?<=middle )|(?<=ring )|(?<=pinky )|(?<=thumb ))(in|on|against|into|onto) (the |its )?(left |right |other )?palm\b"
                r"|\bcounts off\b|\bclasp(s|ed)?\b|\breach(es)? (?=(the )?(index|middle|ring|pinky))"),
    ("turn", r"\bpalm\b[^,;]*\b(up(wards?)?|down(wards?)?|floor|ceiling)\b"
             r"|\bwrist\b[^,;]*\b(flex\w*|extend\w*|bend\w*|cock\w*|tilt\w*)\b"
             r"|\b(hand|wrist)\b[^,;]*\b(tips?|cocked|tilts?)\b"
             r"|\b(flex(es)?|bends?|extends?|cocks?) (the )?(left |right )?wrist\b"),
    ("roll", r"(?<!in )\bturns?\b|\bturned\b|\brotat(es|ed|ing)\b|\brolls?\b"),
    ("gather", r"\bcomes? (closer|together|near)\b|\bapproach(es|ing)?\b|\bgets? smaller\b"
               r"|\bshrinks?\b|\bbrought together\b|\bdraws? near\b|\b(moves?|comes?|heads?|drifts?|travels?) towards? (each other|one another)\b|\bmeet again\b"),
    ("part", r"\b(moves?|draws?|pull(s|ed)?|moving) apart\b|(?<!take )(?<!takes )(?<!taking )(?<!no )(?<!in )\bparts?\b(?! of)|\bseparates?\b"
             r"|\bwidens?\b|\bgrows\b"),
    ("spread", r"\bspread(s|ing)?\b|\bfan(s|ning|ned)? out\b|\bsplay\w*|\bfan(s)?\b"
               r"|\bmoves? (away|apart) from each other\b|\bopen(s)? wide\b"),
    ("close", r"\bside by side again\b|\bcomes? side by side\b|\bgaps between the fingers close\b"
              r"|\bfingers\b[^,;]*\bbrought together\b"),
    ("move", r"\bgoing_(left|right)\b|\b(moves?|moved|travels?|shifts?|goes|rais(es|ed)|ris(es|ing)"
             r"|lifts?|lifted|lowers?|lowered|sinks?|descends?|pushed|drifts?|slides?|swings?|carried)\b"
             r"[^,;]*\b(up(wards?)?|down(wards?)?|forwards?|front|back(wards?)?|inwards?|outwards?)\b"
             r"|\braised\b|\brises?\b|\blowers\b|\bsinks?\b|\bdescends?\b|\blowered\b|\blift(s|ed)\b"
             r"|\badvances?\b|\bdrops?\b|\bascends?\b|\bclimbs?\b"),
    ("lead", r"(?:(?<=index )|(?<=middle )|(?<=ring )|(?<=pinky )|(?<=thumb ))(leads\b|reaches (for|towards?) the other)"),
    ("count", r"\bcounts? (to|up|from)\b"),
    ("hyperextend", r"\bhyper-?extend\w*\b"),
    ("extend", r"\breturns? to (a |an )?(straight|extended)\b|\bstraighten(s|ed|ing)?\b|\bextend(s|ing)?\b|\bstretch(es|ed|ing)?\b|\bopens\b"
               r"|\bunfold(s|ed|ing)?\b|\buncurl(s|ed|ing)?\b|\bunbends?\b"),
    ("bend", r"\bbends?\b|\bbending\b|\bbent\b|\bcurl(s|ed|ing)?\b|\bfold(s|ed|ing)?\b|\bflex(es|ed|ing)?\b"
             r"|\bcloses?\b|\bclosing\b|\bflexion\b|\bcrook(s|ed)?\b|\bdrawn towards\b"),
    ("out", r"\bextended\b|\bheld out\b|(?:(?<=index )|(?<=middle )|(?<=ring )|(?<=pinky )|(?<=thumb ))out\b"),
)  # fmt: skip
SPLIT = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in PREDICATES))
"""Any predicate, as a named group. Of two that begin at the same word the first wins."""


def predicates(text: str) -> list[tuple[str, re.Match[str]]]:
    """All predicates of a text, with their names."""
    found = []
    for match in SPLIT.finditer(text):
        name = next(n for n, _ in PREDICATES if match.group(n) is not None)
        found.append((name, match))
    return found
