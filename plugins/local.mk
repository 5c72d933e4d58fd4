policyincludedir = $(includedir)/tosd
policyinclude_HEADERS = %D%/tosd/policy.h
pkgconfigdir = $(libdir)/pkgconfig
pkgconfig_DATA = plugins/tosd-policy.pc

# Plugins are built from the public header alone, and without what only programs need.
PLUGIN_CPPFLAGS = -I$(top_srcdir)/plugins
PLUGIN_LDFLAGS = -module -avoid-version -shared -export-symbols-regex '^tosd_policy$$' \
	-Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack

# What our own plugins share: memory, text forms.
noinst_LTLIBRARIES += plugins/kit/libkit.la
plugins_kit_libkit_la_SOURCES = \
	%D%/kit/day.c %D%/kit/day.h \
	%D%/kit/fold.c %D%/kit/fold.h %D%/kit/fold_in.h \
	%D%/kit/fold_chars.c %D%/kit/fold_words.c \
	%D%/kit/glyph.c %D%/kit/glyph.h %D%/kit/glyph_table.h \
	%D%/kit/mem.c %D%/kit/mem.h \
	%D%/kit/mend.c %D%/kit/mend.h \
	%D%/kit/plain.c %D%/kit/plain.h \
	%D%/kit/sign.c %D%/kit/sign.h \
	%D%/kit/vocab.c %D%/kit/vocab.h \
	%D%/kit/words.c %D%/kit/words.h %D%/kit/words_in.h \
	%D%/kit/words_chunk.c %D%/kit/words_core.c %D%/kit/words_letters.c
EXTRA_DIST += %D%/kit/glyph_table.py
plugins_kit_libkit_la_CPPFLAGS = $(PLUGIN_CPPFLAGS) $(CRYPTO_CFLAGS)

# All of the plugin but its face to the host, so that a fuzzer can reach it.
noinst_LTLIBRARIES += plugins/rules/librules.la
plugins_rules_librules_la_SOURCES = \
	%D%/rules/context.c %D%/rules/context.h \
	%D%/rules/ends.c %D%/rules/ends.h \
	%D%/rules/engine.c %D%/rules/engine.h %D%/rules/engine_in.h \
	%D%/rules/engine_add.c \
	%D%/rules/filter.c %D%/rules/filter.h \
	%D%/rules/form.c %D%/rules/form.h \
	%D%/rules/index.c %D%/rules/index.h \
	%D%/rules/letters.c %D%/rules/letters.h \
	%D%/rules/lexicon.c %D%/rules/lexicon.h \
	%D%/rules/lint.c %D%/rules/lint.h %D%/rules/lint_in.h \
	%D%/rules/explain.c %D%/rules/explain.h \
	%D%/rules/lint_either.c \
	%D%/rules/lint_slips.c \
	%D%/rules/lint_unused.c \
	%D%/rules/lint_twins.c \
	%D%/rules/lint_words.c \
	%D%/rules/meaning.c %D%/rules/meaning.h \
	%D%/rules/meter.h \
	%D%/rules/need.c %D%/rules/need.h %D%/rules/need_in.h \
	%D%/rules/need_parse.c %D%/rules/need_spell.c \
	%D%/rules/pack.c %D%/rules/pack.h \
	%D%/rules/pairs.c %D%/rules/pairs.h \
	%D%/rules/pattern.c %D%/rules/pattern.h %D%/rules/pattern_parts.c \
	%D%/rules/phrase.c %D%/rules/phrase.h %D%/rules/phrase_in.h \
	%D%/rules/phrase_match.c %D%/rules/phrase_shown.c \
	%D%/rules/probe.c %D%/rules/probe.h \
	%D%/rules/prove.c %D%/rules/prove.h \
	%D%/rules/regex.c %D%/rules/regex.h %D%/rules/regex_in.h \
	%D%/rules/regex_class.c %D%/rules/regex_loosen.c \
	%D%/rules/sentence.c %D%/rules/sentence.h \
	%D%/rules/tokens.c %D%/rules/tokens.h \
	%D%/rules/walk.c %D%/rules/walk.h \
	%D%/rules/pack_context.c %D%/rules/pack_in.h \
	%D%/rules/pack_list.c \
	%D%/rules/pack_rule.c \
	%D%/rules/pack_test.c \
	%D%/rules/pack_text.c
