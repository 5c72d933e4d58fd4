# Checks of the tree itself, and the notes.  Programs stand in the local.mk of the
# room that they test.
dist_check_SCRIPTS += \
	%D%/check_floors.sh \
	%D%/check_map.py \
	%D%/check_man.sh
EXTRA_DIST += %D%/README

# Scenarios in virtual time, through the engine's own code.
dist_check_SCRIPTS += %D%/test_story.py
EXTRA_DIST += %D%/scenarios/story.conf %D%/scenarios/story.json \
	%D%/scenarios/policies.d/story.conf

# Texts that no model is trained on, and what the score of violence does on them: by hand,
# tests/classifier/measure.py.
dist_check_SCRIPTS += %D%/test_sets.py
EXTRA_DIST += %D%/classifier/disguise.py %D%/classifier/measure.py \
	%D%/classifier/eval.jsonl %D%/classifier/counter.jsonl \
	%D%/classifier/twins.jsonl %D%/classifier/veiled.jsonl \
	%D%/classifier/wide.jsonl %D%/classifier/hard.jsonl \
	%D%/classifier/strange.jsonl %D%/classifier/frames.jsonl %D%/classifier/street.jsonl \
	%D%/classifier/crowd.jsonl

# Harmless lines, one file for each pack that ships.
EXTRA_DIST += %D%/packs/doxxing.negatives.txt %D%/packs/fraud.negatives.txt \
	%D%/packs/goods.negatives.txt %D%/packs/hate.negatives.txt \
	%D%/packs/malware.negatives.txt %D%/packs/safety.negatives.txt \
	%D%/packs/selfharm.negatives.txt %D%/packs/terrorism.negatives.txt \
	%D%/packs/violence.negatives.txt %D%/packs/violence.de.negatives.txt

# Lines that each pack is for; those kept apart are never used to change a rule.
dist_check_SCRIPTS += %D%/test_packs.py
dist_check_SCRIPTS += %D%/test_scan_lines.py %D%/test_complaints.py %D%/test_explain.py \
	%D%/test_interrupted.py
EXTRA_DIST += %D%/packs/doxxing.positives.txt %D%/packs/doxxing.heldout.txt \
	%D%/packs/fraud.positives.txt %D%/packs/fraud.heldout.txt \
	%D%/packs/goods.positives.txt %D%/packs/goods.heldout.txt \
	%D%/packs/hate.positives.txt %D%/packs/hate.heldout.txt \
	%D%/packs/malware.positives.txt %D%/packs/malware.heldout.txt \
	%D%/packs/safety.positives.txt %D%/packs/safety.heldout.txt \
	%D%/packs/selfharm.positives.txt %D%/packs/selfharm.heldout.txt \
	%D%/packs/terrorism.positives.txt %D%/packs/terrorism.heldout.txt \
	%D%/packs/violence.positives.txt %D%/packs/violence.heldout.txt \
	%D%/packs/violence.de.positives.txt %D%/packs/violence.de.heldout.txt

# What things cost, beside what bounds them; ratios, never thresholds.
EXTRA_PROGRAMS += tests/bench_pipe
tests_bench_pipe_SOURCES = %D%/bench_pipe.c
tests_bench_pipe_LDADD = libtosd_feed.a libtosd_policy.a libtosd_ipc.a libtosd_base.a \
	$(JANSSON_LIBS) $(SQLITE_LIBS) $(UCHARDET_LIBS) $(EVENT_LIBS) $(SECCOMP_LIBS) \
	$(CRYPTO_LIBS) -lm
EXTRA_PROGRAMS += tests/bench_crossing
tests_bench_crossing_SOURCES = %D%/bench_crossing.c
tests_bench_crossing_LDADD = libtosd_policy.a libtosd_conf.a libtosd_ipc.a libtosd_base.a \
	$(JANSSON_LIBS) $(CONFIG_LIBS) $(CURL_LIBS) $(EVENT_LIBS) $(SECCOMP_LIBS) $(CRYPTO_LIBS) -lm
CLEANFILES += tests/bench_crossing
EXTRA_DIST += %D%/bench.py %D%/bench_crossing.py %D%/bench_delay.py %D%/bench_exec.py \
	%D%/bench_fetch.py %D%/bench_peers.py %D%/bench_rules.py %D%/bench_whole.py
BENCHES = tests/bench_scan tests/bench_pipe tests/bench_crossing tests/bench_classifier
if HAVE_EXPAT
BENCHES += tests/bench_feed tests/bench_fetch
endif
if HAVE_YAJL
BENCHES += tests/bench_json
endif
if HAVE_ICU
BENCHES += tests/bench_forms
endif
CLEANFILES += tests/bench_pipe tests/bench_feed tests/bench_json tests/bench_fetch
.PHONY: bench
bench: all $(BENCHES) plugins/probe/probe.la
	@$(AM_TESTS_ENVIRONMENT) python3 $(srcdir)/%D%/bench.py
	@$(AM_TESTS_ENVIRONMENT) python3 $(srcdir)/%D%/bench_fetch.py
	@$(AM_TESTS_ENVIRONMENT) python3 -B $(srcdir)/%D%/bench_peers.py
	@$(AM_TESTS_ENVIRONMENT) python3 -B $(srcdir)/%D%/bench_rules.py
	@$(AM_TESTS_ENVIRONMENT) python3 -B $(srcdir)/%D%/bench_delay.py
	@$(AM_TESTS_ENVIRONMENT) python3 -B $(srcdir)/%D%/bench_exec.py
	@$(AM_TESTS_ENVIRONMENT) python3 -B $(srcdir)/%D%/bench_crossing.py
	@$(AM_TESTS_ENVIRONMENT) python3 -B $(srcdir)/%D%/bench_whole.py

