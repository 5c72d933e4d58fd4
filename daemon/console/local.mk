# The console room: libraries and tests.
