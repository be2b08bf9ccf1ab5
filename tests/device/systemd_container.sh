# shellcheck shell=bash
# The container of systemd.sh: a Debian Bookworm root, the wheels that Mien takes, and the boot. Sourced
# after common.sh, whose $root and functions it uses.
# shellcheck disable=SC2154

work=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/mien/systemd}
base=$work/bookworm
box=$work/box # the container: a copy of base
checkout=/root/checkout

# wait_for SECONDS WHAT COMMAND…: until the command succeeds.
wait_for() {
    local end=$((SECONDS + $1))
    until "${@:3}"; do
        if ((SECONDS > end)); then die "FAILED: $2 within $1 s"; fi
        sleep 0.1
    done
}

tools() {
    local tool
    for tool in debootstrap systemd-nspawn; do
        command -v $tool >/dev/null || die "needs $tool: apt-get install debootstrap systemd-container"
    done
}

make_base() {
    if [[ -e $work/base.made ]]; then return; fi
    echo "$me: making a Debian Bookworm root in $base (minutes, once)"
    rm -rf "$base"
    mkdir -p "$base"
    debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,python3,python3-venv,procps,ca-certificates \
        bookworm "$base" ${MIRROR:+"$MIRROR"} >"$work/debootstrap.log" 2>&1 ||
        die "debootstrap failed: $(tail -n 1 "$work/debootstrap.log") ($work/debootstrap.log)"
    touch "$work/base.made"
}

# Pip of that Debian, with this machine's network, certificates and pip settings.
base_pip() {
    chroot "$base" /usr/bin/env -i HOME=/root LC_ALL=C.UTF-8 PATH=/usr/bin:/bin /wheels/venv/bin/python -m pip \
        --quiet --disable-pip-version-check --no-cache-dir "$@"
}

# The wheels that docs/pi-setup.md names, and what building Mien's own takes.
make_wheels() {
    local stamp any_wheel=(--no-deps --only-binary=:all: --python-version 3.12
        --platform manylinux2014_x86_64 --platform manylinux_2_17_x86_64 --platform manylinux_2_28_x86_64)
    stamp=$(cksum <"$root/requirements-edge.txt")
    mkdir -p "$base/wheels" "$work/wheels"
    mount --bind "$work/wheels" "$base/wheels"
    if [[ $(cat "$work/wheels.made" 2>/dev/null) != "$stamp" ]]; then
        echo "$me: fetching the wheels of requirements-edge.txt (minutes, once)"
        rm -rf "${work:?}"/wheels/*
        cp -L /etc/resolv.conf "$base/etc/resolv.conf"
        cp -L /etc/ssl/certs/ca-certificates.crt "$base/etc/ssl/certs/ca-certificates.crt"
        if [[ -e /etc/pip.conf ]]; then cp -L /etc/pip.conf "$base/etc/pip.conf"; fi
        chroot "$base" python3 -m venv /wheels/venv
        cp "$root/requirements-edge.txt" "$work/wheels/"
        base_pip download --dest /wheels/for-mien -r /wheels/requirements-edge.txt
        base_pip download --dest /wheels/for-mien "${any_wheel[@]}" mediapipe==0.10.18
        base_pip download --dest /wheels/for-demo "${any_wheel[@]}" scikit-image==0.26.0 matplotlib==3.10.8
        base_pip download --dest /wheels/for-building 'setuptools>=77' wheel
        rm -f "$base/etc/pip.conf"
        echo "$stamp" >"$work/wheels.made"
    fi
    rm -rf "$work/wheels/mien" "$work"/wheels/for-mien/mien-*.whl
    cp -r "$work/checkout" "$work/wheels/mien"
    base_pip wheel --no-deps --no-index --find-links /wheels/for-building --wheel-dir /wheels/for-mien /wheels/mien
    umount "$base/wheels"
}

# This checkout, without what git ignores.
copy_checkout() {
    rm -rf "$work/checkout"
    mkdir -p "$work/checkout"
    git -c safe.directory="$root" -C "$root" ls-files -z --cached --others --exclude-standard |
        tar -C "$root" -c --null -T - --ignore-failed-read | tar -C "$work/checkout" -x
}

make_box() {
    rm -rf "$box"
    cp -a --reflink=auto "$base" "$box"
    cp -r "$work/checkout" "$box$checkout"
    cp -r "$work/wheels/for-mien" "$box/root/wheels"
    cp -r "$work/wheels/for-demo" "$box/root/portraits"
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
    tools
    mkdir -p "$work"
    make_base
    copy_checkout
    make_wheels
    make_box
    boot
}