plugins_rules_librules_la_CPPFLAGS = $(PLUGIN_CPPFLAGS) $(CONFIG_CFLAGS) $(HS_CFLAGS) \
	$(PCRE2_CFLAGS) $(CRYPTO_CFLAGS)
plugins_rules_librules_la_LIBADD = plugins/kit/libkit.la $(CONFIG_LIBS) $(HS_LIBS) \
	$(PCRE2_LIBS) $(CRYPTO_LIBS)

plugin_LTLIBRARIES = plugins/rules/rules.la plugins/classifier/classifier.la \
	plugins/lists/lists.la \
	plugins/moderation/moderation.la
plugins_rules_rules_la_SOURCES = %D%/rules/rules.c %D%/rules/rules_in.h \
	%D%/rules/rules_tell.c
plugins_rules_rules_la_CPPFLAGS = $(PLUGIN_CPPFLAGS) $(CONFIG_CFLAGS) $(HS_CFLAGS) \
	$(PCRE2_CFLAGS) $(CRYPTO_CFLAGS)
plugins_rules_rules_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_rules_rules_la_LIBADD = plugins/rules/librules.la

UNIT_TESTS += tests/test_letters
tests_test_letters_SOURCES = tests/test_letters.c tests/suite.h
tests_test_letters_CPPFLAGS = $(AM_CPPFLAGS) $(plugins_rules_librules_la_CPPFLAGS)
tests_test_letters_LDADD = plugins/rules/librules.la $(CUNIT_LIBS)

if FUZZERS
noinst_PROGRAMS += tests/fuzz_pack
tests_fuzz_pack_SOURCES = tests/fuzz_pack.c
tests_fuzz_pack_CPPFLAGS = $(plugins_rules_librules_la_CPPFLAGS)
tests_fuzz_pack_LDADD = plugins/rules/librules.la
tests_fuzz_pack_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
endif

# The classifier: judging is one library, learning another, which only tosctl and tests
# link.  The same bits come out everywhere: no contraction of products and sums.
modeldir = $(pkgdatadir)/classifier
dist_model_DATA = %D%/classifier/violence.model %D%/classifier/violence.card
dist_model_DATA += %D%/classifier/lexicon.txt

# The default model, made anew: needs the labelled texts of the data folder (TOSD_DATA).
OWN_TEXTS = \
	%D%/classifier/texts/accuse.jsonl \
	%D%/classifier/texts/america.jsonl \
	%D%/classifier/texts/animals.jsonl \
	%D%/classifier/texts/britain.jsonl \
	%D%/classifier/texts/calls.jsonl \
	%D%/classifier/texts/calm.jsonl \
	%D%/classifier/texts/comments.jsonl \
	%D%/classifier/texts/corners.jsonl \
	%D%/classifier/texts/counter.jsonl \
	%D%/classifier/texts/direct.jsonl \
	%D%/classifier/texts/early.jsonl \
	%D%/classifier/texts/ends.jsonl \
	%D%/classifier/texts/everyday.jsonl \
	%D%/classifier/texts/fiction.jsonl \
	%D%/classifier/texts/figure.jsonl \
	%D%/classifier/texts/film.jsonl \
	%D%/classifier/texts/gabble.jsonl \
	%D%/classifier/texts/games.jsonl \
	%D%/classifier/texts/history.jsonl \
	%D%/classifier/texts/idiom.jsonl \
	%D%/classifier/texts/incite.jsonl \
	%D%/classifier/texts/insult.jsonl \
	%D%/classifier/texts/kind.jsonl \
	%D%/classifier/texts/kitchen.jsonl \
	%D%/classifier/texts/law.jsonl \
	%D%/classifier/texts/long.jsonl \
	%D%/classifier/texts/medicine.jsonl \
	%D%/classifier/texts/memory.jsonl \
	%D%/classifier/texts/middle.jsonl \
	%D%/classifier/texts/mild.jsonl \
	%D%/classifier/texts/military.jsonl \
	%D%/classifier/texts/misc.jsonl \
	%D%/classifier/texts/mixed.jsonl \
	%D%/classifier/texts/negate.jsonl \
	%D%/classifier/texts/news.jsonl \
	%D%/classifier/texts/plain.jsonl \
	%D%/classifier/texts/politics.jsonl \
	%D%/classifier/texts/posts.jsonl \
	%D%/classifier/texts/quoted.jsonl \
	%D%/classifier/texts/rude.jsonl \
	%D%/classifier/texts/shares.jsonl \
	%D%/classifier/texts/short.jsonl \
	%D%/classifier/texts/sly.jsonl \
	%D%/classifier/texts/sport.jsonl \
	%D%/classifier/texts/story.jsonl \
	%D%/classifier/texts/tweets.jsonl \
	%D%/classifier/texts/twins.jsonl \
	%D%/classifier/texts/uprising.jsonl \
	%D%/classifier/texts/wideneg.jsonl \
	%D%/classifier/texts/wish.jsonl \
	%D%/classifier/texts/world.jsonl \
	%D%/classifier/texts/young.jsonl
