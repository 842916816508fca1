"""URDF of both hands of a robot, made from its folder of data."""
