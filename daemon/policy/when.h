/* SPDX-License-Identifier: Apache-2.0 */
/*
 * when: names in a plugin's setting `when', which says after which findings of others it
 * looks at an item: a name that no rule has would keep it silent for ever, and nobody
 * would know.  Form as in `moderation': "violence, threat/direct:0.4, threat/wish-*".
 */
#ifndef TOSD_POLICY_WHEN_H
#define TOSD_POLICY_WHEN_H

#include "conf/conf.h"
#include "ipc/msg.h"

/* What is wrong with p's `when', as a line for people; xmalloc'd.  NULL: each name is a
 * category or rule of another plugin, or the beginning of rules; or p has no such setting,
 * or is not granted what others found. */
char *policy_when_unknown(const struct conf_plugin *p, const struct msg_rules *rules);

#endif
