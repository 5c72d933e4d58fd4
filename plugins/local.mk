policyincludedir = $(includedir)/tosd
policyinclude_HEADERS = %D%/tosd/policy.h
pkgconfigdir = $(libdir)/pkgconfig
pkgconfig_DATA = plugins/tosd-policy.pc

# Plugins are built from the public header alone, and without what only programs need.
PLUGIN_CPPFLAGS = -I$(top_srcdir)/plugins
PLUGIN_LDFLAGS = -module -avoid-version -shared -export-symbols-regex '^tosd_policy$$' \
	-Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack

plugin_LTLIBRARIES = plugins/rules/rules.la
plugins_rules_rules_la_SOURCES = \
	%D%/rules/context.c %D%/rules/context.h \
	%D%/rules/engine.c %D%/rules/engine.h \
	%D%/rules/filter.c %D%/rules/filter.h \
	%D%/rules/fold.c %D%/rules/fold.h \
	%D%/rules/mem.c %D%/rules/mem.h \
	%D%/rules/pack.c %D%/rules/pack.h \
	%D%/rules/pack_rule.c %D%/rules/pack_rule.h \
	%D%/rules/pattern.c %D%/rules/pattern.h \
	%D%/rules/prove.c %D%/rules/prove.h \
	%D%/rules/rules.c \
	%D%/rules/walk.c %D%/rules/walk.h
plugins_rules_rules_la_CPPFLAGS = $(PLUGIN_CPPFLAGS) $(CONFIG_CFLAGS) $(HS_CFLAGS) \
	$(PCRE2_CFLAGS) $(CRYPTO_CFLAGS)
plugins_rules_rules_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_rules_rules_la_LIBADD = $(CONFIG_LIBS) $(HS_LIBS) $(PCRE2_LIBS) $(CRYPTO_LIBS)
