"""The paper's segmentation transcribed frame by frame, the reference of the fast one."""

import numpy as np


def state(value, bins):
    """The bin of a value by comparison, or None where there are no bins."""
    if not bins.states:
        return None
    for edge, name in zip(bins.edges, bins.states):
        if value < edge:
            return name
    return bins.states[-1]


def direct_changes(values, fps, bins):
    """(start, stop, begin, end, speed, rising) of every change, by the rule's letter."""
    frames = len(values)
    velocity = [0.0] + [(values[t] - values[t - 1]) * fps for t in range(1, frames)]
    found = []
    i = 0
    while i < frames:
        taken = False
        for j in range(frames, i, -1):
            if j - i < bins.least:
                break
            if abs(values[j - 1] - values[i]) < bins.change:
                continue
            piece = np.array(velocity[i:j])
            rising, falling = (piece >= 0).mean(), (piece <= 0).mean()
            if rising < 0.8 and falling < 0.8:
                continue
            begin, end = state(values[i], bins), state(values[j - 1], bins)
            if bins.between_states and begin == end:
                continue
            mean = np.abs(piece).mean()
            slow, fast = bins.speeds
            speed = "slow" if mean < slow else "medium" if mean < fast else "fast"
            rising = bool(values[j - 1] > values[i])
            found.append((i, j, begin or "", end or "", speed, rising))
            i, taken = j, True
            break
        if not taken:
            i += 1
    return found
