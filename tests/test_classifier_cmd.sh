#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test_classifier_cmd: tosctl classifier train, evaluate and calibrate, and tosctl scan with
# the model that comes out: options, exit codes, files, the same bytes twice.
set -u
srcdir=${srcdir:-.}
builddir=${builddir:-.}
tosctl=$builddir/tosctl
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT

fail() {
	echo "FAILED: $1"
	cat "$dir/out" "$dir/err" 2>/dev/null
	exit 1
}

# run CODE ARGUMENTS...
run() {
	code=$1
	shift
	"$tosctl" "$@" >"$dir/out" 2>"$dir/err" </dev/null
	got=$?
	[ $got -eq "$code" ] || fail "tosctl $*: exit $got, wanted $code"
}

said() {
	grep -q -- "$1" "$dir/out" "$dir/err" || fail "no word of \`$1'"
}

# rows: acts and the same with something harmless.
rows() {
	for who in them you her him 'the judges' 'every banker' 'those men'; do
		for act in kill shoot stab strangle hang; do
			echo "{\"text\":\"I will $act $who tonight\",\"label\":1,\"source\":\"s-$1\"}"
			echo "{\"text\":\"He told the court they $act $who in the film\",\"label\":0}"
		done
		for act in paint feed thank visit; do
			echo "{\"text\":\"I will $act $who tonight\",\"label\":0,\"category\":\"calm\"}"
		done
	done
}
rows a >"$dir/a.jsonl"
rows b | sed 's/tonight/next week/' >"$dir/b.jsonl"
# One small pack of rules, which is compiled quickly.
mkdir "$dir/packs"
cat >"$dir/packs/p.conf" <<'END'
pack = { name = "p"; version = 1; owner = "me"; };
clauses = ( { id = "1"; text = "Violence"; } );
rules = ( { id = "a"; rev = 1; mode = "enforce"; category = "violence"; clause = "1";
	severity = "high"; score = 0.9; reason = "says {match}"; phrases = [ "i will kill" ]; } );
tests = { fail = [ "I will kill", "i will kill them", "and i will kill" ];
	ok = [ "hello", "kill", "i will call" ]; twins = ( [ "i will kill him", "i will kill her" ] ); };
END
set -- --policies "$dir/packs" --lexicon "$srcdir/plugins/classifier/lexicon.txt"

run 0 classifier train "$@" --out "$dir/one.model" "$dir/a.jsonl" "$dir/b.jsonl"
[ -s "$dir/one.card" ] || fail 'no card'
said ': 196 rows and [1-9][0-9]* made from them, threshold'
digest=$(sha256sum <"$dir/a.jsonl" | cut -d' ' -f1)
for word in "$digest" 's-a' 'held-out folds' 'Limits' 'Seed 1' '^others, part 2' \
	'each source was judged by a'; do
	grep -q -- "$word" "$dir/one.card" || fail "the card lacks $word"
done
run 0 classifier train "$@" --out "$dir/two.model" "$dir/a.jsonl" "$dir/b.jsonl"
cmp -s "$dir/one.model" "$dir/two.model" || fail 'not the same bytes'
run 0 classifier train "$@" --quick --seed 7 --out "$dir/three.model" "$dir/a.jsonl" "$dir/b.jsonl"
cmp -s "$dir/one.model" "$dir/three.model" && fail 'the seed changes nothing'
grep -q '^others, part' "$dir/three.card" && fail 'sources left out in spite of --quick'
# What is only learned from: the same weights, other figures.
run 0 classifier train "$@" --quick --seed 7 --learn-only s-a --out "$dir/only.model" \
	"$dir/a.jsonl" "$dir/b.jsonl"
grep -q '^s-a .* only learned from$' "$dir/only.card" || fail 'the card lacks --learn-only'
[ "$(cmp -l "$dir/only.model" "$dir/three.model" | wc -l)" -le 80 ] || fail 'other weights'
cmp -s "$dir/only.model" "$dir/three.model" && fail '--learn-only changes nothing'
[ "$(wc -c <"$dir/one.model")" -le 1048576 ] || fail 'larger than 1 MiB'

# The card says of which model it is, and who measures one hears where it is another's.
grep -q "^$(sha256sum <"$dir/one.model" | cut -d' ' -f1)\$" "$dir/one.card" ||
	fail 'the card does not name its model'
