#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What `tosctl plugin new' writes, as its user meets it: each kind is built against a copy of
what is installed (header and .pc file in a folder of their own), passes its own `make check',
fails it when it is broken, and judges in the real daemon, beside each other; `tosd -t' holds
the settings of the native one against its schema.  Then `tosctl plugin check': what it says of
good and of bad objects."""
import concurrent.futures
import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import sys
import tempfile

from daemon import BUILD, SOURCE, Daemon, Site, skip, wait

SANITIZED = b"__asan_init" in pathlib.Path(BUILD + "/tosctl").read_bytes()
KINDS = {"C": [], "autotools": ["--autotools"], "python": ["--python"], "shell": ["--shell"]}
PROBE = os.path.abspath(BUILD) + "/plugins/probe/.libs/"


def run(*words, cwd=None, env=None, code=0, text=None):
    words = [w if isinstance(w, bytes) else str(w) for w in words]
    p = subprocess.run(words, cwd=cwd, env=env, text=True, input=text,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300, check=False)
    assert p.returncode == code, (words, p.returncode, p.stdout[-3000:])
    return p.stdout


def installed(folder):
    """Header, .pc file and templates, as `make install' puts them; the environment to use
    them in."""
    run("make", "-C", BUILD, f"DESTDIR={folder}", "install-policyincludeHEADERS",
        "install-pkgconfigDATA", "install-template")
    (pc,) = folder.rglob("tosd-policy.pc")
    (there,) = folder.rglob("plugin-template")
    ours = pathlib.Path(SOURCE, "plugins/template")
    both = [{str(p.relative_to(d)): p.read_bytes() for p in d.rglob("*")
             if p.is_file() and p.name != ".clang-format"} for d in (there, ours)]
    assert both[0] == both[1], [sorted(x) for x in both]
    env = {k: v for k, v in os.environ.items() if not k.startswith("MAKE") and k != "MFLAGS"}
    env.update(PKG_CONFIG_PATH=str(pc.parent), PKG_CONFIG="pkg-config --define-prefix",
               TOSCTL=os.path.abspath(BUILD) + "/tosctl")
    return env


def make(folder, env, *words, code=0):
    return run("make", f"PKG_CONFIG={env['PKG_CONFIG']}", f"TOSCTL={env['TOSCTL']}", *words,
               cwd=folder, env=env, code=code)


def change(path, old, new):
    text = path.read_text()
    assert old in text, (path, old)
    path.write_text(text.replace(old, new, 1))


def build(folder, env, kind, name):
    """The file that tosd.conf is to name."""
    out = run(BUILD + "/tosctl", "plugin", "new", *KINDS[kind], name, folder)
    assert out.splitlines() and all(pathlib.Path(x).is_file() for x in out.splitlines()), out
    assert not any("@NAME@" in p.read_text() or "@IDENT@" in p.read_text() or
                   "@FILE@" in p.read_text() for p in folder.rglob("*") if p.is_file())
    if kind == "autotools":
        run("autoreconf", "-fi", cwd=folder, env=env)
        run("./configure", cwd=folder, env=env)
    if kind == "shell" and os.environ.get("TOSD_QUICK") == "1":  # reads a letter at a time
        said = run(BUILD + "/tosctl", "plugin", "try", "--expect", folder / f"{name}.sh",
                   text=(folder / "tests/items.ndjson").read_text())
    else:
        said = make(folder, env, "check")
    assert "12 as expected, 0 not" in said, said
    if kind in ("C", "autotools"):
        assert "selftest  passed" in said and said.count("good") == 1, said
        target = folder / (f"{name}.so" if kind == "C" else f".libs/{name}.so")
        dest = folder / "root"
        make(folder, env, f"DESTDIR={dest}", "install")
        (there,) = dest.rglob(f"{name}.so")
        assert there.parent.parent.name == "tosd", there
    else:
        target = folder / (name + (".py" if kind == "python" else ".sh"))
    if kind == "autotools":  # a folder for libraries counts as it does for anything else
        run("./configure", "--libdir=/opt/x/lib", cwd=folder, env=env)
        assert "plugindir = ${libdir}/tosd/plugins\n" in (folder / "Makefile").read_text()
        run("./configure", cwd=folder, env=env)
    if kind == "autotools":  # ... and not where tosd looks, unless it is asked to
        live = pathlib.Path(env["PKG_CONFIG_PATH"]).parent / "tosd/plugins" / f"{name}.so"
        live.parent.mkdir(parents=True)
        live.write_text("in use")
        make(folder, env, "distcheck")
        assert live.read_text() == "in use" and (folder / f"{name}-0.1.tar.gz").exists()
    return target


def breaks(folder, env, kind, name, target):
    """Its own test can fail: by its items, and, in C, by the test that it carries."""
    items = folder / "tests/items.ndjson"
    before = items.read_text()
    change(items, '"id":"within","text":"The spoilsports', '"id":"within","text":"The spoilsport')
    if kind in ("python", "shell"):  # the other cases take their time
        said = run(BUILD + "/tosctl", "plugin", "try", "--expect", target, text=items.read_text(),
                   code=1)
    else:
        said = make(folder, env, "check", code=2)
    assert f'item "within" is not as expected: has {name}/word' in said, said
    items.write_text(before)
    if kind == "C":
        source = folder / f"{name}.c"
        change(source, "strncasecmp(text.ptr + i, s->word, s->len) != 0",
               "strncasecmp(text.ptr, s->word, s->len) != 0")
        said = make(folder, env, "check", code=2)
        assert "failed its own test: does not find its word" in said, said
        change(source, "strncasecmp(text.ptr, s->word, s->len) != 0",
               "strncasecmp(text.ptr + i, s->word, s->len) != 0")
        make(folder, env, "check")


def in_daemon(files):
    """All of them at once, from the daemon's own configuration."""
    events = [{"at": 0.0, "tenant": "forum", "op": "post", "id": "one", "title": "A post",
               "text": "what a spoilsport", "author": "someone"}]
    site = Site({"forum": {"page": 100}}, events)
    try:
        with Daemon({"forum": site.feed("forum")}, interval="1s") as d:
            os.chmod(d.dir, 0o711)
            rows = []
            for name, path in files.items():
                to = d.path(name)
                to.mkdir()
                shutil.copy(path, to / path.name)
                (to / path.name).chmod(0o755)
                rows.append('{ name = "%s"; %s; }' % (
                    name, f'path = "{to / path.name}"; settings = {{ word = "spoilsport"; }}'
                    if path.suffix == ".so" else f'command = [ "{to / path.name}" ]'))
            conf = d.path("tosd.conf").read_text()
            conf = conf.replace("plugins = ( {", f"plugins = ( {', '.join(rows)}, {{", 1)
            d.write("tosd.conf", conf.replace("word = ", "wrod = ", 1))
            code, said = d.check()
            assert code == 1 and "has no setting `wrod'; it has: word, score" in said, said
            d.write("tosd.conf", conf.replace('word = "spoilsport"', "score = \"much\"", 1))
            code, said = d.check()
            assert code == 1 and "setting `score' must be a number" in said, said
            d.write("tosd.conf", conf)
            code, said = d.check()
            assert code == 0, said
            d.start()
            wait("all of them to find the word", lambda: sorted(
                r for (r,) in d.query("SELECT rule FROM finding")) ==
                sorted(f"{n}/word" for n in files))
            assert not d.query("SELECT id FROM violation"), "a new rule counts"
            d.stop()
            d.check_record()
    finally:
        site.stop()