MODEL_TEXTS = $(OWN_TEXTS:%=$(srcdir)/%)
MODEL_WORDS = /usr/share/dict/american-english
# Found on sources that were left out; classifier/texts/README says why.
MODEL_WEIGHTS = \
	--weight own-calm=0.5 --weight own-posts=0.5 --weight own-comments=0.5 \
	--weight own-wideneg=0.5 --weight own-tweets=0.25 --weight own-uprising=0.25 \
	--weight own-shares=0.75 --weight own-america=0.75 --weight own-world=0.75 \
	--weight own-britain=0.75 --weight own-corners=0.75 --weight own-early=0.75 \
	--weight own-young=0.75 \
	--weight edos=2.5 --weight hatemoji-build=2.5 --weight gab-hate-corpus=2.5 \
	--weight guest-misogyny=2.5 --weight hatexplain=2.5
.PHONY: model
model: tosctl$(EXEEXT)
	@data="$${TOSD_DATA:-$(abs_top_srcdir)/../shared/data}/policy/threats.jsonl"; \
	if ! test -r "$$data"; then \
		echo 'model: set TOSD_DATA to a folder with policy/threats.jsonl' >&2; exit 1; \
	fi; \
	if ! test -r $(MODEL_WORDS); then \
		echo 'model: needs $(MODEL_WORDS) (Debian: wamerican)' >&2; exit 1; \
	fi; \
	./tosctl$(EXEEXT) classifier train --out $(srcdir)/%D%/classifier/violence.model \
		--learn-only own-twins --learn-only own-calls --learn-only own-ends \
		$(MODEL_WEIGHTS) \
		--words $(MODEL_WORDS) \
		--limits $(srcdir)/%D%/classifier/violence.limits \
		--measure $(srcdir)/tests/classifier/eval.jsonl "$$data" $(MODEL_TEXTS)
EXTRA_DIST += %D%/classifier/texts/README $(OWN_TEXTS) %D%/classifier/violence.limits
CLASSIFIER_CFLAGS = $(AM_CFLAGS) -ffp-contract=off
CLASSIFIER_CPPFLAGS = $(PLUGIN_CPPFLAGS) $(CRYPTO_CFLAGS)
noinst_LTLIBRARIES += plugins/classifier/libmodel.la plugins/classifier/libtrain.la
plugins_classifier_libmodel_la_SOURCES = \
	%D%/classifier/dense.c \
	%D%/classifier/feature.c %D%/classifier/feature.h \
	%D%/classifier/feature_in.h %D%/classifier/frame.c \
	%D%/classifier/lexicon.c %D%/classifier/lexicon.h \
	%D%/classifier/model.c %D%/classifier/model.h \
	%D%/classifier/num.c %D%/classifier/num.h \
	%D%/classifier/quick.c %D%/classifier/quick.h \
	%D%/classifier/score.c
plugins_classifier_libmodel_la_CPPFLAGS = $(CLASSIFIER_CPPFLAGS)
plugins_classifier_libmodel_la_CFLAGS = $(CLASSIFIER_CFLAGS)
plugins_classifier_libmodel_la_LIBADD = plugins/kit/libkit.la
plugins_classifier_libtrain_la_SOURCES = \
	%D%/classifier/apart.c %D%/classifier/apart.h \
	%D%/classifier/augment.c \
	%D%/classifier/boost.c \
	%D%/classifier/calibration.c %D%/classifier/calibration.h \
	%D%/classifier/card.c %D%/classifier/card.h \
	%D%/classifier/fit.c %D%/classifier/fit.h \
	%D%/classifier/fusion.c %D%/classifier/fusion.h \
	%D%/classifier/measure.c %D%/classifier/measure.h \
	%D%/classifier/sample.c %D%/classifier/sample.h \
	%D%/classifier/train.c %D%/classifier/train.h
