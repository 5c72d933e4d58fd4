# The store room.
noinst_HEADERS += %D%/store.h
