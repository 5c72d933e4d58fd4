# The cases room: libraries and tests.
