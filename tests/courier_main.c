/* SPDX-License-Identifier: Apache-2.0 */
/*
 * courier_main: sends one mail (on standard input) through the courier and prints what
 * became of it, while it counts how often it could have answered a ping.  For
 * test_courier.py.
 *	courier_main smtp|starttls|sendmail URL|PROGRAM TIMEOUT-MS FROM TO
 *	    [USER PASSWORD] [CA-FILE]
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "notice/courier.h"

static const char *const outcomes[] = {"ok", "soft", "hard", "unknown"};

int
main(int argc, char **argv)
{
	struct conf_courier conf = {.transport = CONF_MAIL_SMTP};
	struct courier_extras extras = {.helo = "host.example"};
	struct courier_job job = {.id = 7};
	struct courier_result r = {0};
	struct courier *c = NULL;
	struct err e = ERR_INIT;
	int64_t begin = clock_steady(), last = begin, gap = 0;
	unsigned pings = 0;

	if (argc < 6)
		return 2;
	conf.starttls = strcmp(argv[1], "starttls") == 0;
	if (strcmp(argv[1], "sendmail") == 0)
		conf.transport = CONF_MAIL_SENDMAIL;
	conf.url = conf.sendmail = argv[2];
	conf.timeout = atoi(argv[3]);
	if (argc > 7 && argv[6][0] != '\0') {
		conf.username = argv[6];
		extras.password = argv[7];
	}
	if (argc > 8)
		extras.ca_file = argv[8];
	job.sender = xstrdup(argv[4]);
	job.recipient = xstrdup(argv[5]);
	if (file_read_fd(STDIN_FILENO, "mail", 64 << 20, &job.bytes, &e) != 0 ||
	    courier_new(&conf, &extras, &c, &e) != 0) {
		fprintf(stderr, "%s\n", e.text);
		return 2;
	}
	courier_give_take(c, &job);
	for (;;) {
		struct pollfd p = {courier_fd(c), POLLIN, 0};
		int n = poll(&p, 1, 20);

		gap = clock_steady() - last > gap ? clock_steady() - last : gap;
		last = clock_steady();
		pings++;
		if (n > 0 && courier_next(c, &r))
			break;
	}
	printf("%s %d %u %lld %lld %s\n", outcomes[r.outcome], r.code, pings,
	    (long long)gap, (long long)(clock_steady() - begin), r.reply);
	courier_result_clear(&r);
	courier_free(&c);
	return 0;
}