def one_kind(folder, env, kind):
    name = f"my-{kind.lower()}"
    target = build(folder / name, env, kind, name)
    breaks(folder / name, env, kind, name, target)
    print(f"{kind}: built, tested, and its test fails when it is broken", flush=True)
    return name, target


def check_names(folder):
    for name in ("", "Bad", "9lives", "a--b", "a-", "../up", "a b", "x" * 33, "a_b", "\u00e4"):
        out = run(BUILD + "/tosctl", "plugin", "new", "--", name, folder / "none", code=2)
        assert "a plugin's name is" in out, (name, out)
    assert not (folder / "none").exists()
    run(BUILD + "/tosctl", "plugin", "new", "twice", folder / "twice")
    (folder / "twice/twice.c").write_text("mine")
    out = run(BUILD + "/tosctl", "plugin", "new", "twice", folder / "twice", code=3)
    assert "File exists" in out and (folder / "twice/twice.c").read_text() == "mine", out
    # All or nothing, whichever of them is there.
    (folder / "mine").mkdir()
    (folder / "mine/Makefile").write_text("mine")
    for kind in ([], ["--python"]):
        out = run(BUILD + "/tosctl", "plugin", "new", *kind, "twice", folder / "mine", code=3)
        assert "nothing is written" in out and "File exists" in out, out
        assert [p.name for p in (folder / "mine").iterdir()] == ["Makefile"], out
    for name in ("rules", "lists", "moderation", "classifier", "probe", "host"):
        out = run(BUILD + "/tosctl", "plugin", "new", name, folder / "none", code=2)
        assert "choose another name" in out and not (folder / "none").exists(), out
    # Wherever the option stands.
    out = run(BUILD + "/tosctl", "plugin", "new", "later", "--shell", cwd=folder)
    assert "later/later.sh\n" in out and not (folder / "--shell").exists(), out
    out = run(BUILD + "/tosctl", "plugin", "new", "--python", "--shell", "x", folder / "none",
              code=2)
    assert "exclude each other" in out and not (folder / "none").exists(), out


