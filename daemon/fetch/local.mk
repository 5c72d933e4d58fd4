# The fetch room: libraries and tests.
