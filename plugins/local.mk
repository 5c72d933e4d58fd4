# What plugins builds and installs.
