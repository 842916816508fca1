"""Controller parameters of a robot, made from its folder of data."""
