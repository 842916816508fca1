"""English verbs in three forms, by rule: "clap", "claps", "clapping"."""

import re

_DOUBLED = re.compile(r"[^aeiou]*[aeiou][bdgklmnprt]")
"""One short syllable: its last letter is doubled before -ing."""


def third(verb: str) -> str:
    """Third person: "press" → "presses". Only the first word of a phrase changes."""
    word, _, rest = verb.partition(" ")
    if re.search(r"(?:s|x|z|ch|sh|o)$", word):
        word += "es"
    elif re.search(r"[^aeiou]y$", word):
        word = word[:-1] + "ies"
    else:
        word += "s"
    return f"{word} {rest}".rstrip()


def participle(verb: str) -> str:
    """Present participle: "clap" → "clapping". Only the first word of a phrase changes."""
    word, _, rest = verb.partition(" ")
    if word.endswith("ie"):
        word = word[:-2] + "y"
    elif word.endswith("e") and not word.endswith(("ee", "oe", "ye")):
        word = word[:-1]
    elif _DOUBLED.fullmatch(word):
        word += word[-1]
    return f"{word}ing {rest}".rstrip()
