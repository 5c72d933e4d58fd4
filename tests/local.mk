# Checks of the tree itself, and the notes.  Programs stand in the local.mk of the
# room that they test.
dist_check_SCRIPTS += \
	%D%/check_floors.sh \
	%D%/check_man.sh
EXTRA_DIST += %D%/README

# The daemon as people meet it.
dist_check_SCRIPTS += %D%/test_newcomer.py
EXTRA_DIST += %D%/demo.sh %D%/demo.py %D%/demo_story.py %D%/product.py
CLEANFILES += %D%/pattern-cache/*

demo: all
	srcdir='$(abs_top_srcdir)' builddir='$(abs_top_builddir)' \
		$(SHELL) $(srcdir)/%D%/demo.sh
.PHONY: demo

# Scenarios in virtual time, through the engine's own code.
dist_check_SCRIPTS += %D%/test_story.py
EXTRA_DIST += %D%/scenarios/story.conf %D%/scenarios/story.json \
	%D%/scenarios/policies.d/story.conf

# What things cost, beside what bounds them; ratios, never thresholds.
EXTRA_PROGRAMS += tests/bench_pipe
tests_bench_pipe_SOURCES = %D%/bench_pipe.c
tests_bench_pipe_LDADD = libtosd_feed.a libtosd_policy.a libtosd_ipc.a libtosd_base.a \
	$(SQLITE_LIBS) $(UCHARDET_LIBS) $(EVENT_LIBS) $(SECCOMP_LIBS) $(CRYPTO_LIBS)
EXTRA_DIST += %D%/bench.py
BENCHES = tests/bench_scan tests/bench_pipe
if HAVE_EXPAT
BENCHES += tests/bench_feed
endif
CLEANFILES += tests/bench_pipe tests/bench_feed
.PHONY: bench
bench: all $(BENCHES)
	@$(AM_TESTS_ENVIRONMENT) python3 $(srcdir)/%D%/bench.py

# The real programs with a web server and a mail server; daemon.py is what they share.
dist_check_SCRIPTS += \
	%D%/test_feeds_daemon.py \
	%D%/test_kill.py \
	%D%/test_smtp_bytes.py
EXTRA_DIST += %D%/daemon.py
