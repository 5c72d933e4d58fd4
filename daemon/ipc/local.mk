# The ipc room: libraries and tests.
