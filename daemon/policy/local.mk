# The policy room: libraries and tests.
