# shellcheck shell=bash
# What emulated.sh, picamera2.sh and systemd.sh share: a Debian root in a folder, entered with chroot. Sourced
# after common.sh, whose $root and functions it uses.
# shellcheck disable=SC2154

me=tests/hardware/$(basename "$0")
export DEBIAN_FRONTEND=noninteractive
checkout=/root/mien # in the root
more_namespaces=()  # flags of unshare, for own_mounts

# own_mounts ARGUMENTS: go on in a mount namespace of its own. Whatever way this ends, the mounts end with it.
own_mounts() {
    if [[ ${MIEN_UNSHARED:-} == yes ]]; then return; fi
    [[ $(id -u) == 0 ]] || die "needs root for debootstrap, mount and chroot: sudo $me $*"
    MIEN_UNSHARED=yes exec unshare --mount --propagation private "${more_namespaces[@]}" "$0" "$@"
}

# make_root FOLDER SUITE ARCHITECTURE [PACKAGE,…]: the Debian root $system in FOLDER, made once, with these
# packages as well. MIRROR=URL takes another Debian mirror.
make_root() {
    system=$(realpath -m "$1")/$2-$3
    if [[ -e $system.made ]]; then return; fi
    command -v debootstrap >/dev/null || die "needs debootstrap: apt-get install debootstrap"
    echo "$me: making a Debian $2 root for $3 in $system (minutes, once)"
    rm -rf "$system"
    mkdir -p "$system"
    debootstrap --arch="$3" --variant=minbase --include="ca-certificates,python3,python3-venv${4:+,$4}" \
        "$2" "$system" ${MIRROR:+"$MIRROR"} >"$system.log" 2>&1 ||
        die "debootstrap failed: $(tail -n 1 "$system.log") ($system.log)"
    printf '%s\n' 'APT::Get::Assume-Yes "true";' 'APT::Install-Recommends "false";' >"$system/etc/apt/apt.conf.d/unattended"
    touch "$system.made"
}

# Name resolution, certificates and pip's settings as on this machine.
use_network() {
    cp -L /etc/resolv.conf "$system/etc/resolv.conf"
    cp -L /etc/ssl/certs/ca-certificates.crt "$system/etc/ssl/certs/ca-certificates.crt"
    if [[ -e /etc/pip.conf ]]; then cp -L /etc/pip.conf "$system/etc/pip.conf"; fi
}

# /proc, /dev and the network.
mount_root() {
    mount -t proc proc "$system/proc"
    mount --rbind --make-rslave /dev "$system/dev"
    use_network
}

# inside COMMAND: run it in the root.
inside() {
    chroot "$system" /usr/bin/env -u XDG_DATA_HOME -u XDG_CACHE_HOME -u STATE_DIRECTORY -u PIP_FIND_LINKS \
        HOME=/root LC_ALL=C.UTF-8 PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin \
        PYTHONDONTWRITEBYTECODE=1 PIP_QUIET=1 PIP_DISABLE_PIP_VERSION_CHECK=1 "$@"
}

# there SCRIPT: run tests/hardware/SCRIPT in the environment there.
there() {
    inside PYTHONPATH=$checkout $checkout/venv/bin/python "$checkout/tests/hardware/$1"
}

# checkout_to FOLDER: this checkout, without what git ignores and beside an environment that is there already.
checkout_to() {
    mkdir -p "$1"
    find "$1" -mindepth 1 -maxdepth 1 ! -name venv -exec rm -rf {} +
    git -c safe.directory="$root" -C "$root" ls-files -z --cached --others --exclude-standard |
        tar -C "$root" -c --null -T - --ignore-failed-read | tar -C "$1" -x
}

# The checkout, and beside it the shared media, where there are some, as they lie here.
copy_checkout() {
    checkout_to "$system$checkout"
    mkdir -p "$system$checkout/../shared"
    if [[ -d $root/../shared/media ]]; then cp -r --update "$root/../shared/media" "$system$checkout/../shared/"; fi
}

# install_as_documented SECTION: the first commands of this section of docs/guides/pi-setup.md, where the checkout
# is copied instead of cloned and nothing is run yet.
install_as_documented() {
    local commands
    commands=$(sed -n "/^## $1/,/^## /p" "$root/docs/guides/pi-setup.md" |
        awk '/^```/ { if (inside++) exit; next } inside' | grep -v -e 'git clone' -e 'mien run' | sed 's/^sudo //')
    [[ $commands == *'pip install'* ]] || die "docs/guides/pi-setup.md has no commands under '## $1'"
    printf '%s: as documented:\n%s\n' "$me" "$commands"
    inside apt-get update --quiet=2
    inside /bin/sh -ec "$commands"
}

# compare_labels SOURCE: 50 frames of it here and there, unsmoothed so that each frame counts by itself.
compare_labels() {
    local flags=(--source "$1" --frames 50 --sink jsonl --config) here=$system.here.jsonl there=/root/there.jsonl
    rm -f "$here" "$system$there"
    (cd "$root" && PYTHONPATH=$root "$environments/.venv-edge/bin/python" -P -m mien \
        run "${flags[@]}" tests/hardware/unsmoothed.toml --jsonl-file "$here")
    inside env --chdir=$checkout venv/bin/mien run "${flags[@]}" tests/hardware/unsmoothed.toml --jsonl-file "$there"
    "$environments/.venv-edge/bin/python" "$root/tests/hardware/clip_labels.py" "$here" "$system$there" ||
        die "FAILED: other results than on this machine from $1"
}

# compare_all_labels: the demo, and clips where the shared media are there.
compare_all_labels() {
    local source
    for source in demo ../shared/media/{webcam/again.mkv,talking/bbaf2n.mpg}; do
        if [[ $source == demo || -e $root/$source ]]; then compare_labels "$source"; fi
    done
}

# This machine's half of the comparison.
lean_environment_here() {
    find_python
    environment .venv-edge requirements-edge.txt
    edge_setup .venv-edge
}
