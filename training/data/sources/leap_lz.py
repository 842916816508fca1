"""LZ-string's base64 form, in which leapjs-playback stores recordings.

Lempel–Ziv–Welch over a stream of bits, the least significant of a code first and its
width growing with the dictionary. Codes 0 and 1 announce a new character of 8 or 16 bits
and 2 ends the text. (Format: pieroxy/lz-string.)
"""

import string

import numpy as np

MAX_CHARACTERS = 1 << 28
"""Of the text, and of the dictionary: the square of the input is possible."""

_LETTERS = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"
_NEW_8, _NEW_16, _END = 0, 1, 2


def decompress_base64(text: str) -> str:
    """The text that LZ-string's `compressToBase64` was given.

    Raises:
        ValueError: Not base64, damaged, cut short, or growing beyond all reason.
    """
    stream, count = _bits(text)
    at = 0

    def read(width: int) -> int:
        nonlocal at
        start, at = at, at + width
        if at > count:
            raise ValueError("truncated")
        window = int.from_bytes(stream[start >> 3 : (start >> 3) + 5], "little")
        return window >> (start & 7) & ((1 << width) - 1)

    first = read(2)
    if first == _END:
        return ""
    last = chr(read(8 if first == _NEW_8 else 16))
    phrases, out = ["", "", "", last], [last]
    room, width = 4, 3  # codes until the width grows
    written = held = 1
    while (code := read(width)) != _END:
        if code < _END:
            phrases.append(chr(read(8 if code == _NEW_8 else 16)))
            code = len(phrases) - 1
            room -= 1
            if not room:
                room, width = 1 << width, width + 1
        if code < len(phrases):
            phrase = phrases[code]
        elif code == len(phrases):
            phrase = last + last[0]
        else:
            raise ValueError(f"code {code} of {len(phrases)}")
        out.append(phrase)
        phrases.append(last + phrase[0])
        written += len(phrase)
        held += len(last) + 1
        if written > MAX_CHARACTERS or held > MAX_CHARACTERS:
            raise ValueError(f"more than {MAX_CHARACTERS} characters")
        last = phrase
        room -= 1
        if not room:
            room, width = 1 << width, width + 1
    return "".join(out)


def _bits(text: str) -> tuple[bytes, int]:
    """Base64 letters as a stream of bits, six per letter, and their number.

    Packed low bit first, so that a code is a plain integer at a bit offset.
    """
    try:
        letters = np.frombuffer("".join(text.split()).encode("ascii"), np.uint8)
    except UnicodeEncodeError:
        raise ValueError("not base64") from None
    value = np.full(256, 255, np.uint8)
    value[np.frombuffer(_LETTERS.encode(), np.uint8)] = np.arange(64)
    letters = letters[: len(letters) - int(np.sum(letters[-4:] == ord("=")))]
    six = value[letters]
    if not len(six) or (six == 255).any():
        raise ValueError("not base64")
    stream = np.unpackbits(six[:, None], axis=1)[:, 2:].ravel()
    return np.packbits(stream, bitorder="little").tobytes() + bytes(4), len(stream)
