# The notice room: libraries and tests.