plugins_classifier_libtrain_la_CPPFLAGS = $(CLASSIFIER_CPPFLAGS)
plugins_classifier_libtrain_la_CFLAGS = $(CLASSIFIER_CFLAGS)
plugins_classifier_libtrain_la_LIBADD = plugins/classifier/libmodel.la
plugins_classifier_classifier_la_SOURCES = %D%/classifier/classifier.c
plugins_classifier_classifier_la_CPPFLAGS = $(CLASSIFIER_CPPFLAGS) \
	-DCLASSIFIER_MODEL='"$(modeldir)/violence.model"'
plugins_classifier_classifier_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_classifier_classifier_la_LIBADD = plugins/classifier/libmodel.la $(CRYPTO_LIBS) -lm

UNIT_TESTS += tests/test_forms tests/test_classifier
tests_test_forms_SOURCES = tests/test_forms.c tests/suite.h
tests_test_forms_LDADD = plugins/kit/libkit.la $(CUNIT_LIBS) $(CRYPTO_LIBS)
tests_test_classifier_SOURCES = tests/test_classifier.c tests/suite.h
tests_test_classifier_LDADD = plugins/classifier/libtrain.la $(CUNIT_LIBS) $(CRYPTO_LIBS) -lm
dist_check_SCRIPTS += tests/test_classifier_cmd.sh

# What judging costs beside a bare loop, and the forms beside ICU where that is installed.
EXTRA_PROGRAMS += tests/bench_classifier tests/bench_forms
tests_bench_classifier_SOURCES = tests/bench_classifier.c
tests_bench_classifier_LDADD = plugins/classifier/libmodel.la $(CRYPTO_LIBS) -lm
tests_bench_forms_SOURCES = tests/bench_forms.c
tests_bench_forms_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS) $(ICU_CFLAGS)
tests_bench_forms_LDADD = plugins/kit/libkit.la $(CRYPTO_LIBS) $(ICU_LIBS)
CLEANFILES += tests/bench_classifier tests/bench_forms

if FUZZERS
noinst_PROGRAMS += tests/fuzz_forms tests/fuzz_model
tests_fuzz_forms_SOURCES = tests/fuzz_forms.c
tests_fuzz_forms_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_forms_LDADD = plugins/kit/libkit.la $(CRYPTO_LIBS)
tests_fuzz_model_SOURCES = tests/fuzz_model.c
tests_fuzz_model_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_model_LDADD = plugins/classifier/libmodel.la $(CRYPTO_LIBS) -lm
endif

# Lists: all but the plugin's face to the host, so that tests and a fuzzer can reach it.
noinst_LTLIBRARIES += plugins/lists/liblists.la
plugins_lists_liblists_la_SOURCES = \
	%D%/lists/canon.c %D%/lists/canon.h \
	%D%/lists/entry.c %D%/lists/entry.h \
	%D%/lists/fetched.c %D%/lists/fetched.h \
	%D%/lists/host.c %D%/lists/host.h \
	%D%/lists/item.c %D%/lists/item.h \
	%D%/lists/list.c %D%/lists/list.h \
	%D%/lists/mention.c %D%/lists/mention.h \
	%D%/lists/names.c %D%/lists/names.h \
	%D%/lists/near.c %D%/lists/near.h \
	%D%/lists/nested.c %D%/lists/nested.h \
	%D%/lists/script.c %D%/lists/script.h \
	%D%/lists/set.c %D%/lists/set.h
plugins_lists_liblists_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
plugins_lists_liblists_la_LIBADD = plugins/kit/libkit.la
plugins_lists_lists_la_SOURCES = %D%/lists/lists.c
plugins_lists_lists_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
plugins_lists_lists_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_lists_lists_la_LIBADD = plugins/lists/liblists.la $(CRYPTO_LIBS)

# For tests only: a plugin that misbehaves on demand, and plugins of other versions of the
# interface.  The -rpath makes libtool build shared objects though they are not installed.
TEST_PLUGIN_LDFLAGS = $(PLUGIN_LDFLAGS) -rpath /nowhere
check_LTLIBRARIES = plugins/probe/probe.la \
	plugins/probe/older.la plugins/probe/newer.la plugins/probe/major.la \
	plugins/probe/nothing.la plugins/probe/code.la plugins/probe/short.la \
	plugins/probe/liar.la plugins/probe/greedy.la plugins/probe/asker.la \
	plugins/probe/nocheck.la plugins/probe/name.la plugins/probe/rows.la \
	plugins/probe/preset.la \
	plugins/probe/frozen10.la plugins/probe/frozen11.la plugins/probe/frozen99.la
