#!/usr/bin/env bash
# The real picamera2, where no camera is: tests/hardware/picamera2.sh [FOLDER]
# Makes a Debian Trixie root of this machine's own architecture in FOLDER (kept for the next time), installs
# there with the commands of docs/guides/pi-setup.md, libcamera from apt and picamera2 from pip, and
# - compares the interface with tests/edge/sources/picamera2.json, which the stand-in of the edge suite keeps to;
# - lets Mien look for the camera, again and again.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/../../scripts/common.sh"
source "$here/roots.sh"
recorded=tests/edge/sources/picamera2.json

# Debian has libcamera, but neither picamera2 nor kms++, which only its previews on a screen use.
install_picamera2() {
    inside apt-get install --quiet=2 python3-libcamera python3-prctl gcc libc6-dev python3-dev
    install_as_documented '64 bit'
    inside $checkout/venv/bin/pip install picamera2==0.3.38
    printf 'from unittest.mock import MagicMock\n\nPixelFormat = MagicMock()\n' \
        >"$system$checkout/venv/lib/python3.13/site-packages/pykms.py"
}

run_without_camera() {
    local code=0
    inside $checkout/venv/bin/mien check --source picamera2 || die "FAILED: mien check --source picamera2"
    inside timeout --preserve-status --signal=INT 8 $checkout/venv/bin/mien run --source picamera2 2>"$system.run" || code=$?
    grep 'edge.sources' "$system.run" || true
    [[ $code == 0 ]] || die "FAILED: expected exit 0 after Ctrl-C, found $code ($system.run)"
    [[ $(grep --count 'picamera2: no camera (No camera number 0 found' "$system.run") == 1 ]] ||
        die "FAILED: expected one line that says that no camera is there ($system.run)"
}

own_mounts "$@"
make_root "${1:-${XDG_CACHE_HOME:-$HOME/.cache}/mien}" trixie "$(dpkg --print-architecture)"
mount_root
mount --rbind --make-rslave /sys "$system/sys"
copy_checkout
install_picamera2

there picamera2_interface.py >"$system.json"
diff "$root/$recorded" "$system.json" || die "FAILED: another interface than $recorded; to record it: cp $system.json $recorded"
echo "$me: the interface of picamera2 is the recorded one"
there picamera2_no_camera.py || die "FAILED: see the line above"
run_without_camera
echo "$me: no camera: said once, tried again, ended in order"
