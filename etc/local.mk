# What etc builds and installs.  Rule packs and templates are added to these two
# lists by the rooms that write them.
policiesdir = $(confdir)/policies.d
noticesdir = $(confdir)/notices.d
tenantsdir = $(confdir)/tenants.d
dist_policies_DATA = \
	%D%/policies.d/README \
	%D%/policies.d/doxxing.conf \
	%D%/policies.d/fraud.conf \
	%D%/policies.d/goods.conf \
	%D%/policies.d/hate.conf \
	%D%/policies.d/malware.conf \
	%D%/policies.d/safety.conf \
	%D%/policies.d/selfharm.conf \
	%D%/policies.d/terrorism.conf \
	%D%/policies.d/violence-de.conf \
	%D%/policies.d/violence.conf
# What packs include.
policieslibdir = $(policiesdir)/lib
dist_policieslib_DATA = %D%/policies.d/lib/english.inc
dist_notices_DATA = \
	%D%/notices.d/README \
	%D%/notices.d/closed.manager.mustache \
	%D%/notices.d/closed.tenant.mustache \
	%D%/notices.d/recommendation.legal.mustache \
	%D%/notices.d/recommendation.manager.mustache \
	%D%/notices.d/safety.legal.mustache \
	%D%/notices.d/safety.safety.mustache \
	%D%/notices.d/stage.manager.mustache \
	%D%/notices.d/stage.tenant.mustache

dist_man_MANS += %D%/tosd.conf.5
EXTRA_DIST += %D%/tosd.conf

# A configuration that is there already is the operator's and stays.  Targets of
# their own, since other folders have something to install by hand, too.
install-data-local: install-tosd-conf
uninstall-local: uninstall-tosd-conf
.PHONY: install-tosd-conf uninstall-tosd-conf

install-tosd-conf:
	$(MKDIR_P) '$(DESTDIR)$(confdir)' '$(DESTDIR)$(tenantsdir)'
	@if test -e '$(DESTDIR)$(confdir)/tosd.conf'; then \
		echo 'tosd.conf is there already and stays as it is'; \
	else \
		$(INSTALL_DATA) '$(srcdir)/%D%/tosd.conf' '$(DESTDIR)$(confdir)/tosd.conf'; \
	fi

uninstall-tosd-conf:
	@if cmp -s '$(srcdir)/%D%/tosd.conf' '$(DESTDIR)$(confdir)/tosd.conf'; then \
		rm -f '$(DESTDIR)$(confdir)/tosd.conf'; \
	fi
	-rmdir '$(DESTDIR)$(tenantsdir)' 2>/dev/null