plugins_probe_probe_la_SOURCES = %D%/probe/probe.c
plugins_probe_probe_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
plugins_probe_probe_la_LDFLAGS = $(TEST_PLUGIN_LDFLAGS)
plugins_probe_asker_la_SOURCES = %D%/probe/asker.c
plugins_probe_asker_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
plugins_probe_asker_la_LDFLAGS = $(TEST_PLUGIN_LDFLAGS)
plugins_probe_older_la_SOURCES = %D%/probe/abi.c
plugins_probe_older_la_CPPFLAGS = $(PLUGIN_CPPFLAGS) -DABI_CASE=1
plugins_probe_older_la_LDFLAGS = $(TEST_PLUGIN_LDFLAGS)
plugins_probe_newer_la_SOURCES = %D%/probe/abi.c
plugins_probe_newer_la_CPPFLAGS = $(PLUGIN_CPPFLAGS) -DABI_CASE=2
plugins_probe_newer_la_LDFLAGS = $(TEST_PLUGIN_LDFLAGS)
plugins_probe_major_la_SOURCES = %D%/probe/abi.c
plugins_probe_major_la_CPPFLAGS = $(PLUGIN_CPPFLAGS) -DABI_CASE=3
plugins_probe_major_la_LDFLAGS = $(TEST_PLUGIN_LDFLAGS)
plugins_probe_nothing_la_SOURCES = %D%/probe/abi.c
plugins_probe_nothing_la_CPPFLAGS = $(PLUGIN_CPPFLAGS) -DABI_CASE=4
plugins_probe_nothing_la_LDFLAGS = -module -avoid-version -shared -rpath /nowhere
plugins_probe_code_la_SOURCES = %D%/probe/abi.c
plugins_probe_code_la_CPPFLAGS = $(PLUGIN_CPPFLAGS) -DABI_CASE=5
plugins_probe_code_la_LDFLAGS = $(TEST_PLUGIN_LDFLAGS)
plugins_probe_short_la_SOURCES = %D%/probe/abi.c
plugins_probe_short_la_CPPFLAGS = $(PLUGIN_CPPFLAGS) -DABI_CASE=6
plugins_probe_short_la_LDFLAGS = $(TEST_PLUGIN_LDFLAGS)
plugins_probe_liar_la_SOURCES = %D%/probe/abi.c
plugins_probe_liar_la_CPPFLAGS = $(PLUGIN_CPPFLAGS) -DABI_CASE=7
plugins_probe_liar_la_LDFLAGS = $(TEST_PLUGIN_LDFLAGS)
plugins_probe_greedy_la_SOURCES = %D%/probe/abi.c
plugins_probe_greedy_la_CPPFLAGS = $(PLUGIN_CPPFLAGS) -DABI_CASE=8
plugins_probe_greedy_la_LDFLAGS = $(TEST_PLUGIN_LDFLAGS)
plugins_probe_nocheck_la_SOURCES = %D%/probe/abi.c
plugins_probe_nocheck_la_CPPFLAGS = $(PLUGIN_CPPFLAGS) -DABI_CASE=9
plugins_probe_nocheck_la_LDFLAGS = $(TEST_PLUGIN_LDFLAGS)
plugins_probe_name_la_SOURCES = %D%/probe/abi.c
plugins_probe_name_la_CPPFLAGS = $(PLUGIN_CPPFLAGS) -DABI_CASE=10
plugins_probe_name_la_LDFLAGS = $(TEST_PLUGIN_LDFLAGS)
plugins_probe_rows_la_SOURCES = %D%/probe/abi.c
plugins_probe_rows_la_CPPFLAGS = $(PLUGIN_CPPFLAGS) -DABI_CASE=11
plugins_probe_rows_la_LDFLAGS = $(TEST_PLUGIN_LDFLAGS)
plugins_probe_preset_la_SOURCES = %D%/probe/abi.c
plugins_probe_preset_la_CPPFLAGS = $(PLUGIN_CPPFLAGS) -DABI_CASE=12
plugins_probe_preset_la_LDFLAGS = $(TEST_PLUGIN_LDFLAGS)
plugins_probe_frozen10_la_SOURCES = %D%/probe/frozen.c %D%/probe/frozen.h
plugins_probe_frozen10_la_CPPFLAGS = -DFROZEN=0
plugins_probe_frozen10_la_LDFLAGS = $(TEST_PLUGIN_LDFLAGS)
plugins_probe_frozen11_la_SOURCES = %D%/probe/frozen.c %D%/probe/frozen.h
plugins_probe_frozen11_la_CPPFLAGS = -DFROZEN=1
plugins_probe_frozen11_la_LDFLAGS = $(TEST_PLUGIN_LDFLAGS)
plugins_probe_frozen99_la_SOURCES = %D%/probe/frozen.c %D%/probe/frozen.h
plugins_probe_frozen99_la_CPPFLAGS = -DFROZEN=99
plugins_probe_frozen99_la_LDFLAGS = $(TEST_PLUGIN_LDFLAGS)
EXTRA_DIST += %D%/sample/shouting.c

