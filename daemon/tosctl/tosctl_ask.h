/* SPDX-License-Identifier: Apache-2.0 */
/* tosctl_ask: commands that a running daemon answers, over its control socket. */
#ifndef TOSD_TOSCTL_ASK_H
#define TOSD_TOSCTL_ASK_H

/* argv[0] names the command (status, tenants, decide ...).  Returns the exit code. */
int tosctl_ask(int argc, char **argv);
/* `policy' or `lists' and a word that the daemon answers; -1: it is none of these. */
int tosctl_ask_pair(int argc, char **argv);

#endif
