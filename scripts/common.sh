# shellcheck shell=bash
# What the scripts beside this file share: a suitable Python, and virtual environments that are made
# once and made again when their requirements change or when making them was interrupted.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
me=scripts/$(basename "$0")
environments=${MIEN_ENVIRONMENTS:-$root} # the folder of the virtual environments

# Only what the environments hold may be imported, wherever the caller's Python looks otherwise.
unset PYTHONPATH PYTHONHOME PIP_TARGET PIP_PREFIX PIP_USER

die() {
    printf '%s: %s\n' "$me" "$1" >&2
    exit 1
}

# Run Python and say what it is: its version, whether this project runs on it, whether it can make environments.
_describe() {
    "$1" -c '
import sys
good = (3, 11) <= sys.version_info[:2] < (3, 14)
try:
    import ensurepip, venv
    makes_venv = True
except ImportError:
    makes_venv = False
print("%d.%d" % sys.version_info[:2], good, makes_venv)' 2>/dev/null
}

# Set $python to the first Python 3.11 to 3.13 that can make virtual environments: $PYTHON where it is
# set, else the system's python3, else a newer or older one by name.
find_python() {
    local candidate version good makes_venv seen="" without_venv=""
    local candidates=(python3 python3.13 python3.12 python3.11)
    if [[ -n ${PYTHON:-} ]]; then candidates=("$PYTHON"); fi
    for candidate in "${candidates[@]}"; do
        read -r version good makes_venv <<<"$(_describe "$candidate" || true)"
        if [[ -z $version ]]; then continue; fi
        if [[ $good == True && $makes_venv == True ]]; then
            # Absolute, for the scripts change the folder; a link stays one, as in a virtual environment.
            python=$(command -v "$candidate")
            if [[ $python != /* ]]; then python=$PWD/$python; fi
            return
        fi
        if [[ $good == True ]]; then without_venv=${without_venv:-$version}; else seen="$seen, $candidate is $version"; fi
    done
    if [[ -n $without_venv ]]; then
        die "Python $without_venv lacks venv and pip. Get them: sudo apt-get install python$without_venv-venv"
    fi
    if [[ -n ${PYTHON:-} && -z $seen ]]; then
        die "PYTHON=$PYTHON does not run: expected the path or name of a Python 3.11, 3.12 or 3.13"
    fi
    if [[ -n $seen ]]; then
        die "expected Python 3.11, 3.12 or 3.13, found${seen#,}. Get one: sudo apt-get install python3.11 python3.11-venv (or set PYTHON=/path/to/one)"
    fi
    die "no python3 found: expected Python 3.11, 3.12 or 3.13. Get it: sudo apt-get install python3 python3-venv"
}

# The requirements file and those that it includes.
_requirements() {
    local included
    cat "$root/$1"
    sed -n 's/^-r //p' "$root/$1" | while read -r included; do _requirements "$included"; done
}

# environment NAME REQUIREMENTS: make the virtual environment NAME in $environments, unless it is there
# already for these requirements. The stamp is written last, so a half-made one is made again.
environment() {
    local folder=$environments/$1 requirements=$root/$2 stamp
    stamp=$("$python" -c 'import sys; print(sys.version)' && _requirements "$2")
    stamp=$(printf '%s' "$stamp" | cksum)
    if [[ $(cat "$folder/.made-from" 2>/dev/null) == "$stamp" ]] && "$folder/bin/python" -c '' 2>/dev/null; then
        return
    fi
    printf '%s: making %s from %s (once; needs the network)\n' "$me" "$1" "$2"
    rm -rf "$folder"
    "$python" -m venv "$folder" || die "cannot make $1: see the line above"
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check -r "$requirements" ||
        die "pip could not install $2: see its lines above; run again when the network or the disk allows"
    printf '%s\n' "$stamp" >"$folder/.made-from"
}

# edge_setup NAME: with the environment NAME, fetch the face models and the demo's pictures, unless they are there.
edge_setup() {
    PYTHONPATH=$root "$environments/$1/bin/python" -P -m mien setup ||
        die "the face models are missing: see the line above"
}
