# What tests builds and installs.
