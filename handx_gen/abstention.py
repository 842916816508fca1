"""How sure a network is that it knows a request: the number behind "can't tell".

Two things are looked at. How near is the sentence to the sentences that the network was
taught (cosine of mean token states)? And do several draws agree on what happens? A
logistic fit of both, calibrated on requests inside and outside the vocabulary, gives the
chance that the request is one that the network knows.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from handx_gen import npz
from handx_gen.errors import InputError
from handx_gen.kinematics.events import read_events
from handx_gen.motion import BimanualMotion
from handx_gen.text.encoder import TextEncoder

FILE = "abstention.npz"
SCHEMA_VERSION = 1
DRAWS = 4
"""Motions that are compared with one another."""


def pooled(encoder: TextEncoder, texts: Sequence[str]) -> np.ndarray:
    """Mean token states of texts, unit length, (N, D) float32."""
    means = np.stack([states.mean(0) for states in encoder.tokens(list(texts))])
    return means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-9)


def agreement(motions: Sequence[BimanualMotion]) -> float:
    """How alike the events of several motions are, 0 to 1: mean F1 over their pairs.

    Raises:
        ValueError: Fewer than two motions.
    """
    if len(motions) < 2:
        raise ValueError("agreement needs two motions")
    bags = [
        Counter(
            (e.kind, e.hand, e.fingers, e.other_fingers, e.direction)
            for e in read_events(motion)
        )
        for motion in motions
    ]
    shared = []
    for i, a in enumerate(bags):
        for b in bags[i + 1 :]:
            total = a.total() + b.total()
            shared.append(2 * (a & b).total() / total if total else 1.0)
    return float(np.mean(shared))


@dataclass(frozen=True, eq=False)
class Abstention:
    """What is compared with, and how the two measures are weighed.

    Attributes:
        reference: (N, D) pooled states of taught sentences, unit length.
        weights: (3,) of 1, likeness and agreement: the log-odds of "known".
    """

    reference: np.ndarray
    weights: np.ndarray

    def likeness(self, encoder: TextEncoder, texts: Sequence[str]) -> np.ndarray:
        """Cosine to the nearest taught sentence, (N,)."""
        return (pooled(encoder, texts) @ self.reference.T).max(1)

    def known(self, likeness: float, agreed: float) -> float:
        """Chance that a request is one that the network knows."""
        log_odds = float(self.weights @ np.array([1.0, likeness, agreed]))
        return float(1 / (1 + np.exp(-np.clip(log_odds, -30, 30))))

    def save(self, folder: Path) -> Path:
        """Write `abstention.npz` beside the network's weights."""
        arrays = {
            "reference": self.reference.astype(np.float16), "weights": self.weights,
        }  # fmt: skip
        return npz.save(folder / FILE, SCHEMA_VERSION, arrays)

    @classmethod
    def load(cls, folder: Path) -> "Abstention | None":
        """What lies beside a network's weights; None if nothing does.

        Raises:
            InputError: The file is damaged.
        """
        path = folder / FILE
        if not path.exists():
            return None
        reader = npz.Reader(path, "abstention", SCHEMA_VERSION)
        reference = reader.array("reference", 2).astype(np.float32)
        weights = reader.array("weights", 1).astype(float)
        if weights.shape != (3,) or not np.isfinite(weights).all():
            raise InputError(path, "weights", f"{weights}", "calibrate it again")
        return cls(reference, weights)
