# The console room: the control socket, health and metrics.
noinst_LIBRARIES += libtosd_console.a
libtosd_console_a_SOURCES = \
	%D%/control.c %D%/control.h \
	%D%/health.c %D%/health.h
