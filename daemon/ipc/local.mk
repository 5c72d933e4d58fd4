# The ipc room.
noinst_HEADERS += %D%/msg.h
