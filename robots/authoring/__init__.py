"""How the shipped URDFs were written: tables of facts → URDF text.

`python -m robots.authoring shadow` writes `robots/shadow/{left,right}.urdf` from the
table in `robots.authoring.shadow` (joints, masses) and the capsules of `hand.toml`. A
robot of your own needs none of this: give it the vendor's URDF.
"""
