# The engine room: libraries and tests.
