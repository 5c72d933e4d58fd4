# The feed room: libraries and tests.
