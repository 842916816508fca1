"""What a player may do when: a table, without clock, threads or messages.

See docs/streaming.md for the drawing.
"""

from enum import Enum

from handx.streaming.errors import StreamError


class State(Enum):
    """Where a player stands."""

    DISARMED = "disarmed"
    """Nothing is sent. The controllers keep what they hold."""
    READY = "ready"
    """Armed and at rest; nothing is sent until `play`."""
    APPROACH = "approach"
    """The hands are led from where they are to where the path goes on."""
    PLAYING = "playing"
    """The path is played."""
    PAUSED = "paused"
    """Braked on the path, ready to go on from there."""
    HOLD = "hold"
    """Stopped by a fault or on request; nothing moves until `arm`."""
    ESTOP = "estop"
    """Emergency stop, latched until `reset_estop`."""


class Event(Enum):
    """What can happen to a player."""

    ARM = "arm"
    PLAY = "play"
    ARRIVED = "arrive"
    PAUSE = "pause"
    RESUME = "resume"
    END = "end"
    HOLD = "hold"
    DISABLE = "disable"
    ESTOP = "stop"
    RESET = "reset the emergency stop"


MOVING = (State.APPROACH, State.PLAYING, State.PAUSED)
"""States in which messages leave and feedback is watched."""

_ARMED = (State.READY, *MOVING)

TRANSITIONS: dict[tuple[State, Event], State] = {
    (State.DISARMED, Event.ARM): State.READY,
    (State.READY, Event.ARM): State.READY,
    (State.HOLD, Event.ARM): State.READY,
    (State.READY, Event.PLAY): State.APPROACH,
    (State.APPROACH, Event.ARRIVED): State.PLAYING,
    (State.PLAYING, Event.PAUSE): State.PAUSED,
    (State.PAUSED, Event.RESUME): State.PLAYING,
    # During the approach there is no path to pause on.
    (State.APPROACH, Event.PAUSE): State.HOLD,
    (State.PLAYING, Event.END): State.READY,
    **{(state, Event.HOLD): State.HOLD for state in (*_ARMED, State.HOLD)},
    **{(state, Event.DISABLE): State.DISARMED
       for state in (*_ARMED, State.HOLD, State.DISARMED)},
    **{(state, Event.ESTOP): State.ESTOP for state in State},
    (State.ESTOP, Event.RESET): State.DISARMED,
}  # fmt: skip


def after(state: State, event: Event) -> State:
    """The state that an event leads to.

    Raises:
        StreamError: The event has no place in this state.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        allowed = sorted(e.value for s, e in TRANSITIONS if s == state)
        raise StreamError(
            f"cannot {event.value} while {state.value}. Fix: {' or '.join(allowed)} first"
        ) from None