run 0 classifier evaluate --model "$dir/one.model" "$dir/a.jsonl"
[ ! -s "$dir/err" ] || fail 'a warning about the card of the model'
cp "$dir/three.model" "$dir/mixed.model"
run 0 classifier evaluate --model "$dir/mixed.model" "$dir/a.jsonl"
[ ! -s "$dir/err" ] || fail 'a warning about no card'
cp "$dir/one.card" "$dir/mixed.card"
run 0 classifier evaluate --model "$dir/mixed.model" "$dir/a.jsonl"
said '^tosctl: warning: .*/mixed.card is of another model than .*/mixed.model: '
rm "$dir/mixed.card" "$dir/mixed.model"
# Both or neither: where the card cannot be written the model stays the one that it is of.
mkfifo "$dir/late.jsonl"
cp "$dir/three.model" "$dir/both.model"
cp "$dir/three.card" "$dir/both.card"
"$tosctl" classifier train "$@" --quick --out "$dir/both.model" "$dir/late.jsonl" \
	>"$dir/out" 2>"$dir/err" &
{ mkdir "$dir/both.card.part"; cat "$dir/a.jsonl"; } >"$dir/late.jsonl"
wait $!
[ $? -eq 3 ] || fail 'a card that cannot be written: not 3'
said 'both.card.part'
rmdir "$dir/both.card.part"
cmp -s "$dir/three.model" "$dir/both.model" || fail 'a new model beside an old card'
cmp -s "$dir/three.card" "$dir/both.card" || fail 'another card'
[ -z "$(find "$dir" -name '*.part')" ] || fail 'a part is left of one of both'
rm "$dir/late.jsonl"

run 0 classifier evaluate --model "$dir/one.model" "$dir/a.jsonl"
said '^all '
said '^source    s-a'
said '^category  calm'
run 0 classifier evaluate --json --model "$dir/one.model" "$dir/a.jsonl"
python3 -c '
import json, sys
rows = [json.loads(l) for l in open(sys.argv[1])]
assert rows[0]["kind"] == "all" and rows[0]["auprc"] > 0.9, rows[0]
' "$dir/out" || fail 'evaluate --json'

cp "$dir/one.model" "$dir/four.model"
run 0 classifier calibrate --policies "$dir/packs" --model "$dir/four.model" --precision 0.5 "$dir/b.jsonl"
said 'threshold'
cmp -s "$dir/one.model" "$dir/four.model" && fail 'calibrate changed nothing'
said "four.model: written"
# The installed model is written over by nobody who does not name it.
run 2 classifier calibrate --policies "$dir/packs" --precision 0.5 "$dir/b.jsonl"
said 'say where to write with --out'
run 2 classifier evaluate --model "$dir/one.model" --out "$dir/x.model" "$dir/a.jsonl"
said 'classifier evaluate: there is no option --out here'
run 2 classifier calibrate "$@" --model "$dir/one.model" --out "$dir/x.model" "$dir/b.jsonl"
said 'classifier calibrate: there is no option --lexicon here'
run 2 classifier train "$@" --json --out "$dir/x.model" "$dir/b.jsonl"
said 'classifier train: there is no option --json here'
# A source a row, as where it is an address: no row is compared with all others.
awk 'BEGIN { for (i = 0; i < 200000; i++)
	printf "{\"text\":\"a\",\"label\":%d,\"source\":\"s%d\"}\n", i % 2, i * 7919 % 200000 }' \
	>"$dir/many.jsonl"
timeout 100 "$tosctl" classifier evaluate --json --model "$dir/one.model" "$dir/many.jsonl" \
	>"$dir/out" 2>"$dir/err" || fail 'sources without end'
[ "$(wc -l <"$dir/out")" -eq 200001 ] && [ "$(sed -n 3p "$dir/out" | cut -d, -f2)" = '"name":"s7919"' ] ||
	fail 'sources in another order'
rm "$dir/many.jsonl"
run 0 classifier evaluate --model "$dir/four.model" "$dir/a.jsonl"

# Outputs are looked at before any work: what is no regular file stays what it is, what is
# read here is not written over, and nothing is left of what failed.
mkfifo "$dir/pipe.model" "$dir/dev.card"
mkdir "$dir/folder"
ln -s one.model "$dir/link.model"
cp "$dir/a.jsonl" "$dir/own.jsonl"
ln "$dir/own.jsonl" "$dir/own.model"
cp "$srcdir/plugins/classifier/lexicon.txt" "$dir/words.txt"
for out in pipe.model dev.model folder folder/ link.model own.jsonl own.model nosuch/x.model x.card; do
	run 3 classifier train "$@" --out "$dir/$out" "$dir/own.jsonl"
