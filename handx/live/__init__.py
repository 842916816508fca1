"""`handx live`: words while the hands move.

    worker process:  words ─► MotionStream ─► OnlineRetargeter (─► OnlineArms) ─► LookAhead
                     ─► chunks
    this process:    chunks ─► MotionPath ─► Player (guard) ─► controllers

Chunks are a tenth of a second of joint knots. One that physics does not let through is
never sent: the player slows down and stands at the end of what it has. The worker draws no
further ahead than it is told to, and if it dies the player holds.
"""
