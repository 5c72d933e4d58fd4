#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Plugins that are objects, and do what they may not: before `tosctl plugin check' and `try',
`tosctl scan', `simulate', `tosd -t' and the daemon.  None gets out of the sandbox, none passes
for an answer, each is named, and `tosd -t' says what the daemon would."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from daemon import BUILD, SOURCE, Daemon, Site, skip, wait

SANITIZED = b"__asan_init" in pathlib.Path(BUILD + "/tosctl").read_bytes()
PLUGIN = r"""
#define _GNU_SOURCE
#include <tosd/policy.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static const struct tosd_host *host;
static int32_t rule;
static char mode[64];
#define IS(x) (strcmp(mode, x) == 0)
#define FAIL(x) do { *err = x; return TOSD_FAILED; } while (0)

static void *thread(void *arg) { for (;;) sleep(1); return arg; }
static void close_all(void) { for (int i = 0; i < 1024; i++) close(i); }

static int open_(const struct tosd_host *h, const struct tosd_str *set, void **state,
    const char **err)
{
	struct tosd_rule r = {sizeof(r), "bad/rule", 1, NULL, "9", "manners", TOSD_LOW,
	    TOSD_ENFORCE};
	pthread_t t;

	(void)state;
	host = h;
	snprintf(mode, sizeof(mode), "%s", set[0].ptr);
	if (IS("o-thread") && pthread_create(&t, NULL, thread, NULL) != 0)
		FAIL("no thread");
	if (IS("o-thread-quiet"))
		pthread_create(&t, NULL, thread, NULL);
	if (IS("o-fork") && fork() < 0)
		FAIL("no fork");
	if (IS("o-system") && system("true") != 0)
		FAIL("no system");
	if (IS("o-crash")) abort();
	if (IS("o-exit")) exit(0);
	if (IS("o-close")) close_all();
	if (IS("o-close-one")) close(2);
	if (IS("o-red")) FAIL("\033[31mred\nline \xff");
	if (IS("r-ignored")) {
		struct tosd_rule no = r;

		no.id = "bad/no";
		no.rev = 0;
		h->declare(h, &no, err);
	}
	rule = h->declare(h, &r, err);
	if (IS("m-ignored"))
		h->means(h, rule, "xx", err);
	return rule < 0 ? TOSD_FAILED : TOSD_DONE;
}

static int check(void *state, const struct tosd_item *item, struct tosd_report *report,
    const char **err)
{
	struct tosd_finding f = {sizeof(f), rule, 0.9, NULL, 0, {"why", 3}};
	struct tosd_str text = host->field(host, item, TOSD_TEXT);
	const char *p = memmem(text.ptr, text.len, "do:", 3);
	char was[sizeof(mode)];

	(void)state;
	memcpy(was, mode, sizeof(was));
	if (p != NULL)
		snprintf(mode, sizeof(mode), "%.*s", (int)strspn(p + 3,
		    "abcdefghijklmnopqrstuvwxyz-"), p + 3);
	if (IS("c-exit")) exit(0);
	if (IS("c-crash")) abort();
	if (IS("c-loop")) for (;;);
	if (IS("c-close")) close_all();
	if (IS("c-fork")) fork();
	if (IS("c-red")) { *err = "\033[31mred\nline"; return TOSD_DEGRADED; }
	memcpy(mode, was, sizeof(was));
	host->finding(host, report, &f);
	return TOSD_DONE;
}

static void close_(void *state) { (void)state; if (IS("x-crash")) abort(); }
#ifndef VERSION
#define VERSION "1"
#endif
#ifndef NAME
#define NAME "bad"
#endif
#ifndef ROW
#define ROW {"more", TOSD_STRING, "", "more of it"}
#endif
static const struct tosd_setting rows[] = {
    {"mode", TOSD_STRING, "good", "what to break"}, ROW};
TOSD_POLICY(.name = NAME, .version = VERSION, .needs = TOSD_NEED_TEXT, .open = open_,
    .check = check, .close = close_, .schema = rows, .nschema = 2);
"""

CLOSED = "which closed descriptors that are not its own"
# Mode, and what is said of it where plugins are only loaded.
OPENING = {
    "o-thread": "did not open: no thread", "o-fork": "did not open: no fork",
    "o-system": "did not open: no system", "o-crash": "killed by SIGABRT in open() of plugin `bad'",
    "o-exit": "the process was ended in open() of plugin `bad', by exit(0)",
    "o-close": "the process was ended in open() of plugin `bad', " + CLOSED,
    "o-close-one": "the process was ended in open() of plugin `bad', " + CLOSED,
    "x-crash": "killed by SIGABRT in close() of plugin `bad'"}
