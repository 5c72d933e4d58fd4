# The evidence room: libraries and tests.