def check_full(folder):
    """Where a file fits in part alone none is written, and why is said."""
    def limits():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    p = subprocess.run([BUILD + "/tosctl", "plugin", "new", "full", folder / "full"],
                       preexec_fn=limits, capture_output=True, text=True, timeout=60, check=False)
    assert p.returncode == 3 and "full.c: No space left on device" in p.stderr, p
    assert not [f for _, _, files in os.walk(folder / "full") for f in files], p


def check_header(folder):
    """The plugin that the header begins with, by every compiler that there is."""
    text = pathlib.Path(SOURCE, "plugins/tosd/policy.h").read_text()
    begin = text.index(" *\t#include <string.h>")
    end = text.index(".open = open_, .check = check);") + len(".open = open_, .check = check);")
    sample = "".join(x[2:].removeprefix("\t") + "\n" for x in text[begin:end].split("\n"))
    for tool, std, name in (("gcc", "c11", "x.c"), ("clang", "c11", "x.c"),
                            ("g++", "c++20", "x.cc"), ("clang++", "c++20", "x.cc")):
        if shutil.which(tool) is None:
            print(f"header: no {tool}")
            continue
        (folder / name).write_text(sample)
        run(tool, f"-std={std}", "-Wall", "-Wextra", "-Werror", "-pedantic", "-shared", "-fPIC",
            f"-I{SOURCE}/plugins", "-o", folder / "x.so", folder / name)
        if not SANITIZED:
            out = run(BUILD + "/tosctl", "plugin", "check", folder / "x.so")
            assert "rule      manners/shouting rev 1, enforce" in out, out


