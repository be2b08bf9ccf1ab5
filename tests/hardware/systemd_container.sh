# shellcheck shell=bash
# The container of systemd.sh: a Debian Bookworm root, the wheels that Mien takes, and the boot. Sourced
# after roots.sh, whose functions it uses; inside() leads into the container instead.
# shellcheck disable=SC2154

work=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/mien/systemd}
box=$work/box # the container: a copy of the root
older=0.5.0   # the version that is upgraded
older_commit=460c480
older_checkout=/root/mien-$older # in the container

# wait_for SECONDS WHAT COMMAND…: until the command succeeds.
wait_for() {
    local end=$((SECONDS + $1))
    until "${@:3}"; do
        if ((SECONDS > end)); then die "FAILED: $2 within $1 s"; fi
        sleep 0.1
    done
}

# Pip of that Debian, with this machine's network, certificates and pip settings.
root_pip() {
    chroot "$system" /usr/bin/env -i HOME=/root LC_ALL=C.UTF-8 PATH=/usr/bin:/bin /wheels/venv/bin/python -m pip \
        --quiet --disable-pip-version-check --no-cache-dir "$@"
}

# The wheels that docs/guides/pi-setup.md names, and what building Mien's own takes.
make_wheels() {
    local stamp any_wheel=(--no-deps --only-binary=:all: --python-version 3.12
        --platform manylinux2014_x86_64 --platform manylinux_2_17_x86_64 --platform manylinux_2_28_x86_64)
    stamp=$(cksum <"$root/requirements-edge.txt")
    mkdir -p "$system/wheels" "$work/wheels"
    mount --bind "$work/wheels" "$system/wheels"
    if [[ $(cat "$work/wheels.made" 2>/dev/null) != "$stamp" ]]; then
        echo "$me: fetching the wheels of requirements-edge.txt (minutes, once)"
        rm -rf "${work:?}"/wheels/*
        use_network
        chroot "$system" python3 -m venv /wheels/venv
        cp "$root/requirements-edge.txt" "$work/wheels/"
        root_pip download --dest /wheels/for-mien -r /wheels/requirements-edge.txt
        root_pip download --dest /wheels/for-mien "${any_wheel[@]}" mediapipe==0.10.18
        root_pip download --dest /wheels/for-demo "${any_wheel[@]}" scikit-image==0.26.0 matplotlib==3.10.8
        root_pip download --dest /wheels/for-building 'setuptools>=77' wheel
        rm -f "$system/etc/pip.conf"
        echo "$stamp" >"$work/wheels.made"
    fi
    rm -rf "$work/wheels/for-older" "$work"/wheels/for-mien/mien-*.whl
    build_wheel checkout for-mien
    build_wheel older for-older
    umount "$system/wheels"
}

# build_wheel SOURCES FOLDER: Mien's wheel; building leaves files beside the sources, so it is done in a copy.
build_wheel() {
    rm -rf "$work/wheels/sources"
    cp -r "$work/$1" "$work/wheels/sources"
    root_pip wheel --no-deps --no-index --find-links /wheels/for-building --wheel-dir "/wheels/$2" /wheels/sources
}

older_sources() {
    rm -rf "$work/older"
    mkdir -p "$work/older"
    git -c safe.directory="$root" -C "$root" archive "$older_commit" | tar -C "$work/older" -x ||
        die "$older is missing: expected a clone with its history, which has the commit $older_commit"
}

make_box() {
    rm -rf "$box"
    cp -a --reflink=auto "$system" "$box"
    cp -r "$work/checkout" "$box$checkout"
    cp -r "$work/wheels/for-mien" "$box/root/wheels"
    cp -r "$work/wheels/for-demo" "$box/root/portraits"
    cp -r "$work/older" "$box$older_checkout"
    cp -al "$box/root/wheels" "$box/root/older-wheels" # both versions take the same packages
    rm "$box"/root/older-wheels/mien-*.whl
    cp "$work"/wheels/for-older/mien-*.whl "$box/root/older-wheels/"
    cp "$here/sandbox_probe.py" "$box/usr/local/lib/"
}

leader() { pgrep -P "$nspawn" -x systemd; }

inside() {
    nsenter -t "$(leader)" -m -p -u -i -n -C -- /usr/bin/env -i HOME=/root LC_ALL=C.UTF-8 \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

booted() { leader >/dev/null && inside systemctl --quiet is-active multi-user.target 2>/dev/null; }

# Without BPF, systemd in there could not enforce DevicePolicy= and IPAddressDeny=.
boot() {
    SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 systemd-nspawn --quiet --directory="$box" --boot --register=no --keep-unit \
        --capability=CAP_BPF --system-call-filter=bpf --private-network --link-journal=no --machine=service-test --console=pipe </dev/null >"$work/boot.log" 2>&1 &
    nspawn=$!
    trap 'kill "$nspawn" 2>/dev/null; wait "$nspawn"' EXIT
    trap 'exit 130' INT TERM
    wait_for 60 "systemd is up ($work/boot.log)" booted
}

# The container, booted; the Debian root and the wheels are made once.
start_container() {
    command -v systemd-nspawn >/dev/null || die "needs systemd-nspawn: apt-get install systemd-container"
    make_root "$work" bookworm "$(dpkg --print-architecture)" systemd,systemd-sysv,dbus,procps
    checkout_to "$work/checkout"
    older_sources
    make_wheels
    make_box
    boot
}
