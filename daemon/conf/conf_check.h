/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_check: what the rows of the tables cannot say: relations between values,
 * and defaults that follow from other values.  Each is the `done' of one table.
 */
#ifndef TOSD_CONF_CONF_CHECK_H
#define TOSD_CONF_CONF_CHECK_H

#include "conf/conf_walk.h"

void conf_check_provider(const struct conf_section *sec);
void conf_check_fetch(const struct conf_section *sec);
void conf_check_coverage(const struct conf_section *sec);
void conf_check_keep(const struct conf_section *sec);
void conf_check_feed(const struct conf_section *sec);
void conf_check_plugin(const struct conf_section *sec);
void conf_check_endpoint(const struct conf_section *sec);
void conf_check_blocklist(const struct conf_section *sec);
/* Lists that are fetched, once the plugins are known. */
void conf_check_blocklists(const struct conf_section *sec);
void conf_check_policy(const struct conf_section *sec);
void conf_check_stage(const struct conf_section *sec);
void conf_check_ladder(const struct conf_section *sec);
void conf_check_courier(const struct conf_section *sec);
void conf_check_console(const struct conf_section *sec);
void conf_check_tenant(const struct conf_section *sec);
void conf_check_mapping(const struct conf_section *sec);
void conf_check_root(const struct conf_section *sec);

/* Over the tenants of all files, once every file is read: no id twice and, where
 * `fetch' itself was right (intervals), each feed's interval within the limits.
 * Makes the look-up tables. */
void conf_check_tenants(
    struct conf_walk *w, const struct conf_sources *s, bool intervals);

/* Makes the look-up table of mappings, with copies of all that it needs. */
void conf_check_mapped(struct conf_walk *w);

#endif