def check_objects():
    """tosctl plugin check: what it says of objects, and that it outlives them."""
    out = run(BUILD + "/tosctl", "plugin", "check", "--json", PROBE + "probe.so")
    o = json.loads(out.splitlines()[-1])  # a sanitizer build says before that it is one
    assert o["name"] == "probe" and o["needs"] == "text" and o["texts"] >= 40, o
    assert o["rules"] == [{"rule": "probe/word", "rev": 3, "mode": "enforce", "severity": "low",
                           "category": "test", "clause": "9 Tests"}], o
    assert o["settings"][6] == {"key": "find", "type": "text", "preset": "found",
                                "value": "found", "doc": "finds this word"}, o["settings"]
    assert len(o["sha256"]) == 64 and o["selftest"] and not o["problems"], o
    for words, want in (
            (["--set", "open=crash", "probe.so"], "killed by SIGABRT in open() of plugin `probe'"),
            (["--set", "open=fail", "probe.so"], "did not open: told to fail"),
            (["--set", "selftest=false", "probe.so"], "failed its own test: told so"),
            (["--set", "abstain=word", "probe.so"], "degraded: probe: told to abstain"),
            (["--set", "bad=cut", "probe.so"], "made a span that cuts a character"),
            (["--set", "crush=x", "probe.so"], "has no setting `crush'"),
            (["--grant", "links", "probe.so"], "needs text, which is not granted"),
            (["major.so"], "made for version 2.0 of the plugin interface"),
            (["greedy.so"], "needs something that this tosd doesn't have (unknown 0x100000)"),
            (["--set", "open=exit", "probe.so"],
             "the process was ended in open() of plugin `probe', by exit("),
            (["--set", "open=hang", "--deadline", "1s", "probe.so"],
             "no answer within 1 s in open() of plugin `probe'; killed"),
            (["--set", "crush=x", "--set", "wall=3", "probe.so"], "has no setting `wall'"),
            (["nothing.so"], "exports no symbol tosd_policy"),
            (["none.so"], "No such file")):
        words[-1] = PROBE + words[-1]
        out = run(BUILD + "/tosctl", "plugin", "check", *words, code=1)
        assert want in out, (words, out)
    for fault, want in (("segv", "killed by SIGSEGV in check() of plugin `probe' over line 3"),
                        ("leak", "killed by SIGSEGV in check() of plugin `probe' over line 3"),
                        ("spin", "no answer within 1 s in check() of plugin `probe' over line 3; "
                         "killed"),
                        ("exit", "the process was ended in check() of plugin `probe'")):
        if fault == "leak" and SANITIZED:
            continue  # no limit of memory then
        out = run(BUILD + "/tosctl", "plugin", "try", "--set", "fault=zap!", "--deadline", "1s",
                  "--memory", "256", PROBE + "probe.so", code=1,
                  text="\n\n" + json.dumps({"id": 1, "text": "zap!" + fault}) + "\n")
        assert want in out, out
    # What a plugin prints is not among the results.
    p = subprocess.run([BUILD + "/tosctl", "plugin", "try", "--set", "fault=zap!",
                        PROBE + "probe.so"], input='{"id": 1, "text": "zap!print"}\n', text=True,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)
    assert [json.loads(x)["degraded"] for x in p.stdout.splitlines()] == [
        "probe: printed too much"], p.stdout[:300]
    said = [x for x in p.stderr.splitlines() if x.startswith("probe: ")]
    assert any("lines left out" in x for x in said) and len(said) < 200, p.stderr[-300:]
    for words, want in (
            (["--grant", "text,link"], '--grant: "link" must be among text, links, author, tenant'),
            (["--set", "clause"], '--set: "clause" must be KEY=VALUE'),
            (["--window", "0"], '--window: "0" must be from 1 to 1024'),
            (["--deadline", "soon"], '--deadline: "soon" must be a time of up to 1m'),
            (["--memory", "1"], '--memory: "1" must be MiB, from 16 to 65536'),
            (["--name", "Ugly name"], '--name: "Ugly name" must be 1 to 32 of a-z'),
            (["--set", "word=a", "--set", "word=b"], '--set: "word" must be given once'),
            (["--set", b"word=\xff"], '--set: "word=\\xff" must be UTF-8'),
            (["--case", "x"], "--case is not for `plugin check'"),
            (["--python"], "--python is not for `plugin check'")):
        out = run(BUILD + "/tosctl", "plugin", "check", *words, PROBE + "probe.so", code=2)
        assert want in out and len(out.splitlines()) == 2, (words, out)
    out = run(BUILD + "/tosctl", "plugin", "check", SOURCE + "/plugins/examples/links.sh", code=2)
    assert "is no shared object" in out, out


NOISY = r"""
#include <tosd/policy.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
static const struct tosd_host *host;
static const struct tosd_setting rows[] = {{"forks", TOSD_BOOL, "false", "whether it forks"}};
static void say(enum tosd_log level, const char *s)
{
	host->log(host, level, (struct tosd_str){s, strlen(s)});
}
static int open_(const struct tosd_host *h, const struct tosd_str *set, void **state,
    const char **errstr)
{
	struct tosd_rule r = {sizeof(r), "a/b", 1, NULL, "1", "x", TOSD_LOW, TOSD_SHADOW};

	(void)state;
	host = h;
	say(TOSD_LOG_INFO, "see \033[31m\nred");
	if (strcmp(set[0].ptr, "true") == 0)
		fork();
	return h->declare(h, &r, errstr) < 0 ? TOSD_FAILED : TOSD_DONE;
}
static int check(void *state, const struct tosd_item *item, struct tosd_report *report,
    const char **errstr)
{
	(void)state, (void)item, (void)report, (void)errstr;
	for (int i = 0; i < 100; i++)
		say(TOSD_LOG_WARN, "line");
	printf("wrote \033[31m%%d\n", 1);
	fflush(stdout);
	return TOSD_DONE;
}
TOSD_POLICY(.name = "noisy", .version = "1", .open = open_, .check = check, .schema = rows,
    .nschema = 1);
"""


