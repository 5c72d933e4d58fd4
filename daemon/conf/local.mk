# The conf room: libraries and tests.
