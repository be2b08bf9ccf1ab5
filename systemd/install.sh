#!/usr/bin/env bash
# Mien as a service of systemd: sudo systemd/install.sh [install | uninstall] [--wheels FOLDER] [--dry-run]
#   install    (the default) install this checkout, or upgrade to it; /etc/mien/mien.toml is kept
#   uninstall  remove all of it, settings and face models too
#   --wheels   without network: take the packages, Mien and MediaPipe's models from the wheels in FOLDER
#   --dry-run  print what would be done
# It may be interrupted anywhere, by a power cut too: run it again. Until the new version is complete,
# the old version stays as it is.
set -euo pipefail
# shellcheck source=../scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../scripts/common.sh"
me=systemd/install.sh

prefix=/opt/mien     # releases/NAME: a virtual environment each; venv: a link to the one in use
config=/etc/mien     # mien.toml, and NAME.toml of each further camera
state=/var/lib/mien  # face models and bundles; belongs to the user mien
units=/etc/systemd/system
dry_run=false
wheels=""

say() { printf '%s: %s\n' "$me" "$1"; }

# Every command that changes something goes through here.
run() {
    if $dry_run; then
        printf '+%s\n' "$(printf ' %q' "$@")"
    else
        "$@"
    fi
}

arguments() {
    action=install
    while (($#)); do
        case $1 in
            install | uninstall) action=$1 ;;
            --dry-run) dry_run=true ;;
            --wheels)
                [[ -d ${2:-} ]] || die "--wheels: expected a folder of wheels, found ${2:-nothing}"
                wheels=$(cd "$2" && pwd)
                shift
                ;;
            *) die "expected install, uninstall, --wheels FOLDER or --dry-run, found $1" ;;
        esac
        shift
    done
}

preconditions() {
    if ! $dry_run && [[ $(id -u) != 0 ]]; then die "needs root: sudo $0"; fi
    if ! $dry_run && [[ ! -d /run/systemd/system ]]; then die "this system does not run systemd: nothing was changed"; fi
    if [[ -e $prefix/pyproject.toml || (-d $prefix/venv && ! -L $prefix/venv) ]]; then
        die "$prefix is an older installation by hand: sudo systemctl stop mien; sudo mv $prefix ~/mien-old; run this again from a checkout elsewhere"
    fi
    local home
    home=$(getent passwd mien | cut -d: -f6) || true
    if [[ -n $home && $home != "$state" ]]; then
        die "the user name mien is taken (expected the service's user with home $state, found $home): rename that user first"
    fi
}

# put SOURCE TARGET OPTIONS OF install: a power cut leaves the old file or the new one, never half of one.
put() {
    run install -D "${@:3}" "$1" "$2.new"
    run sync "$2.new"
    run mv -T "$2.new" "$2"
}

as_mien() { run runuser -u mien -- env --chdir="$state" HOME="$state" STATE_DIRECTORY="$state" PYTHONDONTWRITEBYTECODE=1 "$@"; }

make_user() {
    local group
    for group in mien mien-records; do # the latter reads the socket
        getent group $group >/dev/null || run groupadd --system $group
    done
    getent passwd mien >/dev/null ||
        run useradd --system --gid mien --home-dir "$state" --no-create-home --shell /usr/sbin/nologin mien
    if getent group video >/dev/null; then run usermod --append --groups video mien; fi
    run install -d -m 700 -o mien -g mien-records "$state" # as systemd makes it
}

# What an interrupted run left behind; a complete release may be the one that runs.
remove_half_made() {
    local folder
    for folder in "$prefix"/releases/*; do
        if [[ -d $folder && ! -e $folder/complete ]]; then run rm -rf "$folder"; fi
    done
}

pip_install() { run "$release/bin/python" -m pip install --quiet --disable-pip-version-check "$@"; }

# Building leaves files beside the sources, so it is done in a copy.
copy_sources() {
    run mkdir "$release/src"
    run cp -r "$root"/{mien,edge,evaluation,train,convert,benchmarks,pyproject.toml,requirements-edge.txt,README.md,LICENSE} "$release/src"
}

# The package that signed bundles need, where the settings name a key (docs/guides/deploy.md).
pip_signatures() {
    if ! grep -Eqs "^[^#]*public_key[[:blank:]]*=[[:blank:]]*[\"']RW" "$config"/*.toml; then return; fi
    pip_install "$@" "$(grep '^py-minisign' "$root/requirements-test.txt")" ||
        die "pip could not install py-minisign, which public_key in $config needs: see its lines above; nothing was switched"
}

pip_packages() {
    local mien=$release/src source=() runtime
    if [[ -n $wheels ]]; then
        mien=mien source=(--no-index --find-links "$wheels")
    else
        copy_sources
    fi
    pip_signatures "${source[@]}"
    if [[ $(dpkg --print-architecture 2>/dev/null) == armhf ]]; then
        # Pip takes a 32-bit system with a 64-bit kernel for aarch64: name what it needs.
        "$python" -c 'import cv2, numpy' 2>/dev/null || die "NumPy and OpenCV are missing: sudo apt-get install python3-numpy python3-opencv"
        mapfile -t runtime < <(sed -nE 's/^((dacite|tflite-runtime)[^;]*).*/\1/p' "$root/requirements-edge.txt")
        pip_install "${source[@]}" "${runtime[@]}"
        source+=(--no-deps)
    fi
    pip_install "${source[@]}" "$mien" || die "pip could not install Mien: see its lines above; nothing was switched"
    run rm -rf "$release/src"
}