def check_noise(folder):
    """Nothing that a plugin says comes raw to a terminal, and what is left out is counted."""
    source, so = folder / "noisy.c", folder / "noisy.so"
    source.write_text(NOISY.replace("%%", "%"))
    run("cc", "-shared", "-fPIC", "-fvisibility=hidden", "-Wall", "-Wextra", "-Werror",
        "-D_GNU_SOURCE", f"-I{SOURCE}/plugins", "-o", so, source)
    out = run(BUILD + "/tosctl", "plugin", "check", so)
    assert "tosctl: see \\x1b[31m\\x0ared\n" in out and "\x1b" not in out, out
    assert out.count("good\n") == 1, out
    if not SANITIZED:
        out = run(BUILD + "/tosctl", "plugin", "check", "--set", "forks=true", so)
        assert out.count("good\n") == 1 and "has forked" not in out, out
    out = run(BUILD + "/tosctl", "plugin", "check", "--no-sandbox", "--set", "forks=true", so)
    assert out.count("good\n") == 1 and "plugin `noisy' has forked" in out, out
    out = run(BUILD + "/tosctl", "plugin", "try", so, text='{"id": 1, "text": "a"}\n')
    assert out.count("noisy: line\n") == 20 and "noisy: (80 lines left out)" in out, out
    assert "noisy: wrote \\x1b[31m1\n" in out and "\x1b" not in out, out
    # Where others may write the folder the daemon refuses it.
    (folder / "wide").mkdir()
    shutil.copy(so, folder / "wide")
    (folder / "wide").chmod(0o777)
    out = run(BUILD + "/tosctl", "plugin", "check", folder / "wide/noisy.so", code=1)
    assert "lies in a folder that may be written by others" in out and "good" not in out, out
    out = run(BUILD + "/tosctl", "plugin", "conform", so, code=2)
    assert "`plugin conform' is for programs" in out, out


def tried(*words, text, code=1):
    p = subprocess.run([BUILD + "/tosctl", "plugin", "try", "--set", "fault=zap!", *words,
                        PROBE + "probe.so"], input=text, text=True, stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, timeout=120, check=False)
    assert p.returncode == code, (p.returncode, p.stdout, p.stderr)
    return [json.loads(x) for x in p.stdout.splitlines()], p.stderr


def check_crashes():
    """A line that ends the process has its answer, and so have those before and behind."""
    lines = [{"id": "a", "text": "found"}, {"id": "b", "text": "zap!abort"},
             {"id": "c", "text": "found"}, {"id": "d", "text": "zap!exit"},
             {"id": "e", "text": "found", "expect": "probe/word"}]
    rows, said = tried("--expect", text="\n" + "\n".join(json.dumps(x) for x in lines))
    assert [r["id"] for r in rows] == list("abcde"), rows
    assert [len(r["findings"]) for r in rows] == [1, 0, 1, 0, 1], rows
    assert rows[1]["degraded"].startswith("probe: killed by SIGABRT in check()"), rows
    assert ["degraded" in r for r in rows] == [False, True, False, True, False], rows
    assert 'tosctl: line 3 (id "b"): killed by SIGABRT in check() of plugin `probe\'' in said, said
    assert "5 items, 3 findings, 2 degraded" in said and "; 2 crashes" in said, said
    assert 'item "e": `expect\' must be a list of rules' in said, said
    rows, said = tried(text="".join('{"id": %d, "text": "zap!abort"}\n' % i for i in range(8)) +
                       '{"id": 8, "text": "\\u0000"}\n')
    assert [r.get("degraded", "").split(": ")[1] for r in rows[:8]] == [
        "killed by SIGABRT in check() of plugin `probe' over line %d" % (i + 1)
        for i in range(5)] + ["not asked"] * 3, rows
    assert rows[8] == {"line": 9, "error": "\\u0000 may stand in no text"}, rows
    rows, said = tried("--expect", text='{"id": 1, "text": "a", "expect": ["\\u001b[0m"]}\n')
    assert "is not as expected: lacks \\x1b[0m" in said, said
    rows, said = tried(text='{"id": 1, "text": "zap!close"}\n')
    assert rows[0]["id"] == 1 and "closed descriptors that are not its own" in said, said
    out = run(BUILD + "/tosctl", "plugin", "check", "--json", "--set", "open=crash",
              PROBE + "probe.so", code=1)
    assert json.loads(out.splitlines()[-1])["problems"] == [
        "killed by SIGABRT in open() of plugin `probe'"], out


