"""`TextStates` and the encoders that make them.

A prompt's four branches (sentence, left, right, relation) are encoded separately, each
distinct text once, and the token states are kept: pooled sentence vectors cannot tell
"left index" from "right index" (their cosine is 0.99), token states can.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from handx_gen.errors import InputError, MissingExtra
from handx_gen.prompt import Prompt
from handx_gen.text.files import MissingEncoder, minilm_folder

BRANCHES = ("sentence", "left", "right", "relation")
"""Branch names; a token's branch number is the index."""

MAX_TOKENS = 128
"""Longest text of one branch, in tokens. A longer one is refused, never cut."""


@dataclass(frozen=True, eq=False)
class TextStates:
    """Token states of a batch of prompts, the branches one after another.

    Attributes:
        states: (B, L, D) float32, zeros at padding.
        mask: (B, L) bool, true at real tokens.
        branch: (B, L) int64, index into `BRANCHES`.
    """

    states: np.ndarray
    mask: np.ndarray
    branch: np.ndarray

    def __len__(self) -> int:
        return len(self.states)

    @classmethod
    def join(cls, prompts: Sequence[Sequence[tuple[int, np.ndarray]]]) -> "TextStates":
        """Pad prompts, each a sequence of (branch number, (L, D) states), to a batch."""
        length = max((sum(len(s) for _, s in p) for p in prompts), default=0) or 1
        width = next((s.shape[1] for p in prompts for _, s in p), 1)
        states = np.zeros((len(prompts), length, width), np.float32)
        mask = np.zeros((len(prompts), length), bool)
        branch = np.zeros((len(prompts), length), np.int64)
        for row, prompt in enumerate(prompts):
            start = 0
            for number, tokens in prompt:
                stop = start + len(tokens)
                states[row, start:stop] = tokens
                mask[row, start:stop] = True
                branch[row, start:stop] = number
                start = stop
        return cls(states, mask, branch)


class TextEncoder(Protocol):
    """Anything that turns texts into token states."""

    name: str
    """What the checkpoint's config calls it."""
    width: int
    """Channels of a token state."""

    def tokens(self, texts: Sequence[str]) -> list[np.ndarray]:
        """Token states (L_i, width) float32 of each text."""
        ...


def encode_prompts(encoder: TextEncoder, prompts: Iterable[Prompt]) -> TextStates:
    """Encode prompts branch by branch; an empty branch has no tokens."""
    rows = [
        [(n, getattr(p, b)) for n, b in enumerate(BRANCHES) if getattr(p, b)]
        for p in prompts
    ]
    distinct = sorted({text for row in rows for _, text in row})
    table = dict(zip(distinct, encoder.tokens(distinct)))
    return TextStates.join([[(n, table[text]) for n, text in row] for row in rows])


def refuse_long(text: str, length: int, limit: int = MAX_TOKENS) -> None:
    """Raise for a text of more than `limit` tokens.

    Raises:
        InputError: It is longer.
    """
    if length > limit:
        raise InputError(
            "prompt", "text", f"{length} tokens, at most {limit}: {text[:40]!r}…",
            "say it in fewer words or split it into segments",
        )  # fmt: skip


class TransformerEncoder:
    """A frozen encoder read from local files by transformers.

    Args:
        folder: Holds config.json, tokenizer files and model.safetensors; or a hub id
            whose files are in the local cache. Nothing is downloaded.
        name: What checkpoints call this encoder.
        device: Torch device.

    Raises:
        MissingExtra: transformers or torch is not installed.
        MissingEncoder: The folder holds no model.
    """

    def __init__(self, folder: str | Path, name: str, device: str = "cpu") -> None:
        try:
            import torch
            from transformers import (
                AutoConfig,
                AutoModel,
                AutoTokenizer,
                T5EncoderModel,
            )
            from transformers.utils import logging
        except ImportError as error:
            raise MissingExtra("the text encoder", "gen", str(error.name)) from error
        logging.disable_progress_bar()
        options: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
        try:
            config = AutoConfig.from_pretrained(str(folder), **options)
            kind = T5EncoderModel if config.model_type in ("t5", "mt5") else AutoModel
            self._tokenizer = AutoTokenizer.from_pretrained(str(folder), **options)
            model = kind.from_pretrained(
                str(folder), use_safetensors=True, dtype=torch.float32, **options
            )
        except OSError as error:
            raise MissingEncoder(str(folder)) from error
        self._model = model.eval().requires_grad_(False).to(device)
        self._device = device
        self.name = name
        self.width = int(config.hidden_size)
        self._cache: dict[str, np.ndarray] = {}

    def tokens(self, texts: Sequence[str]) -> list[np.ndarray]:
        """Token states of each text; a text seen before is not encoded again."""
        new = [t for t in dict.fromkeys(texts) if t not in self._cache]
        for start in range(0, len(new), 64):
            batch = new[start : start + 64]
            for text, states in zip(batch, self.encode(batch)):
                self._cache[text] = states
        return [self._cache[text] for text in texts]

    def encode(self, texts: Sequence[str]) -> list[np.ndarray]:
        """Token states of each text in one forward pass, without the cache."""
        import torch

        coded = self._tokenizer(list(texts), return_tensors="pt", padding=True)
        lengths = coded["attention_mask"].sum(1).tolist()
        for text, length in zip(texts, lengths):
            refuse_long(text, length)
        with torch.inference_mode():
            states = self._model(**coded.to(self._device)).last_hidden_state
        states = states.float().cpu().numpy()
        return [row[:length] for row, length in zip(states, lengths)]


class HashedEncoder:
    """A fixed random vector per word: no weights, no download, for tests.

    The vector is drawn with a generator seeded by the word's sha256, so it is the same on
    every machine. It knows nothing about the likeness of words.
    """

    def __init__(self, width: int = 32) -> None:
        self.name = f"hashed-{width}"
        self.width = width

    def tokens(self, texts: Sequence[str]) -> list[np.ndarray]:
        """One state per word."""
        result = []
        for text in texts:
            words = text.lower().split()
            refuse_long(text, len(words))
            result.append(np.stack([self._word(word) for word in words]))
        return result

    def _word(self, word: str) -> np.ndarray:
        seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "little")
        draw = np.random.default_rng(seed).standard_normal(self.width)
        return draw.astype(np.float32)


def load_encoder(name: str = "minilm", device: str = "cpu") -> TextEncoder:
    """An encoder by name.

    Args:
        name: "minilm"; "hashed-<width>"; or a folder, or the hub id of a model that is
            in the local hub cache, with a T5 or BERT-like encoder.
        device: Torch device.

    Raises:
        MissingEncoder: Its files are not on this machine.
        MissingExtra: transformers or torch is not installed.
    """
    if name.startswith("hashed-") and name[7:].isdigit():
        return HashedEncoder(int(name[7:]))
    if name == "minilm":
        return TransformerEncoder(minilm_folder(), "minilm", device)
    return TransformerEncoder(name, name, device)
