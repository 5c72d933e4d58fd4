/* SPDX-License-Identifier: Apache-2.0 */
/* tosctl_feed: the command `tosctl feed check`. */
#ifndef TOSD_TOSCTL_FEED_H
#define TOSD_TOSCTL_FEED_H

/* argv[0] is "feed".  0 it can be read, 1 it cannot or is no feed, 2 usage, 3 it could
 * not be tried (configuration, our own network). */
int tosctl_feed(int argc, char **argv);

#endif
