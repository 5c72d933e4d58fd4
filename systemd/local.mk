# The unit and what it needs.  systemd wants fixed names without our prefixes.
EXTRA_DIST += %D%/tosd.service.in %D%/tosd.sysusers.conf %D%/tosd.tmpfiles.conf
CLEANFILES += %D%/tosd.service
noinst_DATA = %D%/tosd.service

%D%/tosd.service: %D%/tosd.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) %D% && \
	$(SED) -e 's|@sbindir[@]|$(sbindir)|g' -e 's|@confdir[@]|$(confdir)|g' \
		$(srcdir)/%D%/tosd.service.in > $@.part && mv $@.part $@

# Other folders have something to install by hand, too.
install-data-local: install-units
uninstall-local: uninstall-units
.PHONY: install-units uninstall-units

install-units: %D%/tosd.service
	$(MKDIR_P) '$(DESTDIR)$(systemdsystemunitdir)' '$(DESTDIR)$(sysusersdir)' \
		'$(DESTDIR)$(tmpfilesdir)'
	$(INSTALL_DATA) %D%/tosd.service '$(DESTDIR)$(systemdsystemunitdir)/tosd.service'
	$(INSTALL_DATA) $(srcdir)/%D%/tosd.sysusers.conf \
		'$(DESTDIR)$(sysusersdir)/tosd.conf'
	$(INSTALL_DATA) $(srcdir)/%D%/tosd.tmpfiles.conf \
		'$(DESTDIR)$(tmpfilesdir)/tosd.conf'

uninstall-units:
	rm -f '$(DESTDIR)$(systemdsystemunitdir)/tosd.service' \
		'$(DESTDIR)$(sysusersdir)/tosd.conf' '$(DESTDIR)$(tmpfilesdir)/tosd.conf'

dist_check_SCRIPTS += tests/check_unit.sh
$(top_builddir)/tests/check_unit.log: %D%/tosd.service