done
said 'x.card is what its card would be called'
run 3 classifier train --policies "$dir/packs" --lexicon "$dir/words.txt" --out "$dir/words.txt" "$dir/a.jsonl"
said 'words.txt is read here'
run 3 classifier train "$@" --measure "$dir/b.jsonl" --out "$dir/b.jsonl" "$dir/a.jsonl"
run 3 classifier calibrate --policies "$dir/packs" --model "$dir/one.model" --out "$dir/pipe.model" "$dir/b.jsonl"
said 'no regular file'
run 3 classifier calibrate --policies "$dir/packs" --model "$dir/one.model" --out "$dir/b.jsonl" "$dir/b.jsonl"
run 3 classifier calibrate --policies "$dir/packs" --model "$dir/link.model" "$dir/b.jsonl"
[ -p "$dir/pipe.model" ] && [ -p "$dir/dev.card" ] && [ -d "$dir/folder" ] || fail 'replaced'
[ -L "$dir/link.model" ] || fail 'a link was replaced'
cmp -s "$dir/own.jsonl" "$dir/a.jsonl" || fail 'the texts were written over'
rows b | sed 's/tonight/next week/' | cmp -s - "$dir/b.jsonl" || fail 'the texts were written over'
[ -z "$(find "$dir" -name '*.part')" ] || fail 'a part is left'

# What there is to doubt: said once, and in the card.
doubted() {
	grep -q "^tosctl: warning: .*$1" "$dir/err" || fail "no warning of $1"
	[ -z "${2-}" ] || tr '\n' ' ' <"$2" | grep -q "Doubts .*$1" || fail "the card lacks $1"
}
grep 'tonight' "$dir/a.jsonl" >"$dir/clean.jsonl"
run 0 classifier train "$@" --quick --out "$dir/clean.model" "$dir/clean.jsonl"
[ ! -s "$dir/err" ] || fail 'doubts without a reason'
grep -q '^Doubts' "$dir/clean.card" && fail 'a card doubts without a reason'
{ cat "$dir/clean.jsonl"; sed -n '1p;3p' "$dir/clean.jsonl"
	sed -n 1p "$dir/clean.jsonl" | sed 's/"label":1/"label":0/'; } >"$dir/twice.jsonl"
run 0 classifier train "$@" --quick --out "$dir/doubt.model" "$dir/twice.jsonl"
doubted '3 of 66 rows have the text of another one; 1 texts are labelled both' "$dir/doubt.card"
run 0 classifier train "$@" --learn-only s-a --learn-only unnamed --out "$dir/doubt.model" "$dir/a.jsonl"
doubted 'every source is only learned from' "$dir/doubt.card"
doubted 'the threshold is 1, and nothing is ever found' "$dir/doubt.card"
# Labels of no meaning.
python3 - "$dir/noise.jsonl" <<'END'
import json, random, sys
r = random.Random(3)
words = "sun rain tree road bread stone river lamp chair cloud".split()
with open(sys.argv[1], "w") as f:
    for i in range(300):
        f.write(json.dumps({"text": " ".join(r.choice(words) for _ in range(8)) + f" {i}",
                            "label": r.randrange(2)}) + "\n")
END
run 0 classifier train "$@" --quick --out "$dir/doubt.model" "$dir/noise.jsonl"
doubted 'area under ROC 0.[45]' "$dir/doubt.card"
doubted 'a precision of 0.80 was wanted' "$dir/doubt.card"
run 0 classifier calibrate --policies "$dir/packs" --model "$dir/one.model" --out "$dir/doubt.model" "$dir/noise.jsonl"
doubted 'a precision of 0.80 was wanted'
# Texts that the rules give up on: what they would find is not known.
python3 - "$dir/apart.jsonl" <<'END'
import json, sys
with open(sys.argv[1], "w") as f:
    f.write(json.dumps({"text": "x q z v, " * 1100, "label": 0}) + "\n")
END
cat "$dir/clean.jsonl" "$dir/apart.jsonl" >"$dir/gave-up.jsonl"
run 0 classifier train "$@" --quick --out "$dir/doubt.model" "$dir/gave-up.jsonl"
doubted 'rules did not wholly judge 1 text: what they did not come to counts as not found' \
	"$dir/doubt.card"
