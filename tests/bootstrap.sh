#!/bin/sh
# Installs the Debian packages that are missing. Usage: tests/bootstrap.sh GROUP...
#
# The one list of packages stands here, in groups: `tools` makes anything at all, `build` makes the program,
# `test` runs the tests, `lint` reads the code, `golden` renews the golden vectors. Where nothing is missing, nothing
# is run as root and no network is used. Where it may not install, it names the packages and fails.
set -eu

group()
{
    case $1 in
    tools)  echo gcc make git ;;
    build)  echo pkg-config libncurses-dev libreadline-dev libsqlite3-dev libopenblas-dev libpng-dev \
                 librandom123-dev libjansson-dev libinih-dev ;;
    test)   echo libcriterion-dev tmux ;;
    lint)   echo cppcheck ;;
    golden) echo python3-numpy python3-torch ;;
    *)      echo "bootstrap: no such group: $1" >&2
            return 2 ;;
    esac
}

# A tool may come from elsewhere, so it counts as there when it can be called. Of the libraries dpkg
# knows; without dpkg, pkg-config or the compiler does.
is_there()
{
    case $1 in
    gcc|make|git|pkg-config|tmux|cppcheck) command -v "$1" >/dev/null ;;
    *)  if command -v dpkg-query >/dev/null; then
            case $(dpkg-query -W -f '${db:Status-Status} ' "$1" 2>/dev/null) in
            installed*) ;;
            *) return 1 ;;
            esac
        elif [ "$1" = librandom123-dev ]; then
            echo '#include <Random123/philox.h>' | gcc -E -x c - >/dev/null 2>&1
        else
            name=${1#lib}
            name=${name%-dev}
            case $name in
            ncurses) name=ncursesw ;;
            png)     name=libpng ;;
            esac
            pkg-config --exists "$name" 2>/dev/null
        fi ;;
    esac
}

missing_of()
{
    for package in "$@"; do
        is_there "$package" || printf ' %s' "$package"
    done
}

refuse()
{
    printf 'grpolab needs Debian packages that are not installed, and %s. As root:\n    apt-get install%s\n' \
        "$1" "$missing" >&2
    exit 1
}

wanted=
for name in "$@"; do
    wanted="$wanted $(group "$name")"
done
missing=$(missing_of $wanted)
[ -n "$missing" ] || exit 0

command -v apt-get >/dev/null || refuse "there is no apt-get here"
if [ "$(id -u)" = 0 ]; then
    root=
elif ! command -v sudo >/dev/null; then
    refuse "may not install them (not root, no sudo)"
elif sudo -n true 2>/dev/null || [ -t 0 ]; then
    root=sudo
else
    refuse "may not install them (sudo asks for a password, and there is no terminal to ask on)"
fi

echo "grpolab: installing$missing"
apt="$root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600"
# A failed update is no reason to stop: the lists that are there may do.
$apt update </dev/null >/dev/null || true
$apt install -y --no-install-recommends $missing </dev/null >/dev/null || refuse "apt-get could not install them"
missing=$(missing_of $wanted)
[ -z "$missing" ] || refuse "apt-get did not install them"
