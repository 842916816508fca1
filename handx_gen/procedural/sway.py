"""The small sway of a living body, for synthetic clips.

Nobody holds both arms perfectly still. Both hands drift together, by tenths of a
millimetre, slower than trembling: what they do to each other stays exact.
"""

from dataclasses import replace

import numpy as np

from handx_gen.motion import BimanualMotion

RMS = (0.0002, 0.0006)
"""Root mean square of the drift [m]."""
RATES = np.array([0.4, 0.8, 1.3, 2.1])
"""Its frequencies [Hz]; amplitudes fall with the frequency."""


def swayed(motion: BimanualMotion, rng: np.random.Generator) -> BimanualMotion:
    """The motion with a drift that both hands share.

    Args:
        motion: Any motion.
        rng: Decides size, directions and phases.
    """
    time = np.arange(len(motion)) / motion.fps
    phases = rng.uniform(0, 2 * np.pi, (len(RATES), 3))
    axes = rng.standard_normal((len(RATES), 3)) / RATES[:, None]
    waves = np.sin(2 * np.pi * RATES * time[:, None])[..., None] * np.cos(phases)
    waves += np.cos(2 * np.pi * RATES * time[:, None])[..., None] * np.sin(phases)
    drift = (waves * axes).sum(1)  # (T, 3)
    size = np.sqrt((drift**2).sum(1).mean())
    drift *= rng.uniform(*RMS) / max(float(size), 1e-9)
    return replace(
        motion, joints=motion.joints + drift[:, None, None].astype(np.float32)
    )
