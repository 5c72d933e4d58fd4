# The roles and the programs.
