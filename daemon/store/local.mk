# The store room: libraries and tests.
