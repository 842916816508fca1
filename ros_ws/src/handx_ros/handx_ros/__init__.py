"""Nodes of HandX: `generator`, `streamer` and `simulated_hand`.

What they decide stands in modules without ROS; the nodes connect it to topics, services
and actions. All of it needs numpy, the standard library and messages, nothing heavier.
"""
