/* SPDX-License-Identifier: Apache-2.0 */
/* later: see later.h.  A ring of calls that were given and are not done; its owner
 * adds, the thread takes. */
#include "base/later.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/log.h"

#define WAITING_MAX 64 /* then whoever gives another one waits for the first */

struct call {
	void (*fn)(void *arg);
	void *arg;
};

struct later {
	pthread_mutex_t lock; /* for all below */
	pthread_cond_t given_one, done_one;
	struct call ring[WAITING_MAX];
	uint64_t given, done; /* calls ever */
	bool ending;

	pthread_t thread; /* once started; the owner's */
	bool started;
};

static void *
work(void *arg)
{
	struct later *l = arg;

	pthread_mutex_lock(&l->lock);
	while (l->done < l->given || !l->ending) {
		struct call c;

		if (l->done == l->given) {
			pthread_cond_wait(&l->given_one, &l->lock);
			continue;
		}
		c = l->ring[l->done % WAITING_MAX];
		pthread_mutex_unlock(&l->lock);
		c.fn(c.arg);
		pthread_mutex_lock(&l->lock);
		l->done++;
		pthread_cond_signal(&l->done_one);
	}
	pthread_mutex_unlock(&l->lock);
	return NULL;
}

/* All signals are the loop's business. */
void
later_start(struct later *l)
{
	sigset_t all, before;
	int rc;

	if (l->started)
		return;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&l->thread, NULL, work, l);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc != 0)
		log_warn("later", "the system gives no thread: this process waits for "
				  "the disk itself");
	l->started = rc == 0;
}

struct later *
later_new(void)
{
	struct later *l = xcalloc(1, sizeof(*l));

	pthread_mutex_init(&l->lock, NULL);
	pthread_cond_init(&l->given_one, NULL);
	pthread_cond_init(&l->done_one, NULL);
	return l;
}

void
later_free(struct later **lp)
{
	struct later *l = *lp;

	if (l == NULL)
		return;
	pthread_mutex_lock(&l->lock);
	l->ending = true;
	pthread_cond_signal(&l->given_one);
	pthread_mutex_unlock(&l->lock);
	if (l->started)
		pthread_join(l->thread, NULL);
	pthread_mutex_destroy(&l->lock);
	pthread_cond_destroy(&l->given_one);
	pthread_cond_destroy(&l->done_one);
	free(l);
	*lp = NULL;
}

uint64_t
later_do(struct later *l, void (*call)(void *arg), void *arg)
{
	uint64_t number;

	if (!l->started) {
		call(arg);
		l->done++;
		return ++l->given;
	}
	pthread_mutex_lock(&l->lock);
	while (l->given - l->done == WAITING_MAX)
		pthread_cond_wait(&l->done_one, &l->lock);
	l->ring[l->given % WAITING_MAX] = (struct call){call, arg};
	number = ++l->given;
	pthread_cond_signal(&l->given_one);
	pthread_mutex_unlock(&l->lock);
	return number;
}

void
later_wait(struct later *l, uint64_t number)
{
	pthread_mutex_lock(&l->lock);
	while (l->done < number)
		pthread_cond_wait(&l->done_one, &l->lock);
	pthread_mutex_unlock(&l->lock);
}

bool
later_is_done(struct later *l, uint64_t number)
{
	bool done;

	pthread_mutex_lock(&l->lock);
	done = l->done >= number;
	pthread_mutex_unlock(&l->lock);
	return done;
}
