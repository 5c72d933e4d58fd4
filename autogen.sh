#!/bin/sh
# Makes configure; or, as one command for a fresh machine, also installs what is
# missing, builds, and runs the demonstration or the tests.
set -eu
cd "$(dirname "$0")"

usage() {
	cat <<'EOF'
usage: ./autogen.sh          make configure (developers; then ./configure && make)
       ./autogen.sh demo     install what is missing, build in build/, run the daemon
                             over sample tenants
       ./autogen.sh check    the same, and run all tests
       ./autogen.sh real     the same, with real software as tenants (WordPress)

environment: CONFIGURE_FLAGS  more flags for configure
             BUILD_DIR        instead of build/
EOF
}

# What a machine needs to generate and build; README says what each library is for.
build_packages() {
	# Either one gives libhs; they exclude each other, so what is there stays.
	if [ -n "$(missing_of libvectorscan-dev)" ]; then
		case "$(dpkg --print-architecture)" in
		amd64 | i386) hs=libhyperscan-dev ;;
		*) hs=libvectorscan-dev ;;
		esac
	else
		hs=libvectorscan-dev
	fi
	echo autoconf automake libtool pkg-config autoconf-archive gcc libc6-dev make \
		libevent-dev libcurl4-openssl-dev libc-ares-dev libjansson-dev \
		libconfig-dev libcunit1-dev libsqlite3-dev libssl-dev "$hs" \
		libpcre2-dev libuchardet-dev libseccomp-dev libjpeg-dev libpng-dev
}

# What the tests and the demonstration run beside it.
check_packages() {
	echo mandoc python3 python3-aiosmtpd python3-mastodon openssl systemd libexpat1-dev \
		libyajl-dev ca-certificates
}

demo_packages() {
	echo python3 python3-aiosmtpd openssl ca-certificates
}

# Web software that tests/real/ sets up as a tenant; none of it is started as a service.
real_packages() {
	echo python3 wordpress wordpress-theme-twentytwentythree php-cli php-mysql \
		mariadb-server-core ca-certificates
}

missing_of() {
	for p in "$@"; do
		# pkg-config is provided by pkgconf on newer releases.
		case "$(dpkg-query -W -f '${Status}' "$p" 2>/dev/null || true)" in
		"install ok installed") continue ;;
		esac
		if [ "$p" = pkg-config ] && command -v pkg-config >/dev/null; then
			continue
		fi
		echo "$p"
	done
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		echo "autogen.sh: root is needed for: $*" >&2
		echo "autogen.sh: run it as root, or install sudo" >&2
		exit 1
	fi
}

install_missing() {
	if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
		echo "autogen.sh: this is not Debian or Ubuntu, so nothing is installed;" \
			"configure will say what is missing" >&2
		return 0
	fi
	missing=$(missing_of "$@" | tr '\n' ' ')
	if [ -z "$missing" ]; then
		echo "autogen.sh: all packages are there"
		return 0
	fi
	echo "autogen.sh: \`$what' needs these packages, which will be installed with" \
		"apt-get (README says what each library is for):"
	echo "    $missing"
	as_root apt-get update -q
	# shellcheck disable=SC2086 # a list of names, split on purpose
	as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y \
		--no-install-recommends $missing
}

# nginx for the HTTP/2 tests, unpacked below the build tree and not installed: its package
# would start a service.  Nothing of the machine changes; without it these tests say so.
unpack_nginx() {
	dir=${BUILD_DIR:-build}
	if command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] ||
		[ -x "$dir/tools/usr/sbin/nginx" ] || ! command -v apt-get >/dev/null; then
		return 0
	fi
	echo "autogen.sh: unpacking nginx below $dir/tools (it is not installed)"
	mkdir -p "$dir/tools"
	(cd "$dir/tools" && apt-get download -q nginx && dpkg-deb -x nginx_*.deb .) ||
		echo "autogen.sh: there is no nginx: the HTTP/2 tests will be left out" >&2
}

generate() {
	mkdir -p build-aux/m4
	autoreconf --install --force --warnings=all,error
}

build() {
	dir=${BUILD_DIR:-build}
	src=$(pwd)
	mkdir -p "$dir"
	cd "$dir"
	# shellcheck disable=SC2086 # flags, split on purpose
	"$src/configure" ${CONFIGURE_FLAGS:-}
	make -j"$(nproc)"
}

# Runs the rest and says in one line how it went.
outcome() {
	rc=0
	"$@" || rc=$?
	if [ "$rc" -eq 0 ]; then
		echo "autogen.sh: $what passed"
	else
		echo "autogen.sh: $what failed (exit $rc); see above, and in $(pwd)" >&2
	fi
	return "$rc"
}

what=${1:-}
if [ $# -gt 1 ]; then
	usage >&2
	exit 2
fi
case "$what" in
"")
	generate
	;;
demo)
	# shellcheck disable=SC2046 # lists of names, split on purpose
	install_missing $(build_packages) $(demo_packages)
	generate
	build
	outcome env srcdir="$src" builddir="$(pwd)" "$src/tests/demo.sh"
	;;
check)
	# shellcheck disable=SC2046 # lists of names, split on purpose
	install_missing $(build_packages) $(check_packages)
	unpack_nginx
	generate
	build
	# Scenarios mostly wait for each other's clocks: more at once than processors.
	outcome make -j"$(($(nproc) + 1))" check
	;;
real)
	# shellcheck disable=SC2046 # lists of names, split on purpose
	install_missing $(build_packages) $(real_packages)
	if [ -e "${BUILD_DIR:-build}/config.status" ]; then
		cd "${BUILD_DIR:-build}" # what has changed since then make sees itself
	else
		generate
		build
	fi
	outcome make real
	;;
-h | --help)
	usage
	;;
*)
	echo "autogen.sh: unknown argument: $what" >&2
	usage >&2
	exit 2
	;;
esac
