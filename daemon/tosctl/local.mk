# tosctl: one program, a file a command.
bin_PROGRAMS += tosctl
tosctl_SOURCES = \
	%D%/backtest.h \
	%D%/backtest_count.c \
	%D%/backtest_ladder.c \
	%D%/backtest_options.c %D%/backtest_options.h \
	%D%/backtest_reach.c \
	%D%/backtest_read.c \
	%D%/backtest_report.c \
	%D%/backtest_sample.c \
	%D%/classifier_card.c \
	%D%/classifier_doubts.c \
	%D%/classifier_measure.c \
	%D%/classifier_rows.c %D%/classifier_rows.h \
	%D%/classifier_run.c %D%/classifier_run.h \
	%D%/classifier_train.c \
	%D%/feed_facts.c %D%/feed_facts.h \
	%D%/feed_plan.c \
	%D%/feed_report.c %D%/feed_report.h %D%/feed_warnings.c \
	%D%/lists_used.c %D%/lists_used.h \
	%D%/mapping_find.c %D%/mapping_find.h \
	%D%/onboard.c %D%/onboard.h \
	%D%/output_file.c %D%/output_file.h \
	%D%/pack_diff.c %D%/pack_doc.c %D%/pack_doc.h \
	%D%/pack_room.c %D%/pack_room.h \
	%D%/pack_say.c %D%/pack_say.h \
	%D%/places.c %D%/places.h \
	%D%/plugins_used.c %D%/plugins_used.h \
	%D%/print_json.c %D%/print_json.h \
	%D%/proposal.c %D%/proposal.h \
	%D%/rebuild.h \
	%D%/rebuild_case.c \
	%D%/rebuild_cover.c \
	%D%/rebuild_entry.c \
	%D%/rebuild_item.c \
	%D%/rebuild_notice.c \
	%D%/rebuild_open.c \
	%D%/rebuild_report.c \
	%D%/rebuild_rule.c \
	%D%/rebuild_advice.c \
	%D%/sim_world.c %D%/sim_world.h \
	%D%/standard_output.c %D%/standard_output.h \
	%D%/tell_key.c %D%/tell_key.h \
	%D%/temporary.c %D%/temporary.h \
	%D%/tenant_find.c %D%/tenant_find.h \
	%D%/tenant_import.c %D%/tenant_import.h \
	%D%/tosctl.c \
	%D%/tosctl_ask.c %D%/tosctl_ask.h \
	%D%/tosctl_backtest.c %D%/tosctl_backtest.h \
	%D%/tosctl_classifier.c %D%/tosctl_classifier.h \
	%D%/tosctl_diff.c %D%/tosctl_diff.h \
	%D%/tosctl_evidence.c %D%/tosctl_evidence.h \
	%D%/tosctl_feed.c %D%/tosctl_feed.h \
	%D%/tosctl_labels.c %D%/tosctl_labels.h \
	%D%/tosctl_lists.c %D%/tosctl_lists.h \
	%D%/tosctl_moderation.c %D%/tosctl_moderation.h \
	%D%/tosctl_parse.c %D%/tosctl_parse.h \
	%D%/tosctl_policy.c %D%/tosctl_policy.h \
	%D%/conform.h %D%/conform_judge.c %D%/conform_table.c \
	%D%/plugin_cage.c %D%/plugin_cage.h \
	%D%/plugin_check.c \
	%D%/plugin_input.c %D%/plugin_input.h \
	%D%/plugin_new.c \
	%D%/plugin_run.c %D%/plugin_run.h \
	%D%/plugin_talk.c %D%/plugin_talk.h \
	%D%/policy_explain.c %D%/policy_explain.h \
	%D%/policy_sign.c %D%/policy_sign.h \
	%D%/print_rows.c %D%/print_rows.h \
	%D%/plugin_try.c \
	%D%/tosctl_plugin.c %D%/tosctl_plugin.h \
	%D%/tosctl_plugin_conform.c \
	%D%/tosctl_rebuild.c %D%/tosctl_rebuild.h \
	%D%/tosctl_render.c %D%/tosctl_render.h \
	%D%/tosctl_replay.c %D%/tosctl_replay.h \
	%D%/scan_input.c %D%/scan_input.h \
	%D%/scan_item.c \
	%D%/scan_output.c \
	%D%/tosctl_scan.c %D%/tosctl_scan.h \
	%D%/tosctl_simulate.c %D%/tosctl_simulate.h \
	%D%/tosctl_tenant.c %D%/tosctl_tenant.h \
	%D%/tosctl_trend.c %D%/tosctl_trend.h
# The one command that learns takes what it learns with from the plugin (daemon/README).
tosctl_LDADD = $(ROOMS) plugins/classifier/libtrain.la $(ROOM_LIBS)

dist_man_MANS += %D%/tosctl.1
bashcompdir = $(datadir)/bash-completion/completions
EXTRA_DIST += %D%/tosctl.bash
install-data-local: install-tosctl-bash
uninstall-local: uninstall-tosctl-bash
.PHONY: install-tosctl-bash uninstall-tosctl-bash

# The file is found by the name of the command, so it loses its ending.
install-tosctl-bash:
	$(MKDIR_P) '$(DESTDIR)$(bashcompdir)'
	$(INSTALL_DATA) '$(srcdir)/%D%/tosctl.bash' '$(DESTDIR)$(bashcompdir)/tosctl'

uninstall-tosctl-bash:
	rm -f '$(DESTDIR)$(bashcompdir)/tosctl'

# A lost store, made again; needs the plugin as built.
dist_check_SCRIPTS += tests/test_rebuild.py

# A store with a past, for what reads it again.
check_PROGRAMS += tests/past_main
tests_past_main_SOURCES = tests/past_main.c
tests_past_main_LDADD = libtosd_store.a libtosd_base.a $(SQLITE_LIBS) $(CRYPTO_LIBS)

UNIT_TESTS += tests/test_backtest
tests_test_backtest_SOURCES = tests/test_backtest.c tests/suite.h \
	%D%/backtest.h %D%/backtest_count.c %D%/backtest_ladder.c %D%/backtest_reach.c \
	%D%/backtest_read.c %D%/backtest_sample.c %D%/pack_say.c \
	%D%/tosctl_labels.c \
	%D%/print_json.c %D%/print_json.h
tests_test_backtest_LDADD = $(ROOMS) $(CUNIT_LIBS) $(ROOM_LIBS)
dist_check_SCRIPTS += tests/test_backtest.py tests/test_keep_daemon.py

UNIT_TESTS += tests/test_pack_diff
tests_test_pack_diff_SOURCES = tests/test_pack_diff.c tests/suite.h \
	%D%/pack_diff.c %D%/pack_doc.c %D%/pack_doc.h
tests_test_pack_diff_CPPFLAGS = $(AM_CPPFLAGS) $(plugins_rules_librules_la_CPPFLAGS)
tests_test_pack_diff_LDADD = plugins/rules/librules.la libtosd_base.a $(CUNIT_LIBS) \
	$(JANSSON_LIBS) $(CONFIG_LIBS) $(CRYPTO_LIBS)
dist_check_SCRIPTS += tests/test_policy_diff.py
# The way that tosd-policies(7) shows.
dist_check_SCRIPTS += tests/test_tutorial.py