WALLS = ("o-thread", "o-fork", "o-system")  # a build with sanitizers has none
# Macros, and why the object is refused.
TABLES = {
    'VERSION="\\377"': "version must be", f'VERSION="{"1" * 5000}"': "version must be",
    'NAME="Bad"': "name must be [a-z][a-z0-9_-]*",
    'ROW={"mode",TOSD_STRING,"","x"}': "row 2 of its schema, mode stands there twice",
    'ROW={"a b",TOSD_STRING,"","x"}': "row 2 of its schema has a key that no line of tosd.conf",
    'ROW={"a\\033",TOSD_STRING,"","x"}': "row 2 of its schema has a key that no line",
    'ROW={"a\\n",TOSD_STRING,"","x"}': "row 2 of its schema has a key that no line",
    'ROW={"",TOSD_STRING,"","x"}': "row 2 of its schema has no key",
    'ROW={"more",TOSD_STRING,"","\\377"}': "row 2 of its schema, more has a doc that is not",
    'ROW={"more",TOSD_STRING,"","\\033[31m"}': "row 2 of its schema, more has a doc that is not"}


def run(*words, code=0, text=None, cwd=None):
    p = subprocess.run([str(w) for w in words], input=text, cwd=cwd, text=True, timeout=120,
                       check=False, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert p.returncode == code, (words, p.returncode, p.stdout[-2000:], p.stderr[-2000:])
    assert "\x1b" not in p.stdout + p.stderr, (words, p.stdout, p.stderr)
    return p.stdout, p.stderr


def tosctl(*words, **more):
    return run(BUILD + "/tosctl", *words, **more)


def build(source, so, *defines):
    run("cc", "-w", "-shared", "-fPIC", f"-I{SOURCE}/plugins", *("-D" + d for d in defines),
        "-o", so, source, "-lpthread")
    return so


def known(modes):
    return {m: w for m, w in modes.items() if not (SANITIZED and m in WALLS)}


def check_check(so):
    for mode, want in known(OPENING).items():
        out, said = tosctl("plugin", "check", "--set", f"mode={mode}", so, code=1)
        assert want in said and "good" not in out, (mode, out, said)
        out, _ = tosctl("plugin", "check", "--json", "--set", f"mode={mode}", so, code=1)
        assert want in json.loads(out.splitlines()[-1])["problems"][0], (mode, out)
    for mode, want in (("o-red", r"did not open: \x1b[31mred\x0aline"),
                       ("c-red", r"text-empty: degraded: bad: \x1b[31mred\x0aline"),
                       ("c-close", "in check() of plugin `bad', " + CLOSED)):
        _, said = tosctl("plugin", "check", "--set", f"mode={mode}", so, code=1)
        assert want in said, (mode, said)
    for mode, want in (("r-ignored", "its rev must be from 1"),
                       ("m-ignored", "what a rule means must be 64 hexadecimal digits")):
        _, said = tosctl("plugin", "check", "--set", f"mode={mode}", so, code=1)
        assert "was refused in open(), and it went on: " in said and want in said, said
    _, said = tosctl("plugin", "check", "--set", "m=\x1b[31m", so, code=1)
    assert "has no setting `m'" in said, said
    # What its file is called is not what is wrong with it.
    odd = os.fsencode(str(so)[:-3]) + b"\xff.so"
    shutil.copy(so, odd)
    for name, want in (("", ""), ("mode=c-crash", "in check() of plugin `bad'")):
        p = subprocess.run([BUILD + "/tosctl", "plugin", "check", "--json", "--name", "bad",
                            *(["--set", name] if name else ()), odd], timeout=120,
                           stdout=subprocess.PIPE)
        row = json.loads(p.stdout.decode())
        assert "\ufffd.so" in row["file"] and len(row["problems"]) == bool(name), row
        assert all(want in x for x in row["problems"]), row
    os.remove(odd)
    # One that does not mind is no problem: it has no thread.
    tosctl("plugin", "check", "--set", "mode=o-thread-quiet", so)


def check_try(so):
    rows = [{"id": 1, "text": "a"}, {"id": 2, "text": "do:c-close"}, {"id": 3, "text": "b"}]
    out, said = tosctl("plugin", "try", so, code=1,
                       text="".join(json.dumps(x) + "\n" for x in rows))
    got = [json.loads(x) for x in out.splitlines()]
    assert [len(r["findings"]) for r in got] == [1, 0, 1], got
    assert f"over line 2, {CLOSED}" in got[1]["degraded"], got
    assert "3 items, 2 findings, 1 degraded" in said and said.rstrip().endswith("; 1 crash"), said
    # Where no wall keeps it from making a copy of its process, the copy answers nothing.
    rows = [{"id": i, "text": "do:c-fork" if i % 3 == 0 else "a"} for i in range(12)]
    out, said = tosctl("plugin", "try", "--no-sandbox", so,
                       text="".join(json.dumps(x) + "\n" for x in rows))
    assert [json.loads(x)["id"] for x in out.splitlines()] == list(range(12)), out
    assert said.count(" items, ") == 1 and "12 items, 12 findings" in said, said


def check_way(so, folder):
    """Who may write a folder farther up could replace it, however it is named."""
    (folder / "wide/in").mkdir(parents=True)
    shutil.copy(so, folder / "wide/in")
    for mode, code in ((0o755, 0), (0o1777, 0), (0o777, 1)):
        (folder / "wide").chmod(mode)
        for cwd, name in ((None, folder / "wide/in/bad.so"), (folder, "wide/in/bad.so"),
                          (folder / "wide/in", "bad.so"), (folder / "wide/in", "../in/bad.so")):
            _, said = tosctl("plugin", "check", name, cwd=cwd, code=code)
            assert code == 0 or "/wide, which may be written by others" in said, (name, said)


def check_tables(folder, source):
    for define, want in TABLES.items():
        so = build(source, folder / "table.so", define)
        out, said = tosctl("plugin", "check", so, code=1)
        assert want in said and "good" not in out, (define, want, said)


def conf_of(d, *plugins, more=""):
    conf = d.path("tosd.conf").read_text()
    d.write("bad.conf", conf.replace("plugins = ( {", f"{more}plugins = ( {', '.join(plugins)}, {{",
                                     1))
    return d.path("bad.conf")


def row(so, mode, name='name = "bad"; '):
    return f'{{ {name}path = "{so}"; settings = {{ mode = "{mode}"; }}; }}'


def check_conf(d, so, folder, source):
    """tosd -t says what the daemon would find, and what scan and simulate do of it."""
    for mode, want in known(OPENING).items():
        _, said = run(BUILD + "/tosd", "-t", "-c", conf_of(d, row(so, mode)), code=1)
        assert want in said and "1 mistake\n" in said, (mode, said)
    so2 = build(source, folder / "utf.so", 'VERSION="\\377"')
    _, said = run(BUILD + "/tosd", "-t", "-c", conf_of(d, row(so2, "good")), code=1)
    assert "version must be" in said, said
    # A plugin without a name, and the others are looked at all the same.
    for name in ("", 'name = "Bad"; ', "name = 5; ", 'name = ""; '):
        conf = conf_of(d, row(so, "good", name), row(so, "o-crash"))
        _, said = run(BUILD + "/tosd", "-t", "-c", conf, code=1)
        assert "`name'" in said and "killed by SIGABRT in open() of plugin `bad'" in said and \
            "2 mistakes" in said, (name, said)
    _, said = run(BUILD + "/tosd", "-t", "-c", conf_of(d, "{ }", row(so, "o-exit")), code=1)
    assert "`name' is missing" in said and "by exit(0)" in said, said


ITEMS = '{"id": 1, "text": "a"}\n\n{"id": 2, "text": "do:%s"}\n{"id": 3, "text": "b"}\n'


def check_hosts(d, so):
    """Commands that judge by the plugins of a configuration: no answer is missing and none says
    so."""
    conf = conf_of(d, row(so, "good"))
    out, _ = tosctl("scan", "-c", conf, text=ITEMS % "nothing")
    assert [len(json.loads(x)["findings"]) for x in out.splitlines()] == [1, 1, 1], out
    for mode, want in (("c-exit", "the process was ended in check() of plugin `bad' over line 3, "
                        "by exit(0)"),
                       ("c-crash", "killed by SIGABRT in check() of plugin `bad' over line 3"),
                       ("c-close", "in check() of plugin `bad' over line 3, " + CLOSED)):
        _, said = tosctl("scan", "-c", conf, text=ITEMS % mode, code=3)
        assert want in said and "what is left is not judged" in said, (mode, said)
    story = d.path("story.json")
    story.write_text(json.dumps({
        "configuration": str(conf), "start": "2026-01-01T00:00:00Z", "end": "1d", "seed": 1,
        "events": [{"op": "post", "tenant": "forum", "at": "1h", "id": "a",
                    "text": "do:c-exit"}]}))
    _, said = tosctl("simulate", story, code=3)
    assert "the process was ended in check() of plugin `bad'" in said, said
    for mode in ("o-exit", "o-crash", "o-close"):
        conf = conf_of(d, row(so, mode))
        _, said = tosctl("scan", "-c", conf, text=ITEMS % "nothing", code=3)
        assert OPENING[mode] in said, (mode, said)
        _, said = tosctl("simulate", story, code=3)
        assert OPENING[mode] in said, (mode, said)


def check_daemon(so):
    """It is done without after three workers, and named; what it breaks in check() is degraded
    with its name, and the others judge."""
    events = [{"at": 0.0, "tenant": "forum", "op": "post", "id": "one", "title": "A post",
               "text": "do:c-close I will hurt you", "author": "someone"}]
    site = Site({"forum": {"page": 100}}, events)
    try:
        with Daemon({"forum": site.feed("forum")}, interval="1s") as d:
            shutil.copy(so, d.path("bad.so"))
            shutil.copy(conf_of(d, row(d.path("bad.so"), "good")), d.conf)
            d.start()
            wait("the post to be judged", lambda: d.query(
                "SELECT state FROM revision_state WHERE state = 2"), 60)
            (why,) = wait("it to be on record", lambda: [
                e["why"] for e in d.ledger() if e["kind"] == "degraded"])
            assert "bad" in why, why
            assert d.query("SELECT id FROM violation"), "the rules have not judged it"
            assert f"in check() of plugin `bad' over revision 1, {CLOSED}" in d.log(), d.log()
            d.stop()
            out, said = tosctl("policy", "backtest", "-c", d.conf, d.path("packs"), code=3)
            assert f"died in check() of plugin `bad' over revision 1, {CLOSED}" in said, said
            assert out == "", out
        with Daemon({"forum": site.feed("forum")}, interval="1s") as d:
            shutil.copy(so, d.path("bad.so"))
            shutil.copy(conf_of(d, row(d.path("bad.so"), "o-close"), more="workers = 1; "), d.conf)
            d.write("tosd.conf", d.conf.read_text().replace("workers = 2;", "", 1))
            d.spawn()
            wait("it to be done without",
                 lambda: "plugin `bad' has ended policy 0 3 times" in d.log(), 60)
            wait("the rules to judge", lambda: d.state.is_dir() and d.query(
                "SELECT id FROM violation"), 60)
            assert f"in open() of plugin `bad', {CLOSED}" in d.log(), d.log()
            d.stop()
    finally:
        site.stop()


def main():
    if shutil.which("cc") is None:
        skip("no cc")
    os.umask(0o022)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tosd-bad-", dir="/tmp"))
    try:
        folder.chmod(0o755)
        source = folder / "bad.c"
        source.write_text(PLUGIN)
        so = build(source, folder / "bad.so")
        check_check(so)
        check_try(so)
        check_tables(folder, source)
        check_way(so, folder)
        with Daemon({"forum": "http://127.0.0.1:9/feed"}, interval="1s") as d:
            check_conf(d, so, folder, source)
            check_hosts(d, so)
        check_daemon(so)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("no bad plugin gets out, and each is named")
    return 0


if __name__ == "__main__":
    sys.exit(main())
