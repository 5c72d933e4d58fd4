/* SPDX-License-Identifier: Apache-2.0 */
/* pack_rule: the parts of a pack that are read by pack_rule.c, and what both need. */
#ifndef RULES_PACK_RULE_H
#define RULES_PACK_RULE_H

#include "pack.h"
#include "walk.h"

int pack_read_rules(struct walk *k, const config_setting_t *root, struct pack *p);
int pack_read_tests(struct walk *k, const config_setting_t *root, struct pack *p);

/* Appends the patterns under `key`. */
int pack_patterns(struct walk *k, const config_setting_t *s, const char *key, bool regex,
    struct pack_pattern **v, size_t *n);
/* Appends the strings of s to l. */
int pack_words(struct walk *k, const config_setting_t *s, struct pack_list *l);
bool pack_good_name(const char *s);

#endif
