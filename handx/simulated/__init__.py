"""`handx simulate`: the robot's hands in MuJoCo, in real time, in a process of its own.

Whoever drives them (a ROS node, a test) sends joint commands over a local socket and gets
measured joint states back, and needs no MuJoCo for it.
"""
