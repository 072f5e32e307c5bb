# What scripts/run, scripts/test and .ci/run share.  Sourced by bash, never run.
#
# Sets ROOT (the checkout), VENV (its .venv) and STAMP.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
VENV=$ROOT/.venv
# what is installed in VENV: the hash of all that decides it
STAMP=$VENV/.installed

# One line on standard error, and the end.
die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 2
}

# apt_install PACKAGE...: false where we are not root, have no apt-get, or it fails.
apt_install() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
    export DEBIAN_FRONTEND=noninteractive
    # A package may be there although some other source of packages is not: update may fail.
    [ -n "${APT_UPDATED:-}" ] || apt-get -qq update >/dev/null 2>&1 || true
    APT_UPDATED=1
    apt-get -qq install --yes --no-install-recommends "$@" >/dev/null 2>&1
}

# The first Python that is new enough; false where there is none.
find_python() {
    local each
    for each in python3 python3.13 python3.12 python3.11; do
        if "$each" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            command -v "$each"
            return
        fi
    done
    return 1
}

# All that decides what is in VENV.
_wanted() {
    local version
    version=$("$VENV/bin/python" -c 'import sys; print(sys.version)') || return 1
    { printf '%s\n' "$ROOT" "$version"; cat "$ROOT/requirements.lock" "$ROOT/pyproject.toml"; } | sha256sum
}

# Make VENV if it is not there or does not work.
_make_venv() {
    local python clear=()
    if "$VENV/bin/python" -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        return
    fi
    [ ! -e "$VENV" ] || clear=(--clear)
    python=$(find_python) || { apt_install python3 && python=$(find_python); } \
        || die "no Python 3.11 or newer: install one (Debian 12 and later: apt install python3 python3-venv)"
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        # the package of this very version, which need not be Debian's default one
        apt_install "$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')" \
            || apt_install python3-venv \
            || die "$python has no venv module: apt install python3-venv, as root"
    fi
    "$python" -m venv "${clear[@]}" "$VENV" || die "cannot make $VENV with $python -m venv"
}

# Put into VENV what requirements.lock says, and this project; quick when it is there already.
setup() {
    _make_venv
    [ "$(cat "$STAMP" 2>/dev/null)" != "$(_wanted)" ] || return 0
    echo "Installing into ${VENV##*/} what requirements.lock says ..." >&2
    local pip=("$VENV/bin/python" -m pip --disable-pip-version-check --no-input -qq)
    "${pip[@]}" install --require-hashes --requirement "$ROOT/requirements.lock" \
        || die "pip could not install what requirements.lock says (above): is the network there?"
    # setuptools is pinned in the lock as well, so that nothing unpinned is fetched to build with
    "${pip[@]}" install --no-deps --no-build-isolation --editable "$ROOT" \
        || die "pip could not install this project (above)"
    _wanted >"$STAMP"
}
