# The conf room.
noinst_HEADERS += %D%/conf.h
