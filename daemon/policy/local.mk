noinst_LIBRARIES += libtosd_policy.a
libtosd_policy_a_SOURCES = \
	%D%/face.c %D%/face.h \
	%D%/host.c %D%/host.h \
	%D%/plugin.c %D%/plugin.h \
	%D%/verdict.c %D%/verdict.h
