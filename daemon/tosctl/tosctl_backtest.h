/* SPDX-License-Identifier: Apache-2.0 */
/* tosctl_backtest: `tosctl policy backtest', candidate packs over what was seen. */
#ifndef TOSD_TOSCTL_BACKTEST_CMD_H
#define TOSD_TOSCTL_BACKTEST_CMD_H

/* argv[0] is "backtest".  0 done, 1 a pack does not load, 2 usage, 3 cannot. */
int tosctl_backtest(int argc, char **argv);

#endif
