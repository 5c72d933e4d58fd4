# The tosctl room: libraries and tests.
