# SPDX-License-Identifier: Apache-2.0
# Completion of tosctl(1) for bash.  Tenants, cases and messages are asked of the
# daemon, where one answers.

# _tosctl_rows COMMAND KEY: one value a line.
_tosctl_rows() {
	timeout 2 tosctl "$1" --json 2>/dev/null |
		sed -n 's/.*"'"$2"'":"\{0,1\}\([A-Za-z0-9._-]*\).*/\1/p' | sort -u
}

# The words after the command that are neither options nor values of options.
_tosctl_words() {
	local i w skip=''
	words_before=()
	for ((i = 2; i < COMP_CWORD; i++)); do
		w=${COMP_WORDS[i]}
		if [[ -n $skip ]]; then
			skip=''
		elif [[ $w == -* ]]; then
			case $w in
			-c | -s | -p | -r | --config | --store | --socket | --person | --reason | --dir | --plugin | \
				--vkey | --anchor | --url | --type | --location | \
				--language | --policies | --cache | --protect | \
				--model | --out | --lexicon | --category | --about | --rev | --seed | \
				--precision | --prevalence | --weight | --learn-only | --measure | --limits | --day | --key | \
				--partials | --mode | --data | --allow | --id | --name | \
				--contact | --manager | --contract | --by | --window | --deadline | \
				--memory | --grant | --set | --case) skip=1 ;;
			esac
		else
			words_before+=("$w")
		fi
	done
}

