"""The seeded generator of the demo county."""
