# The console room: the control socket, health and metrics.
noinst_LIBRARIES += libtosd_console.a
libtosd_console_a_SOURCES = \
	%D%/control.c %D%/control.h \
	%D%/health.c %D%/health.h

UNIT_TESTS += tests/test_control
tests_test_control_SOURCES = tests/test_control.c tests/suite.h
tests_test_control_LDADD = libtosd_console.a libtosd_ipc.a libtosd_base.a \
	$(CUNIT_LIBS) $(JANSSON_LIBS) $(EVENT_LIBS) $(SECCOMP_LIBS) $(CRYPTO_LIBS)