said "gave-up.jsonl, row $(wc -l <"$dir/gave-up.jsonl"): rules: more letters stand apart"
run 0 classifier train "$@" --quick --measure "$dir/apart.jsonl" --out "$dir/doubt.model" \
	"$dir/clean.jsonl"
doubted 'rules did not wholly judge 1 text' "$dir/doubt.card"
run 0 classifier calibrate --policies "$dir/packs" --model "$dir/one.model" --out "$dir/doubt.model" \
	"$dir/gave-up.jsonl"
doubted 'rules did not wholly judge 1 text'
# Limits are the model's own.
grep -q 'English only' "$dir/clean.card" && fail 'limits of the shipped model'
grep -q 'Nobody has written down what it gets wrong' "$dir/clean.card" || fail 'limits'
printf 'Only boats.\nAnd no ships.\n' >"$dir/limits"
run 0 classifier train "$@" --quick --category boats --limits "$dir/limits" --out "$dir/doubt.model" \
	"$dir/clean.jsonl"
tail -n 4 "$dir/doubt.card" | tr '\n' '|' | grep -q '^Limits||Only boats.|And no ships.|$' || fail '--limits'
grep -q 'violence, \|English' "$dir/doubt.card" && fail 'a card about another category'
printf 'drying\nEthan\n' >"$dir/words"
run 0 classifier train "$@" --quick --category boats --words "$dir/words" --out "$dir/known.model" \
	"$dir/clean.jsonl"
grep -A 2 '^Words that exist' "$dir/known.card" | grep -q '  2         words$' || fail '--words'
head -c 3000 "$dir/one.model" >"$dir/binary"
run 3 classifier train "$@" --words "$dir/binary" --out "$dir/known.model" "$dir/clean.jsonl"
said 'binary: is not lines of UTF-8'
# What is there and no model was named by mistake.
cp "$dir/words" "$dir/mistake.model"
cp "$dir/words" "$dir/mistake.card"
run 3 classifier train "$@" --out "$dir/mistake.model" "$dir/clean.jsonl"
said 'mistake.model is there and no model'
run 3 classifier calibrate --policies "$dir/packs" --model "$dir/one.model" --out "$dir/mistake.model" \
	"$dir/a.jsonl"
said 'mistake.model is there and no model'
rm "$dir/mistake.model"
run 3 classifier train "$@" --out "$dir/mistake.model" "$dir/clean.jsonl"
said 'mistake.card is there and no card'
cmp -s "$dir/words" "$dir/mistake.card" || fail 'a file of something else was written over'
run 3 classifier train "$@" --words "$dir/none" --out "$dir/known.model" "$dir/clean.jsonl"
run 3 classifier train "$@" --words "$dir/words" --out "$dir/words" "$dir/clean.jsonl"
printf 'a\033[31m\n' >"$dir/limits"
run 3 classifier train "$@" --limits "$dir/limits" --out "$dir/doubt.model" "$dir/clean.jsonl"

# The plugin with that model, through tosctl scan.
printf '{"id":1,"text":"I will kill him tonight"}\n{"id":2,"text":"I will feed him tonight"}\n' |
	"$tosctl" scan --policies "$dir/packs" --model "$dir/one.model" \
		>"$dir/out" 2>"$dir/err" || fail 'scan'
python3 -c '
import json, sys
a, b = [json.loads(l) for l in open(sys.argv[1])]
assert a["scores"]["violence"] > 0.5 > 0.3 > b["scores"]["violence"] >= 0, (a, b)
' "$dir/out" || fail 'scores of scan'
printf '{"id":1,"text":"I will visit him tonight"}\n' |
	"$tosctl" scan --policies "$dir/packs" --no-classifier >"$dir/out" 2>"$dir/err" || fail 'scan without'
said '"violence":0.0'
# A finding of it points to a clause of its own category.
run 0 classifier train "$@" --quick --category fraud --out "$dir/fraud.model" "$dir/a.jsonl"
for kind in one fraud; do
	printf '{"id":1,"text":"I will kill him tonight"}\n' |
		"$tosctl" scan --policies "$dir/packs" --model "$dir/$kind.model" \
			>"$dir/out" 2>"$dir/err" || fail 'scan'
	case $kind in
	one) said '"rule":"classifier/violence".*"clause":"4.1 Threats of violence"' ;;
	*) said '"rule":"classifier/fraud".*"clause":"fraud"' ;;
	esac