_tosctl() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local command=${COMP_WORDS[1]} list='' options='' files='' words_before n
	local ask='--json --socket' decide='--person --reason --json --socket'

	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
		list='status tenants feeds sightings violations reviews endpoints report reports cases notices outbox
			decide appeal reply hold erase poll tenant feed evidence replay rebuild simulate
			parse scan policy lists plugin moderation classifier render trend help'
		mapfile -t COMPREPLY < <(compgen -W "$list" -- "$cur")
		return
	fi
	case $prev in
	-c | --config | -s | --socket | --anchor | --plugin | --data | --model | --out | --lexicon | \
		--measure | --limits | --key)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
		;;
	--dir | --policies | --cache | --partials)
		mapfile -t COMPREPLY < <(compgen -d -- "$cur")
		return
		;;
	--mode)
		mapfile -t COMPREPLY < <(compgen -W 'html text header' -- "$cur")
		return
		;;
	--grant)
		mapfile -t COMPREPLY < <(compgen -W 'text links author tenant sets media' -- "$cur")
		return
		;;
	--case)
		list=$(timeout 2 tosctl plugin conform --list 2>/dev/null | sed 's/ .*//')
		mapfile -t COMPREPLY < <(compgen -W "$list" -- "$cur")
		return
		;;
	--by)
		mapfile -t COMPREPLY < <(compgen -W 'list host one' -- "$cur")
		return
		;;
	-p | --person | -r | --reason | --from | --vkey | --url | --type | --location | \
		--language | --protect | --store | --allow | --id | --name | --contact | \
		--manager | --contract | --category | --about | --rev | --seed | \
		--precision | --prevalence | --weight | --learn-only | --day | --window | \
		--deadline | --memory | --set) return ;;
	esac
	_tosctl_words
	n=${#words_before[@]}
	case $command in
	status | endpoints) options=$ask ;;
	reviews)
		options="--all --person --reason $ask"
		((n == 0)) && list="$(_tosctl_rows tenants id) $(_tosctl_rows reviews id)"
		((n == 1)) && list='confirm dismiss'
		;;
	tenants | feeds | sightings | violations | reports | notices | poll)
		options=$ask
		((n == 0)) && list=$(_tosctl_rows tenants id)
		;;
	cases)
		options=$ask
		((n == 0)) && list="$(_tosctl_rows tenants id) $(_tosctl_rows cases case)"
		;;
	outbox)
		options="--person $ask"
		((n == 0)) && list="$(_tosctl_rows tenants id) $(_tosctl_rows outbox id)"
		((n == 1)) && list='delivered resend failed'
		;;
	decide | appeal | hold | reply)
		options=$decide
		((n == 0)) && list=$(_tosctl_rows cases case)
		if ((n == 1)); then
			case $command in
			decide) list='accept reject' ;;
			appeal) list='open reject uphold' ;;
			hold) list='set clear' ;;
			esac
		fi
		;;
	erase) options=$decide ;;
	report) options="--from --tenant $decide" ;;
	evidence)
		((n == 0)) && list='verify show key'
		case ${words_before[0]:-} in
		verify) options='--json --vkey --anchor' files=-d ;;
		key) options='--new' files=-f ;;
		esac
		;;
	replay)
		options='--all --dir --json'
		((n == 0)) && list=$(_tosctl_rows cases case)
		;;
	rebuild) options='--config --dir --store --force --json' ;;
	simulate) options='--all --dir --plugin --json' files=-f ;;
	tenant)
		((n == 0)) && list='add import'
		options='--config --json --write --allow --id --name --contact --manager
			--contract'
		case ${words_before[0]:-} in
		add) options="$options --all" ;;
		import) options="$options --by --check" files=-f ;;
		esac
		;;
	feed)
		((n == 0)) && list='check'
		options='--config --allow --json'
		;;
	parse) options='--url --type --location --language --config --doc --dates --json' files=-f ;;
	scan) options='--config --policies --plugin --cache --protect --model --no-classifier --json --help' ;;
	policy)
		options='--plugin --json --help'
		((n == 0)) && list='lint test new keygen sign backtest diff label-samples rules stats
			gate label shadow canary reviews confirm dismiss enforce rollback retire relied'
		((n == 1)) && files=-d
		case ${words_before[0]:-} in
		rules | stats | gate | reviews | relied | label | confirm | dismiss | shadow | canary | \
			enforce | retire | rollback)
			options="$ask --help" files=''
			case ${words_before[0]} in
			stats | gate | relied) options="--rev $options" ;;
			reviews) options="--unlabelled --limit $options" ;;
			label | confirm | dismiss) options=$decide ;;
			shadow | retire) options="--rev $decide" ;;
			canary | enforce | rollback)
				options="--rev --note --emergency --until $decide" ;;
			esac
			((n > 0)) && list=$(timeout 2 tosctl policy rules --json 2>/dev/null |
				sed -n 's/.*"rule":"\([a-z0-9./-]*\)".*/\1/p') ;;
		backtest) options='--config --store --since --tenant --as-written --samples
			--sample-size --seed --model --jobs --json --help' files=-f ;;
		diff) options='--config --on --store --json --help' files=-f ;;
		label-samples) options='--key --json --help' files=-f ;;
		esac
		;;
	lists)
		options='--plugin --day --key --as-is --json --help'
		((n == 0)) && list='status update check hash sign'
		((n > 0)) && files=-f
		;;
	plugin)
		options='--name --window --deadline --memory --grant --set --no-sandbox --json --help'
		((n == 0)) && list='status new check try conform'
		case ${words_before[0]:-} in
		'') options='--help' ;;
		status) options='--socket --json --help' ;;
		new) options='--autotools --python --shell --help' ;;
		check) options="--protect $options" ;;
		try) options="--protect --expect $options" ;;
		conform) options="--case --list $options" ;;
		esac
		((n > 0)) && files=-f
		;;
	moderation)
		options='--config --plugin --max-drift --json --help'
		((n == 0)) && list='test'
		((n > 0)) && files=-f
		;;
	classifier)
		((n == 0)) && list='train evaluate calibrate'
		case ${words_before[0]:-} in
		train) options='--out --lexicon --category --about --rev --seed --precision
			--prevalence --policies --weight --learn-only --measure --words --limits --quick --help' files=-f ;;
		evaluate) options='--model --json --help' files=-f ;;
		calibrate) options='--model --out --precision --prevalence --policies --weight --learn-only --help' files=-f ;;
		esac
		;;
	render) options='--partials --mode --lenient --data --help' files=-f ;;
	trend) options='--walk --json' files=-f ;;
	esac
	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
	elif [[ -n $list ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$list" -- "$cur")
	elif [[ -n $files ]]; then
		mapfile -t COMPREPLY < <(compgen "$files" -- "$cur")
	fi
}
complete -o filenames -F _tosctl tosctl