# Unit tests that need no sandbox and no peer, under valgrind: what is left over or read
# before it was written fails.
VALGRIND_TESTS = test_base test_feed test_feed_dates test_feed_formats test_store test_store_key \
	test_evidence test_ladder test_measure test_notice test_json test_feed_json \
	test_feed_social
EXTRA_DIST += %D%/valgrind.supp
.PHONY: check-valgrind
check-valgrind: $(VALGRIND_TESTS:%=tests/%)
	@$(AM_TESTS_ENVIRONMENT) bad=; for t in $(VALGRIND_TESTS); do \
		$(LIBTOOL) --mode=execute valgrind -q --error-exitcode=99 \
			--suppressions=$(srcdir)/%D%/valgrind.supp \
			--leak-check=full --show-leak-kinds=definite,indirect,possible \
			--errors-for-leak-kinds=definite,indirect,possible \
			tests/$$t >tests/$$t.valgrind.log 2>&1; rc=$$?; \
		case $$rc in \
		0) echo "PASS: $$t";; \
		77) echo "SKIP: $$t";; \
		*) echo "FAIL: $$t (exit $$rc)"; tail -n 40 tests/$$t.valgrind.log; bad=1;; \
		esac; \
	done; test -z "$$bad"

# After ./configure --enable-coverage: runs the tests, whatever they say, and leaves
# coverage/index.html.
.PHONY: coverage
coverage: all
	@case ' $(AM_CFLAGS) ' in *' --coverage '*) ;; *) \
		echo 'coverage: configure with --enable-coverage first' >&2; exit 1;; esac
	lcov -q --zerocounters --directory .
	-$(MAKE) $(AM_MAKEFLAGS) check
	lcov -q --capture --directory . --base-directory '$(abs_top_srcdir)' \
		--no-external --directory '$(abs_top_srcdir)' --output-file coverage.info
	lcov -q --remove coverage.info '*/tests/*' --output-file coverage.info
	genhtml -q coverage.info --output-directory coverage
	@lcov --summary coverage.info
CLEANFILES += coverage.info
clean-local: clean-coverage
.PHONY: clean-coverage
clean-coverage:
	-rm -rf coverage tests/*.valgrind.log
	-find . -name '*.gcda' -exec rm -f {} +

# The real programs with a web server and a mail server; daemon.py is what they share.
dist_check_SCRIPTS += \
	%D%/test_cloaking.py \
	%D%/test_removed.py \
	%D%/test_faults.py \
	%D%/test_feeds_daemon.py \
	%D%/test_life.py \
	%D%/test_lists_daemon.py \
	%D%/test_lists_missing.py \
	%D%/test_packs_kept.py \
	%D%/test_packs_missing.py \
	%D%/test_blind.py \
	%D%/test_lists_update.py \
	%D%/test_outage.py \
	%D%/test_paging.py \
	%D%/test_plugin_bad.py \
	%D%/test_plugin_new.py \
	%D%/test_plugin_programs.py \
	%D%/test_polite.py \
	%D%/test_sitemap.py \
	%D%/test_smtp_bytes.py \
	%D%/test_state.py \
	%D%/test_stream.py \
	%D%/test_swap.py
EXTRA_DIST += %D%/daemon.py %D%/processes.py %D%/servers.py %D%/trials.py %D%/polite_server.py

# Tenants found, proposed and explained.
dist_check_SCRIPTS += %D%/test_onboard.py

# Ten minutes of 10,000 feeds; TOSD_QUICK=1: a minute and a half of the same pace.
EXTRA_DIST += %D%/load_feeds.py
.PHONY: load
load: all
	@$(AM_TESTS_ENVIRONMENT) python3 $(srcdir)/%D%/load_feeds.py

# tosctl lists, and scan with lists.
dist_check_SCRIPTS += %D%/test_lists_cmd.py

# A fediverse server as a tenant.
dist_check_SCRIPTS += %D%/test_mastodon.py
EXTRA_DIST += %D%/mastodon_server.py %D%/mastodon_payloads.json

# Real web software as tenants, where it is installed (./autogen.sh real installs it).
REAL_TESTS = wordpress
EXTRA_DIST += %D%/real/wordpress.py
.PHONY: real
real: all
	@$(AM_TESTS_ENVIRONMENT) bad=; for t in $(REAL_TESTS); do \
		python3 -B $(srcdir)/%D%/real/$$t.py; rc=$$?; \
		case $$rc in \
		0) echo "PASS: real/$$t";; \
		77) echo "SKIP: real/$$t";; \
		*) echo "FAIL: real/$$t (exit $$rc)"; bad=1;; \
		esac; \
	done; test -z "$$bad"

# By hand, as root: the unit under a systemd of its own.
EXTRA_DIST += %D%/boot/boot.sh %D%/boot/inside.py

# The daemon as people meet it.
dist_check_SCRIPTS += %D%/test_newcomer.py
EXTRA_DIST += %D%/demo.sh %D%/demo.py %D%/demo_story.py
CLEANFILES += %D%/pattern-cache/*

demo: all
	srcdir='$(abs_top_srcdir)' builddir='$(abs_top_builddir)' \
		$(SHELL) $(srcdir)/%D%/demo.sh
.PHONY: demo

# Names of the fuzzers that this build has, for fuzz.sh.
EXTRA_DIST += %D%/fuzz.sh
.PHONY: list-fuzzers list-tests
list-tests:
	@for t in $(TESTS); do echo $$t; done
list-fuzzers:
	@for p in $(noinst_PROGRAMS); do \
		case $$p in tests/fuzz_*) echo "$${p#tests/}";; esac; done