# What `tosctl plugin new' writes.
templatedir = $(pkgdatadir)/plugin-template
TEMPLATES = items.ndjson c/Makefile c/README c/plugin.c c/tests/check.sh \
	autotools/Makefile.am autotools/README autotools/configure.ac python/plugin.py \
	shell/plugin.sh program/Makefile program/README
EXTRA_DIST += $(TEMPLATES:%=%D%/template/%)
install-data-local: install-template
uninstall-local: uninstall-template
.PHONY: install-template uninstall-template
install-template:
	@set -e; for f in $(TEMPLATES); do \
		$(MKDIR_P) "$(DESTDIR)$(templatedir)/$$(dirname $$f)"; \
		$(INSTALL_DATA) "$(srcdir)/%D%/template/$$f" "$(DESTDIR)$(templatedir)/$$f"; \
	done
uninstall-template:
	rm -rf '$(DESTDIR)$(templatedir)'

dist_man_MANS += %D%/tosd-policy.7 %D%/tosd-exec.7 %D%/tosd-policies.7 \
	%D%/tosd-lists.5
# Programs that are plugins, to read and to copy: not where the daemon looks for any.
examplesdir = $(docdir)/examples
dist_examples_SCRIPTS = %D%/examples/shouting.py %D%/examples/links.sh
EXTRA_DIST += %D%/probe/faulty.py
EXTRA_DIST += %D%/README

# The plugin that asks models: all but its face to the host, for tests and the fuzzer.
noinst_LTLIBRARIES += plugins/moderation/libmoderation.la
plugins_moderation_libmoderation_la_SOURCES = \
	%D%/moderation/answer.c %D%/moderation/answer.h \
	%D%/moderation/gate.c %D%/moderation/gate.h \
	%D%/moderation/label.c %D%/moderation/label.h \
	%D%/moderation/prompt.c %D%/moderation/prompt.h
plugins_moderation_libmoderation_la_CPPFLAGS = $(PLUGIN_CPPFLAGS) $(JANSSON_CFLAGS)
plugins_moderation_libmoderation_la_LIBADD = plugins/kit/libkit.la $(JANSSON_LIBS)
plugins_moderation_moderation_la_SOURCES = %D%/moderation/moderation.c
plugins_moderation_moderation_la_CPPFLAGS = $(PLUGIN_CPPFLAGS) $(JANSSON_CFLAGS)
plugins_moderation_moderation_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_moderation_moderation_la_LIBADD = plugins/moderation/libmoderation.la \
	$(CRYPTO_LIBS)

UNIT_TESTS += tests/test_moderation_parts
tests_test_moderation_parts_SOURCES = tests/test_moderation_parts.c tests/suite.h
tests_test_moderation_parts_LDADD = plugins/moderation/libmoderation.la $(CUNIT_LIBS) \
	$(JANSSON_LIBS) $(CRYPTO_LIBS)
dist_check_SCRIPTS += tests/test_moderation.py tests/test_moderation_people.py
EXTRA_DIST += tests/model_server.py

if FUZZERS
noinst_PROGRAMS += tests/fuzz_answer
tests_fuzz_answer_SOURCES = tests/fuzz_answer.c
tests_fuzz_answer_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_answer_LDADD = plugins/moderation/libmoderation.la $(JANSSON_LIBS) $(CRYPTO_LIBS)
else
EXTRA_DIST += tests/fuzz_answer.c
endif