make_release() {
    release=$prefix/releases/NEW
    run install -d "$prefix/releases"
    if ! $dry_run; then
        release=$(mktemp -d "$prefix/releases/$(date +%Y%m%d)-XXXXXX")
        trap remove_half_made EXIT # a disk that was full for it has room again
    fi
    run chmod 755 "$release"
    # The system's packages: picamera2 comes from apt.
    run "$python" -m venv --system-site-packages "$release"
    pip_packages
    run install -D -m 644 "$root/docs/guides/pi-setup.md" "$release/share/doc/mien/pi-setup.md"
    run "$release/bin/python" -P -m mien --version
}

# With --wheels from a copy: the user mien need not be able to read FOLDER.
face_models() {
    local found=("$wheels"/mediapipe-*.whl) from=()
    if [[ -n $wheels ]]; then
        [[ -e ${found[0]} ]] || die "$wheels has no mediapipe-*.whl, which holds the face models: see docs/guides/pi-setup.md"
        run install -m 644 "${found[0]}" "$release/mediapipe.zip"
        from=(--from "$release/mediapipe.zip")
    fi
    as_mien "$release/bin/python" -P -m mien setup --models-only "${from[@]}" || die "the face models are missing: see the line above"
    run rm -f "$release/mediapipe.zip"
}

settings() {
    if [[ -e $config/mien.toml ]]; then return; fi
    # A stream's address may hold a password: only root and the service read it.
    run install -d -m 750 -g mien "$config"
    put "$root/systemd/mien.toml" "$config/mien.toml" -m 640 -g mien
}

# mien COMMAND [SETTINGS]
mien() { as_mien "$release/bin/python" -P -m mien "$1" --config "${2:-$config/mien.toml}"; }

switch() {
    run touch "$release/complete"
    run sync -f "$release"
    run ln -sfn "$release" "$prefix/venv.new"
    run mv -T "$prefix/venv.new" "$prefix/venv"
    put "$root/systemd/mien.service" "$units/mien.service" -m 644
    run install -m 644 "$root/systemd/mien.service" "$release/mien@.service"
    run sed -i -f "$root/systemd/instance.sed" "$release/mien@.service"
    put "$release/mien@.service" "$units/mien@.service" -m 644
}

# network UNIT SETTINGS
network() {
    local drop_in=$units/$1.service.d/network.conf facts
    if $dry_run; then
        echo "# $drop_in: installed if the settings need the network, else removed"
        return
    fi
    if ! facts=$(mien info "$2"); then
        say "$1 keeps its access to the network or its lack of it: correct $2 (see the line above) and run this again"
        return
    fi
    if "$python" -c 'import json, sys; sys.exit(not json.loads(sys.argv[1]).get("network"))' "$facts"; then
        put "$root/systemd/network.conf" "$drop_in" -m 644
    else
        run rm -f "$drop_in" "$drop_in.new"
        if [[ -d ${drop_in%/*} ]]; then run rmdir --ignore-fail-on-non-empty "${drop_in%/*}"; fi
    fi
}

# The unit of each settings file: mien.toml is mien, NAME.toml is mien@NAME.
networks() {
    local file name
    network mien "$config/mien.toml"
    for file in "$config"/*.toml; do
        name=$(basename "$file" .toml)
        if [[ -e $file && $name != mien ]]; then network "mien@$name" "$file"; fi
    done
}

enable() {
    run systemctl daemon-reload
    run systemctl enable --quiet mien
}

remove_old_releases() {
    local folder
    for folder in "$prefix"/releases/*; do
        if [[ -d $folder && $folder != "$release" ]]; then run rm -rf "$folder"; fi
    done
}

install_all() {
    find_python
    make_user
    remove_half_made
    make_release
    face_models
    settings
    if ! mien check; then
        if [[ -L $prefix/venv ]]; then
            die "the new version cannot run (see the line above); the old version stays: do what that line says and run this again"
        fi
        switch
        enable
        die "installed, but not started: correct $config/mien.toml (see the line above) and run this again"
    fi
    switch
    networks
    enable
    run systemctl try-restart 'mien@*.service' || say "a further camera does not start: see journalctl -u 'mien@*'"
    run systemctl restart mien || die "the service does not start: see journalctl -u mien"
    # The way to the new version is on the disk before the old one goes.
    run sync -f "$prefix" "$units"
    remove_old_releases
    $dry_run || say "installed; settings: $config/mien.toml; results: journalctl -u mien -o cat -f; as a member of the group mien-records: $prefix/venv/bin/mien watch"
}

uninstall() {
    say "removing the service, $prefix, $config, $state, the user mien and the group mien-records"
    run systemctl stop 'mien@*.service'
    if [[ -e $units/mien.service ]]; then run systemctl disable --quiet --now mien; fi
    run rm -rf "$units"/mien.service "$units"/mien.service.new "$units"/mien.service.d
    run rm -rf "$units"/mien@* "$units"/multi-user.target.wants/mien@*
    run systemctl daemon-reload
    run rm -rf "$prefix" "$config" "$state"
    if getent passwd mien >/dev/null; then run userdel mien; fi
    local group
    for group in mien mien-records; do
        if getent group $group >/dev/null; then run groupdel $group; fi
    done
}

arguments "$@"
preconditions
umask 022
if [[ $action == install ]]; then install_all; else uninstall; fi