def check_configuration():
    """tosd -t outlives plugins that crash, end the process or are no whole object: each is one
    mistake with its place, and those beside it are tested all the same."""
    rows, faults = [], {
        "segv": "killed by SIGABRT in open() of plugin `segv'",
        "ends": "the process was ended in open() of plugin `ends', by exit(",
        "other": "has no setting `crush'", "both": "has no setting `wall'",
        "silly": "did not open: returned 7, which is no result of open()"}
    sets = {"segv": 'open = "crash"', "ends": 'open = "exit"', "other": 'crush = "x"',
            "both": 'wall = "x"; selftest = "maybe"', "silly": 'open = "seven"'}
    with Daemon({"forum": "http://127.0.0.1:9/feed"}, interval="1s") as d:
        os.chmod(d.dir, 0o711)
        for name, text in sets.items():
            shutil.copy(PROBE + "probe.so", d.path(name + ".so"))
            rows.append(f'{{ name = "{name}"; path = "{d.path(name + ".so")}"; '
                        f'settings = {{ {text}; }} }}')
        shutil.copy(PROBE + "probe.so", d.path("open.so"))
        d.path("open.so").chmod(0o722)
        rows.append(f'{{ name = "open"; path = "{d.path("open.so")}" }}')
        d.path("wide").mkdir()
        d.path("wide").chmod(0o777)
        shutil.copy(PROBE + "probe.so", d.path("wide/wide.so"))
        rows.append(f'{{ name = "wide"; path = "{d.path("wide/wide.so")}" }}')
        whole = pathlib.Path(PROBE + "probe.so").read_bytes()
        d.path("cut.so").write_bytes(whole[:8000])
        d.path("cut.so").chmod(0o700)
        rows.append(f'{{ name = "cut"; path = "{d.path("cut.so")}" }}')
        # What is no setting, and a number that libconfig would keep as another one.
        shutil.copy(PROBE + "probe.so", d.path("holes.so"))
        rows.append(f'{{ name = "holes"; path = "{d.path("holes.so")}"; settings = '
                    '{ crash = [ "a" ]; hang = { a = 1; }; whole = 3000000000; }; }')
        conf = d.path("tosd.conf").read_text()
        d.write("tosd.conf", conf.replace("plugins = ( {", "plugins = (\n" +
                                          ",\n".join(rows) + ", {", 1))
        code, said = d.check()
    print(said)
    lines = said.splitlines()
    text = conf[:conf.index("plugins = ( {")]
    first = text.count("\n") + 2
    for i, name in enumerate(sets):
        want = faults[name]
        assert sum(want in x and f":{first + i}" in x for x in lines) == 1, (want, said)
    assert sum("setting `selftest' must be true or false" in x for x in lines) == 1, said
    assert sum("open.so" in x for x in lines) == 1, said
    assert sum("wide" in x for x in lines) == 1 and any(
        f":{first + 6}" in x and "lies in a folder that may be written by others" in x
        for x in lines), said
    assert any(f":{first + 7}" in x and "cut" in x for x in lines), said
    holes = [x for x in lines if f"tosd.conf:{first + 8}:" in x]
    assert len(holes) == 3 and sum("are strings, numbers" in x for x in holes) == 2, said
    assert any("with an L behind it" in x for x in holes) and "holes'" not in said, said
    assert code == 1 and lines[-1].endswith("tosd.conf: 12 mistakes"), said


def main():
    for tool in ("cc", "pkg-config", "make"):
        if shutil.which(tool) is None:
            skip(f"no {tool}")
    if not os.path.exists(PROBE + "probe.so"):
        skip(f"no {PROBE}probe.so")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tosd-new-", dir="/tmp"))
    try:
        folder.chmod(0o755)
        env = installed(folder / "installed")
        kinds = list(KINDS)
        if not all(shutil.which(t) for t in ("autoreconf", "automake", "libtoolize")):
            print("autotools: left out, they are not installed")
            kinds.remove("autotools")
        os.umask(0o002)  # as many have it: the plugin must be loaded all the same
        with concurrent.futures.ThreadPoolExecutor(len(kinds)) as pool:
            files = dict(pool.map(lambda kind: one_kind(folder, env, kind), kinds))
        os.umask(0o022)
        check_names(folder)
        check_full(folder)
        check_header(folder)
        check_objects()
        check_noise(folder)
        check_crashes()
        check_configuration()
        in_daemon(files)
        print(f"{len(files)} new plugins judge in one daemon")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
