#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Boots a small Debian with a real systemd in a namespace of its own, installs tosd into it
# and runs inside.py there: the unit, its sandbox, credentials, watchdog and signals.
#
#	tests/boot/boot.sh [BUILD [TEST...]]
#
# BUILD is a build tree configured with --prefix=/usr --sysconfdir=/etc --localstatedir=/var
# --with-systemdsystemunitdir=/lib/systemd/system; without it one is made in a scratch
# folder.  The Debian is made once with debootstrap and kept in $TOSD_BOOT_ROOT; a run
# writes to a layer above it that goes with the run.  Exits 77 where this cannot be done.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
# The mirror that this machine's own apt takes packages from.
mirror=${TOSD_BOOT_MIRROR:-$(apt-get indextargets --format '$(SITE)' 2>/dev/null | head -n 1)}
release=$(. /etc/os-release && echo "${VERSION_CODENAME:-bookworm}")
base=${TOSD_BOOT_ROOT:-/var/tmp/tosd-boot-$release}
packages=systemd,systemd-sysv,dbus,ca-certificates,openssl,python3-minimal,libpython3-stdlib
packages=$packages,libevent-core-2.1-7,libevent-extra-2.1-7,libcurl4,libc-ares2,libjansson4,libconfig9
packages=$packages,libsqlite3-0,libssl3
packages=$packages,libhyperscan5,libpcre2-8-0,libuchardet0,libseccomp2,libjpeg62-turbo,libpng16-16

skip() { echo "SKIP: $*"; exit 77; }
[ "$(id -u)" = 0 ] || skip "this needs root"
[ -n "$mirror" ] || skip "apt names no mirror; set TOSD_BOOT_MIRROR"
for tool in debootstrap systemd-nspawn unshare nsenter setsid pgrep; do
	command -v $tool >/dev/null || skip "$tool is not installed"
done

scratch=$(mktemp -d /tmp/tosd-boot-XXXXXX)
outer=
leave() {
	trap - EXIT
	if [ -n "$outer" ] && kill -TERM "$outer" 2>/dev/null; then
		for i in $(seq 100); do
			kill -0 "$outer" 2>/dev/null || break
			sleep 0.1
		done
		# Init of the namespace goes with it, and everything in there.
		kill -KILL "$outer" 2>/dev/null || :
	fi
	# The cgroup stays in the kernel's tree when its mount is gone.
	if [ -n "$outer" ]; then
		unshare -m sh -c 'mount --make-rprivate / && mount -t cgroup2 cgroup2 /mnt &&
			find "/mnt/$0" -depth -type d -exec rmdir {} +' \
			"tosd-boot-$$" 2>/dev/null || :
	fi
	rm -rf "$scratch"
}
trap leave EXIT
trap 'exit 1' INT TERM HUP

if [ ! -e "$base/.made" ]; then
	rm -rf "$base"
	debootstrap --variant=minbase --include="$packages" "$release" "$base" "$mirror" \
		> "$scratch/debootstrap.log" 2>&1 || {
		tail -n 20 "$scratch/debootstrap.log"
		skip "debootstrap could not make a $release from $mirror"
	}
	touch "$base/.made"
fi

build=${1:-}
if [ -z "$build" ]; then
	build=$scratch/build
	mkdir "$build"
	(cd "$build" && "$top/configure" -q --prefix=/usr --sysconfdir=/etc \
		--localstatedir=/var --with-systemdsystemunitdir=/lib/systemd/system &&
		make -s -j2) > "$scratch/build.log" 2>&1 || {
		tail -n 20 "$scratch/build.log"
		echo "tosd could not be built"
		exit 1
	}
fi
mkdir "$scratch/install"
make -s -C "$build" install DESTDIR="$scratch/install" > "$scratch/install.log" 2>&1 || {
	tail -n 20 "$scratch/install.log"
	exit 1
}
[ -x "$scratch/install/usr/sbin/tosd" ] || {
	echo "$build is not configured with --prefix=/usr"
	exit 1
}

# In a mount namespace: the layer, and cgroup v2 by itself, which a host may not mount.
# Landlock and bpf are for the unit inside, which nspawn would refuse it.
cat > "$scratch/outer.sh" <<'END'
set -eu
mount --make-rprivate /
mount -t tmpfs tmpfs "$1/layer"
mkdir "$1/layer/up" "$1/layer/work"
mount -t overlay overlay -o "lowerdir=$2,upperdir=$1/layer/up,workdir=$1/layer/work" "$1/root"
cp -a "$1/install/usr" "$1/install/etc" "$1/root/"
cp -a "$1/install/lib/." "$1/root/lib/"
mkdir -p "$1/root/opt/boot"
cp "$3" "$1/root/opt/boot/inside.py"
umount -R /sys/fs/cgroup 2>/dev/null || umount -l /sys/fs/cgroup 2>/dev/null || :
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir -p "/sys/fs/cgroup/$4"
echo $$ > "/sys/fs/cgroup/$4/cgroup.procs"
exec systemd-nspawn -q -D "$1/root" --boot --register=no --keep-unit --private-network \
	--console=pipe --capability=all --system-call-filter="bpf landlock_create_ruleset \
	landlock_add_rule landlock_restrict_self @keyring"
END
mkdir "$scratch/layer" "$scratch/root"
setsid unshare -m sh "$scratch/outer.sh" "$scratch" "$base" "$here/inside.py" \
	"tosd-boot-$$" < /dev/null > "$scratch/outer.log" 2>&1 &
outer=$!

in_root() { nsenter -t "$leader" -m -u -i -n -p -C --root --wd "$@"; }

leader= state=
for i in $(seq 150); do
	kill -0 "$outer" 2>/dev/null || break
	leader=$(pgrep -P "$outer" | head -n 1) || :
	if [ -n "$leader" ]; then
		state=$(in_root systemctl is-system-running 2>/dev/null) || :
		case $state in running|degraded) break;; esac
	fi
	sleep 0.2
done
case $state in
running|degraded) ;;
*)
	cat "$scratch/outer.log"
	outer_ended=$(kill -0 "$outer" 2>/dev/null || echo ", it ended")
	skip "no systemd came up in the namespace (state: ${state:-none}$outer_ended)"
	;;
esac

status=0
[ $# = 0 ] || shift
in_root timeout 300 python3 -B /opt/boot/inside.py "$@" || status=$?
if [ $status != 0 ] || [ -n "${TOSD_KEEP:-}" ]; then
	in_root journalctl -u tosd --no-pager -o short-precise > /tmp/tosd-boot.journal || :
	echo "the journal of the unit: /tmp/tosd-boot.journal"
fi
exit $status
