#!/bin/sh
# The servers that tests talk to and users do not need: Janus and SIPp, the real far ends.
# Root gets them from apt, and no daemon starts; everybody else is told what is left out.
set -eu

packages=
need() { # $1 a program, $2 its Debian package, $3 what is left out without it
    if ! command -v "$1" >/dev/null 2>&1; then
        packages="$packages $2"
        left_out="${left_out:-}  without $2: $3
"
    fi
}
need janus janus "the thread through a real gateway"
need sipp sip-tester "real SIP far ends"
need redis-server redis-server "nothing but speed; a slower stand-in is used"
need ip iproute2 "the network that Janus and SIPp meet in"
if [ -z "$packages" ]; then
    exit
fi

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "Tests left out, because installing their servers takes root and apt" \
        "(sudo apt install$packages):"
    printf '%s' "$left_out"
    exit
fi

# Debian asks this file before it starts a daemon; 101 is "no". One that was there comes
# back as it was, whatever happens to us.
policy=/usr/sbin/policy-rc.d
kept=
restore() {
    rm -f "$policy"
    if [ -n "$kept" ]; then
        mv "$kept" "$policy"
    fi
}
if [ -e "$policy" ] || [ -L "$policy" ]; then
    kept=$policy.before-campanile
    mv "$policy" "$kept"
fi
trap restore EXIT
trap 'exit 130' INT TERM HUP
printf '#!/bin/sh\nexit 101\n' >"$policy"
chmod 755 "$policy"

echo "Installing$packages for the tests; none of them is started."
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq </dev/null || true # what is known may be enough
# shellcheck disable=SC2086 # a list of words
if ! apt-get install -qq -y --no-install-recommends $packages </dev/null >/dev/null; then
    echo "apt could not install$packages; these tests are left out:"
    printf '%s' "$left_out"
fi
