/* SPDX-License-Identifier: Apache-2.0 */
/*
 * abi: plugins of other versions of the interface, one per value of ABI_CASE, to test
 * the gate.  Never installed.
 */
#include <tosd/policy.h>

#define OLDER 1	  /* a table that ends after the mandatory slots */
#define NEWER 2	  /* 1.9: slots that this host does not know */
#define MAJOR 3	  /* 2.0 */
#define NOTHING 4 /* no symbol at all */
#define CODE 5	  /* the symbol is a function */
#define SHORT 6	  /* not even the mandatory slots */
#define LIAR 7	  /* says that it is longer than it is */
#define GREEDY 8  /* needs what no host knows */
#define NOCHECK 9 /* check is NULL */
#define NAME 10	  /* a name that is none */
#define ROWS 11	  /* counts settings that it has not */
#define PRESET 12 /* a preset that its own type forbids */
#define OPTIONAL (ABI_CASE == NEWER || ABI_CASE == ROWS || ABI_CASE == PRESET)

#if ABI_CASE == NOTHING
extern const int tosd_nothing;
const int tosd_nothing = 1;
#elif ABI_CASE == CODE
int not_a_table(void) __asm__("tosd_policy");
int
not_a_table(void)
{
	return 0;
}
#else
static const struct tosd_host *host;

static int
abi_open(const struct tosd_host *h, const struct tosd_str *settings, void **state,
    const char **errstr)
{
	static const struct tosd_rule r = {
	    sizeof(r), "abi/all", 1, NULL, "9 Tests", "test", TOSD_LOW, TOSD_SHADOW};

	(void)settings, (void)state;
	host = h;
	return h->declare(h, &r, errstr) == 0 ? TOSD_DONE : TOSD_FAILED;
}

#if ABI_CASE != SHORT
static int
abi_check(void *state, const struct tosd_item *item, struct tosd_report *report,
    const char **errstr)
{
	struct tosd_finding f = {sizeof(f), 0, 1, NULL, 0, {"all", 3}};

	(void)state, (void)item, (void)errstr;
	return host->finding(host, report, &f) == 0 ? TOSD_DONE : TOSD_DEGRADED;
}
#endif

struct table {
	size_t size;
	uint32_t abi_major, abi_minor;
	const char *name, *version;
	uint32_t needs;
	int (*open)(
	    const struct tosd_host *, const struct tosd_str *, void **, const char **);
#if ABI_CASE != SHORT
	int (*check)(
	    void *, const struct tosd_item *, struct tosd_report *, const char **);
#endif
#if OPTIONAL
	void (*close)(void *);
	const struct tosd_setting *schema;
	size_t nschema;
	int (*selftest)(void *, const char **);
#endif
#if ABI_CASE == NEWER
	long later[8];
#endif
};

#if ABI_CASE == PRESET
static const struct tosd_setting rows[] = {{"much", TOSD_NUMBER, "lots", "how much"}};
#endif

/* By its name for the linker: the header has declared the symbol with its own type. */
extern const struct table exported __asm__("tosd_policy");
const struct table exported __attribute__((visibility("default"))) = {
    .size = ABI_CASE == LIAR ? sizeof(struct tosd_policy) : sizeof(struct table),
    .abi_major = ABI_CASE == MAJOR ? 2 : 1,
    .abi_minor = ABI_CASE == NEWER ? 9 : 0,
    .name = ABI_CASE == NAME ? "No Name" : "abi",
    .version = "1",
    .needs = ABI_CASE == GREEDY ? 1u << 20 : 0,
    .open = abi_open,
#if ABI_CASE != SHORT
    .check = ABI_CASE == NOCHECK ? NULL : abi_check,
#endif
#if ABI_CASE == ROWS || ABI_CASE == PRESET
    .nschema = 1,
#endif
#if ABI_CASE == PRESET
    .schema = rows,
#endif
#if ABI_CASE == NEWER
    .later = {1, 2, 3, 4, 5, 6, 7, 8},
#endif
};
#endif
