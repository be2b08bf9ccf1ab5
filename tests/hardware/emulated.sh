#!/usr/bin/env bash
# The device's half on another machine, emulated: tests/hardware/emulated.sh ROOT [FOLDER]
# ROOT is bookworm-arm64, bookworm-armhf or trixie-arm64. Makes that Debian root in FOLDER (kept for the next
# time), installs there with the commands of docs/guides/pi-setup.md, and
# - runs `mien check`, and prints how far the bundles' networks are from the answers that they should give;
# - compares the feature bytes of fixed landmarks with this machine's;
# - compares the labels of 50 frames of the demo, and of a clip, with this machine's;
# - runs what of the edge suite depends on the processor.
# Emulated times say nothing about a Pi.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/../../scripts/common.sh"
source "$here/roots.sh"

choose_root() {
    case ${1:-} in
    bookworm-arm64 | trixie-arm64) qemu=aarch64 section='64 bit' ;;
    bookworm-armhf) qemu=arm section='32 bit' ;;
    *) die "expected bookworm-arm64, bookworm-armhf or trixie-arm64, found ${1:-nothing}" ;;
    esac
    suite=${1%-*} arch=${1#*-}
}

emulation() {
    local entry=/proc/sys/fs/binfmt_misc/qemu-$qemu
    if [[ $(uname -m) == aarch64 ]]; then die "this machine is ARM itself: run scripts/test here"; fi
    command -v "qemu-$qemu-static" >/dev/null || die "needs qemu: apt-get install qemu-user-static binfmt-support"
    if [[ ! -e ${entry%/*}/register ]]; then mount -t binfmt_misc binfmt_misc "${entry%/*}"; fi
    if [[ ! -e $entry ]]; then update-binfmts --enable "qemu-$qemu" || true; fi
    [[ -e $entry ]] || die "the kernel does not start $arch programs: expected $entry (apt-get install binfmt-support)"
}

# The runtime's CPU detection crashes on /sys and /proc/cpuinfo of an x86-64 kernel, and without them
# XNNPACK is not used. So they show one core of a Pi 4 (64 bit) or Pi 2 (32 bit), and qemu emulates that core.
pose_as_pi() {
    local cpu=$system/sys/devices/system/cpu
    mount -t tmpfs tmpfs "$system/sys"
    mkdir -p "$cpu/cpu0"
    echo 0 | tee "$cpu/possible" "$cpu/present" >"$cpu/online"
    if [[ $arch == arm64 ]]; then
        export QEMU_CPU=cortex-a72
        printf '%s\n' 'processor : 0' 'Features : fp asimd evtstrm crc32 cpuid' 'CPU implementer : 0x41' \
            'CPU architecture: 8' 'CPU variant : 0x0' 'CPU part : 0xd08' 'CPU revision : 3'
    else
        export QEMU_CPU=cortex-a7
        printf '%s\n' 'processor : 0' 'Features : half thumb fastmult vfp edsp neon vfpv3 tls vfpv4 idiva idivt' \
            'CPU implementer : 0x41' 'CPU architecture: 7' 'CPU variant : 0x0' 'CPU part : 0xc07' 'CPU revision : 5'
    fi >"$system/sys/cpuinfo"
    mount --bind "$system/sys/cpuinfo" "$system/proc/cpuinfo"
}

compare_features() {
    PYTHONPATH=$root "$environments/.venv-edge/bin/python" "$root/tests/hardware/feature_hash.py" >"$system.hashes.here"
    there feature_hash.py >"$system.hashes.there"
    sed "s/^/$(uname -m)  /" "$system.hashes.here"
    sed "s/^/$(inside uname -m) /" "$system.hashes.there"
    cmp "$system.hashes.here" "$system.hashes.there" || die "FAILED: the features differ between $(uname -m) and $arch"
}

# pytest lies beside the environment, which stays what the documented commands make.
edge_suite() {
    inside $checkout/venv/bin/python -m pip install --target /opt/pytest-lib --upgrade \
        "$(grep '^pytest>' "$root/requirements-test.txt")"
    inside PYTHONPATH=/opt/pytest-lib env --chdir=$checkout venv/bin/python -m pytest \
        -m "not slow and not mediapipe" tests/edge/core tests/edge/bundles/test_{format,golden,schema4}.py tests/edge/head tests/edge/landmarks tests/evaluation ||
        die "FAILED: the edge suite on $arch"
}

choose_root "$@"
own_mounts "$@"
lean_environment_here
emulation
make_root "${2:-${XDG_CACHE_HOME:-$HOME/.cache}/mien}" "$suite" "$arch"
mount_root
pose_as_pi
copy_checkout
install_as_documented "$section"

inside $checkout/venv/bin/mien info | sed -n '/"python"/p;/"packages"/,/"runtime"/p'
inside $checkout/venv/bin/mien check || die "FAILED: mien check on $arch"
there golden_codes.py
compare_features
compare_all_labels
edge_suite
