#!/usr/bin/env bash
# The device's half on 64-bit ARM, emulated: tests/device/arm64.sh [WORK FOLDER]
# Makes a Debian Bookworm arm64 root in WORK FOLDER (kept for the next time), installs
# requirements-edge.txt there, and
# - compares the feature bytes of fixed landmarks with this machine's;
# - runs the edge suite there.
# Emulated times say nothing about a Pi. MIRROR=URL takes another Debian mirror than debootstrap's own.
set -euo pipefail

# A mount namespace of its own: whatever way this ends, the mounts end with it.
if [[ ${MIEN_UNSHARED:-} != yes ]]; then
    if [[ $(id -u) != 0 ]]; then
        echo "arm64.sh: needs root for debootstrap, mount and chroot: sudo $0 $*" >&2
        exit 1
    fi
    MIEN_UNSHARED=yes exec unshare --mount --propagation private "$0" "$@"
fi

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/../../scripts/common.sh"
me=tests/device/arm64.sh
work=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/mien/arm64}
arm=$work/bookworm-arm64

inside() {
    chroot "$arm" /usr/bin/env -u XDG_DATA_HOME -u STATE_DIRECTORY HOME=/root LC_ALL=C.UTF-8 \
        PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="${inside_path:-}" "$@"
}

emulation() {
    local entry=/proc/sys/fs/binfmt_misc/qemu-aarch64
    if [[ $(uname -m) == aarch64 ]]; then die "this machine is arm64 itself: run scripts/test here"; fi
    if ! command -v debootstrap >/dev/null || ! command -v qemu-aarch64-static >/dev/null; then
        die "needs debootstrap and qemu: apt-get install debootstrap qemu-user-static binfmt-support"
    fi
    if [[ ! -e ${entry%/*}/register ]]; then mount -t binfmt_misc binfmt_misc "${entry%/*}"; fi
    if [[ ! -e $entry ]]; then update-binfmts --enable qemu-aarch64 || true; fi
    [[ -e $entry ]] || die "the kernel does not start arm64 programs: expected $entry (apt-get install binfmt-support)"
}

make_root() {
    if [[ -e $work/root.made ]]; then return; fi
    echo "$me: making a Debian Bookworm arm64 root in $arm (minutes, once)"
    rm -rf "$arm"
    mkdir -p "$arm"
    debootstrap --arch=arm64 --variant=minbase --include=python3,python3-venv,ca-certificates \
        bookworm "$arm" ${MIRROR:+"$MIRROR"} >"$work/debootstrap.log" 2>&1 ||
        die "debootstrap failed: $(tail -n 1 "$work/debootstrap.log") ($work/debootstrap.log)"
    touch "$work/root.made"
}

# The runtime's CPU detection crashes on /sys and /proc/cpuinfo of an x86-64 kernel, and without them
# XNNPACK is not used. So they show one core of a Pi 4, and qemu emulates that core.
pose_as_pi() {
    local cpu=$arm/sys/devices/system/cpu
    mount -t tmpfs tmpfs "$arm/sys"
    mkdir -p "$cpu/cpu0"
    echo 0 | tee "$cpu/possible" "$cpu/present" >"$cpu/online"
    printf '%s\n' 'processor : 0' 'Features : fp asimd evtstrm crc32 cpuid' 'CPU implementer : 0x41' \
        'CPU architecture: 8' 'CPU variant : 0x0' 'CPU part : 0xd08' 'CPU revision : 3' >"$arm/sys/cpuinfo"
    mount --bind "$arm/sys/cpuinfo" "$arm/proc/cpuinfo"
    export QEMU_CPU=cortex-a72
}

# Name resolution, certificates and pip's settings as on this machine.
mount_root() {
    mount -t proc proc "$arm/proc"
    mount --rbind --make-rslave /dev "$arm/dev"
    pose_as_pi
    cp -L /etc/resolv.conf "$arm/etc/resolv.conf"
    cp -L /etc/ssl/certs/ca-certificates.crt "$arm/etc/ssl/certs/ca-certificates.crt"
    if [[ -e /etc/pip.conf ]]; then cp -L /etc/pip.conf "$arm/etc/pip.conf"; fi
}

install_lean() {
    local stamp
    stamp=$(cksum <"$root/requirements-edge.txt")
    if [[ $(cat "$work/venv.made" 2>/dev/null) == "$stamp" ]]; then return; fi
    echo "$me: installing requirements-edge.txt there (minutes, once)"
    rm -rf "$arm/opt/venv" "$arm/opt/pytest-lib"
    cp "$root/requirements-edge.txt" "$arm/opt/"
    inside python3 -m venv /opt/venv
    inside /opt/venv/bin/python -m pip install --quiet --disable-pip-version-check -r /opt/requirements-edge.txt
    inside /opt/venv/bin/python -m pip install --quiet --disable-pip-version-check --target /opt/pytest-lib \
        "$(grep '^pytest' "$root/requirements-test.txt")"
    echo "$stamp" >"$work/venv.made"
}

# The checkout, without what git ignores, and the face models, which this machine has already fetched.
copy_checkout() {
    local models
    rm -rf "$arm/opt/project"
    mkdir -p "$arm/opt/project/mien" "$arm/root/.local/share/mien"
    git -C "$root" ls-files -z --cached --others --exclude-standard |
        tar -C "$root" -c --null -T - --ignore-failed-read | tar -C "$arm/opt/project/mien" -x
    models=$(PYTHONPATH=$root "$root/.venv-edge/bin/python" -c 'from edge import assets; print(assets.data_directory())')
    cp "$models"/* "$arm/root/.local/share/mien/"
    if [[ -d $root/../shared/media ]]; then
        mkdir -p "$arm/opt/project/shared"
        cp -r "$root/../shared/media" "$arm/opt/project/shared/"
    fi
}

emulation
find_python
environment .venv-edge requirements-edge.txt
edge_setup .venv-edge
mkdir -p "$work"
make_root
mount_root
install_lean
copy_checkout

cd "$root"
PYTHONPATH=$root .venv-edge/bin/python tests/device/feature_hash.py >"$work/hashes.here"
inside_path=/opt/project/mien
inside /opt/venv/bin/python /opt/project/mien/tests/device/feature_hash.py >"$work/hashes.arm64"
sed "s/^/$(uname -m)  /" "$work/hashes.here"
sed "s/^/$(inside uname -m) /" "$work/hashes.arm64"
cmp "$work/hashes.here" "$work/hashes.arm64" || die "FAILED: the features differ between $(uname -m) and arm64"
echo "$me: the same feature bytes on both; next: the edge suite there"

inside_path=/opt/pytest-lib
inside /bin/sh -c 'cd /opt/project/mien && exec /opt/venv/bin/python -m pytest -m "not slow and not mediapipe" tests/edge' ||
    die "FAILED: the edge suite on arm64"