done
run 2 scan --policies "$dir/packs" --no-classifier --model "$dir/one.model"
said 'which is meant'

# A configuration's classifiers, each with its settings, and no other.
run 0 classifier train "$@" --quick --category animals --out "$dir/animals.model" "$dir/a.jsonl"
so=$builddir/plugins/classifier/.libs/classifier.so
case $so in /*) ;; *) so=$PWD/$so ;; esac
# conf PLUGINS
conf() {
	cat >"$dir/tosd.conf" <<-END
		state_dir = "$dir/state";
		policy = { packs_dir = "$dir/packs"; plugins = ( $1 ); };
		provider = { name = "P"; mailbox = "abuse@example.net"; };
	END
	printf '{"id":1,"text":"I will kill him tonight"}\n{"id":2,"text":"I will feed him tonight"}\n' |
		"$tosctl" scan -c "$dir/tosd.conf" $2 >"$dir/out" 2>"$dir/err"
	[ $? -eq "$3" ] || fail "scan -c with $1 $2: not exit $3"
}
# scores CONDITION on the lines v and the scores a and b
scores() {
	python3 -c '
import json, sys
v = [json.loads(l) for l in open(sys.argv[1])]
a, b = (x["scores"] for x in v)
assert '"$1"', v
' "$dir/out" || fail "scan -c: not $1"
}
one="{ name = \"classifier\"; path = \"$so\"; grant = [ \"text\" ];
	settings = { model_file = \"$dir/one.model\"; mode = \"enforce\"; threshold = 0.01; }; }"
two="{ name = \"beasts\"; path = \"$so\"; grant = [ \"text\" ];
	settings = { model_file = \"$dir/animals.model\"; threshold = 0.01; }; }"
found='{(f["rule"], f["mode"]) for f in v[0]["findings"]}'
conf "\"rules\", $one, $two" '' 0
scores 'a["animals"] > 0.5 > 0.3 > b["animals"] and a["violence"] > 0.5'
scores "$found >= {('classifier/violence', 'enforce'), ('classifier/animals', 'shadow')}"
conf "\"rules\", $two" '' 0
scores 'a["animals"] > 0.5 and b["violence"] == 0'
conf "\"rules\", $two" --no-classifier 0
scores '"animals" not in a'
conf "\"rules\", $two" "--model $dir/one.model" 0
scores '"animals" not in a and a["violence"] > 0.5'
conf '"rules"' '' 0
scores 'b["violence"] == 0'
# What would be read wrongly or may be anybody's is refused, by the daemon as by scan.
refused() {
	conf "\"rules\", $1" '' 1
	scores 'all("'"$2"'" in x["degraded"] for x in v)'
	"$builddir/tosd" -t -c "$dir/tosd.conf" >"$dir/out" 2>"$dir/err" && fail "tosd -t takes $1"
	said "$2"
}
for n in 2.0 -0.5 1.001; do
	refused "$(echo "$two" | sed "s/0.01/$n/")" 'must be from 0 to 1'
done
chmod 666 "$dir/animals.model"
refused "$two" 'may be written by others'
chmod 644 "$dir/animals.model"
if chown 4242 "$dir/animals.model" 2>"$dir/err"; then
	refused "$two" 'belongs to user 4242'
	chown 0 "$dir/animals.model"
fi
conf "\"rules\", $two" '' 0
# What cannot be run here is missing from every answer.
conf "\"rules\", $(echo "$two" | sed 's/animals.model/nosuch.model/')" '' 1
scores 'all("nosuch.model" in x["degraded"] for x in v)'
conf '"rules", { name = "prog"; command = [ "/bin/true" ]; }' '' 1
scores 'all("is a program" in x["degraded"] for x in v)'

# The model that is shipped, by default.
printf '{"id":1,"text":"We will hunt you down and kill every one of you"}\n' |
	"$tosctl" scan >"$dir/out" 2>"$dir/err" || fail 'scan by default'
said '"violence":0\.[3-9]'

# What is refused, in words.
echo '{"text":"x"}' >"$dir/bad.jsonl"
run 3 classifier train --out "$dir/x.model" "$dir/bad.jsonl"
said 'bad.jsonl:1: .label. must be 0 or 1'
# What some editors put in front, and nobody sees.
printf '\357\273\277' | cat - "$dir/a.jsonl" >"$dir/mark.jsonl"
run 0 classifier evaluate --model "$dir/one.model" "$dir/a.jsonl"
mv "$dir/out" "$dir/without"
run 0 classifier evaluate --model "$dir/one.model" "$dir/mark.jsonl"
cmp -s "$dir/out" "$dir/without" || fail 'a byte-order mark matters'
for key in source category; do
	printf '{"text":"x","label":1,"%s":"a\\u001b[31m\\u202e"}\n' $key >"$dir/bad.jsonl"
	run 3 classifier evaluate --model "$dir/one.model" "$dir/bad.jsonl"
	said 'without control characters'
done
run 3 classifier train --quick --weight nosource=3 --out "$dir/x.model" "$dir/a.jsonl"
said 'no row has a source that begins with .nosource'
run 3 classifier train --quick --learn-only other --out "$dir/x.model" "$dir/a.jsonl"
said 'no row has a source that begins with .other'
run 3 classifier evaluate --model "$dir/nosuch" "$dir/a.jsonl"
echo '{"text":"","label":1}' >"$dir/bad.jsonl"
run 3 classifier train --out "$dir/x.model" "$dir/bad.jsonl"
said 'bad.jsonl:1: .text. is empty'
for size in '1048577 .text. is longer than 1 MiB' '8388608 the line is longer than 8 MiB'; do
	python3 -c 'import sys; print("{\"label\":1,\"text\":\"" + "x" * int(sys.argv[1]) + "\"}")' \
		"${size%% *}" >"$dir/bad.jsonl"
	run 3 classifier train --out "$dir/x.model" "$dir/bad.jsonl"
	said "bad.jsonl:1: ${size#* }"
done
echo '{"text":"x","label":1}' >"$dir/few.jsonl"
run 3 classifier train --out "$dir/x.model" "$dir/few.jsonl"
said 'at least 5 of each'
echo 'kil: x' >"$dir/bad.txt"
run 3 classifier train --lexicon "$dir/bad.txt" --out "$dir/x.model" "$dir/a.jsonl"
said 'bad.txt: line 1'
run 3 classifier train --out "$dir/x.model" "$dir/none.jsonl"
run 3 classifier evaluate --model "$dir/a.jsonl" "$dir/a.jsonl"
said 'not a model'
[ ! -e "$dir/x.model" ] || fail 'a model of nothing'
run 2 classifier train "$dir/a.jsonl"
run 2 classifier guess "$dir/a.jsonl"
run 2 classifier
for name in 'Bad Cat' '' Violence a_b abcdefghijklmnopqrstuvwxyz1234567; do
	run 2 classifier train --category "$name" --out "$dir/x.model" "$dir/a.jsonl"
	said 'a category is 1 to 32 of a-z'
done
for about in "$(printf 'one\nrev 7')" "$(printf 'a\033[31m')" 'cafÃ©' ''; do
	about=$(printf "$about")
	run 2 classifier train --about "$about" --out "$dir/x.model" "$dir/a.jsonl"
	said 'one line of 1 to 199 ASCII characters'
done
run 2 classifier train --about "$(printf '%0200d' 0)" --out "$dir/x.model" "$dir/a.jsonl"
# What a refused pack would have found is not held to be nothing.
mkdir "$dir/broken"
cp "$dir/packs/p.conf" "$dir/broken/p.conf"
sed 's/name = "p"/name = "q"/; s/score = 0.9/score = 9/' "$dir/packs/p.conf" >"$dir/broken/q.conf"
run 3 classifier calibrate --model "$dir/one.model" --policies "$dir/broken" --out "$dir/x.model" "$dir/a.jsonl"
said 'not all rules can be asked: .*q.conf:4: .*score'
[ ! -e "$dir/x.model" ] || fail 'a model was written all the same'
run 2 classifier train --seed many --out "$dir/x.model" "$dir/a.jsonl"
run 2 classifier train --rev 1.5 --out "$dir/x.model" "$dir/a.jsonl"
said '--rev is a whole number, not .1.5'
run 0 classifier --help
said 'usage'
printf 'tosd classifier 1\n' >"$dir/short.model"
echo '{"id":1,"text":"x"}' | "$tosctl" scan --policies "$dir/packs" --model "$dir/short.model" >"$dir/out" 2>"$dir/err"
said 'short.model: '

echo "test_classifier_cmd: all passed"
