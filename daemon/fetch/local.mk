# The fetch room: libraries and tests.
noinst_LIBRARIES += libtosd_fetch.a
libtosd_fetch_a_SOURCES = \
	%D%/schedule.c %D%/schedule.h
