/* SPDX-License-Identifier: Apache-2.0 */
/* tosctl_moderation: `tosctl moderation test'. */
#ifndef TOSD_TOSCTL_TOSCTL_MODERATION_H
#define TOSD_TOSCTL_TOSCTL_MODERATION_H

int tosctl_moderation(int argc, char **argv);

#endif
