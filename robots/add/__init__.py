"""A vendor's URDF → a robot folder: what is palm, finger, thumb, tip, and how big.

`read_tree` (foreign XML, bounded) → `find_anatomy` (palm, fingers, side) → `measure_hand`
(hand frame, tips, capsules, rest pose) → `write_folder`. numpy alone.
"""
