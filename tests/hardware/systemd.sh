#!/usr/bin/env bash
# The service under a real systemd: tests/hardware/systemd.sh [WORK FOLDER]
# Boots Debian Bookworm of this machine's architecture in a container without network, installs Mien
# there with systemd/install.sh, and shows one line with the measured seconds for each thing that the
# service promises; in the end an older version is installed and upgraded. The first that fails ends it.
# WORK FOLDER keeps the Debian root and the wheels; with them, no network is needed.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../../scripts/common.sh
source "$here/../../scripts/common.sh"
# shellcheck source=roots.sh
source "$here/roots.sh"
more_namespaces=(--pid --fork --kill-child --mount-proc) # the container's processes end with it, too
own_mounts "$@"
# shellcheck source=systemd_container.sh
source "$here/systemd_container.sh"
# shellcheck source=systemd_upgrade.sh
source "$here/systemd_upgrade.sh"
installer=$checkout/systemd/install.sh
toml=/etc/mien/mien.toml
began=0

begin() { began=${EPOCHREALTIME/[.,]/}; }

ok() {
    local ms=$(((${EPOCHREALTIME/[.,]/} - began) / 1000))
    printf 'ok  %4d.%d s  %s\n' $((ms / 1000)) $((ms % 1000 / 100)) "$1"
}

show() { inside systemctl show --property "$1" --value mien; }
active() { [[ $(show ActiveState) == active ]]; }
status_line() { [[ $(show StatusText) == *fps* ]]; }
restarted() { [[ $(show MainPID) != "$1" ]] && active; }
# Without grep -q, which ends before what it reads from, and that counts as an error.
journal_has() { journal "$1" | grep "$2" >/dev/null; }
journal() { inside journalctl --unit mien --output cat --since "@$1"; }
source_is() { inside sed -i "s|^source = .*|source = \"$1\"|" $toml; }
as_mien() { inside runuser -u mien -- env STATE_DIRECTORY=/var/lib/mien /opt/mien/venv/bin/mien "$@"; }
use_bundle() { as_mien models use "$1" >/dev/null; }
install_quietly() { inside env "$@" $installer --wheels /root/wheels >"$work/install.log" 2>&1; }

expect() { # WHAT FOUND EXPECTED
    [[ $2 == "$3" ]] || die "FAILED: $1: expected $3, found $2"
}

# The demo's pictures.
portraits() {
    inside env STATE_DIRECTORY=/var/lib/mien bash -c "exec /opt/mien/venv/bin/mien setup \$(printf -- ' --from %s' /root/portraits/*)" >/dev/null
}

# ---- what is shown

first_install() {
    begin
    if install_quietly; then die "FAILED: without picamera2 the default settings cannot run, but install.sh says they do"; fi
    grep -q 'installed, but not started' "$work/install.log" || die "FAILED: install: $(tail -n 1 "$work/install.log")"
    expect "enabled" "$(inside systemctl is-enabled mien)" enabled
    expect "not started" "$(show ActiveState)" inactive
    ok "installed from the wheels, no network; default settings need picamera2: enabled, not started, told why"
    source_is demo
    begin
    portraits
    ok "portraits of the demo from their wheels"
    begin
    install_quietly || die "FAILED: install: $(tail -n 1 "$work/install.log")"
    wait_for 0 "active after install" active
    ok "installed again with source demo: active"
}

second_install() {
    local before after
    before=$(inside sha256sum $toml /etc/systemd/system/mien.service)
    begin
    install_quietly || die "FAILED: install: $(tail -n 1 "$work/install.log")"
    after=$(inside sha256sum $toml /etc/systemd/system/mien.service)
    expect "settings and unit after a second install" "$after" "$before"
    whole_install
    ok "installed over itself: settings kept, one release"
}

starts() {
    local since
    inside systemctl stop mien
    since=$EPOCHSECONDS
    begin
    inside systemctl start mien
    active || die "FAILED: started, but $(show ActiveState)"
    ok "start to READY"
    begin
    wait_for 10 "a result in the journal" journal_has "$since" '^{"schema":2,.*"position_s":.*"label":'
    ok "results in the journal"
    begin
    wait_for 20 "a status line in systemctl status" status_line
    ok "systemctl status: $(show StatusText)"
    expect "core limit" "$(show LimitCORE)" 0
    grep -q 'Max core file size *0 *0 ' "/proc/$(main_pid_here)/limits" || die "FAILED: the process may dump core"
    ok "no core dumps"
}

# The service's process as this machine numbers it.
main_pid_here() { pgrep --ns "$(leader)" --nslist pid --full 'mien run --config' | head -n 1; }

exposure() { inside systemd-analyze security --no-pager mien.service | sed -n 's/.*exposure level for .*: \([0-9.]*\) .*/\1/p'; }

exposures() {
    local closed opened drop_in=/etc/systemd/system/mien.service.d
    begin
    closed=$(exposure)
    inside install -D -m 644 $checkout/systemd/network.conf $drop_in/network.conf
    inside systemctl daemon-reload
    opened=$(exposure)
    inside rm -r $drop_in
    inside systemctl daemon-reload
    awk "BEGIN { exit !($closed <= 2 && $opened <= 2) }" || die "FAILED: exposure $closed, with network.conf $opened: expected at most 2"
    ok "exposure $closed; with network.conf $opened"
}

# Runs sandbox_probe.py instead of the program, in the unit's sandbox.
probe() {
    local since=$EPOCHSECONDS drop_in=/etc/systemd/system/mien.service.d
    begin
    inside mkdir -p $drop_in
    if [[ $1 == network ]]; then inside cp $checkout/systemd/network.conf $drop_in/; fi
    inside tee $drop_in/probe.conf >/dev/null <<CONF
[Service]
Type=oneshot
WatchdogSec=0
Restart=no
ExecStart=
ExecStart=/opt/mien/venv/bin/python -P /usr/local/lib/sandbox_probe.py $1
CONF
    inside systemctl daemon-reload
    inside systemctl stop mien
    inside systemctl start mien || die "FAILED: the sandbox ($1): $(journal "$since" | tail -n 8)"
    inside rm -r $drop_in
    inside systemctl daemon-reload
    ok "sandbox: $(journal "$since" | grep '^probe:' | tail -n 1)"
}

# Stand-ins for a camera, whose group decides who opens it, and for a device that is no camera.
devices() {
    inside mknod -m 660 /dev/probe-group c 1 3
    inside chown root:video /dev/probe-group
    inside mknod -m 666 /dev/probe-foreign c 10 200
}

killed() {
    local pid
    inside systemctl restart mien
    pid=$(show MainPID)
    begin
    inside kill -9 "$pid"
    wait_for 10 "active again after kill -9" restarted "$pid"
    ok "kill -9: active again"
}

hangs() {
    local pid since=$EPOCHSECONDS
    pid=$(show MainPID)
    begin
    inside kill -STOP "$pid"
    wait_for 45 "started again by the watchdog after SIGSTOP" restarted "$pid"
    journal_has "$since" 'Watchdog timeout' || die "FAILED: the journal does not speak of the watchdog"
    ok "SIGSTOP: watchdog ended it, active again"
}

broken_settings() {
    inside cp $toml /root/mien.toml.whole
    inside sed -i '1i no_such_key = 1' $toml
    inside systemctl reset-failed mien
    begin
    if inside systemctl restart mien 2>/dev/null; then die "FAILED: started with a wrong key in its settings"; fi
    sleep 7 # longer than RestartSec=
    expect "exit code" "$(show ExecMainStatus)" 78
    expect "state" "$(show ActiveState)" failed
    expect "restarts" "$(show NRestarts)" 0
    ok "wrong settings: exit 78, not started again in 7 s"
    inside cp /root/mien.toml.whole $toml
    inside systemctl reset-failed mien
}

# Another bundle, then wrong settings: the same process goes on, and no frame is counted twice or left out.
reload() {
    local pid since=$EPOCHSECONDS
    use_bundle fer2013
    inside systemctl restart mien
    pid=$(show MainPID)
    wait_for 10 "a result" journal_has "$since" '"label"'
    if journal_has "$since" '"contempt"'; then die "FAILED: contempt is a class of the bundle ferplus alone"; fi
    use_bundle ferplus
    begin
    inside systemctl reload mien
    wait_for 10 "a result of the second bundle" journal_has "$since" '"contempt"'
    ok "reload after models use: same process, no frame left out, results of the new bundle"
    active || die "FAILED: after a reload the service is $(show ActiveState)"
    expect "process after a reload" "$(show MainPID)" "$pid"
    journal "$since" | sed -nE 's/^.*"frame":([0-9]+),.*/\1/p' |
        awk 'NR > 1 && $1 != last + 1 { print "frame " $1 " after " last; exit 1 } { last = $1 }' >"$work/frames.log" ||
        die "FAILED: frames around the reload: $(cat "$work/frames.log")"
    inside sed -i '1i no_such_key = 1' $toml
    begin
    inside systemctl reload mien
    wait_for 10 "a line about the wrong key" journal_has "$since" 'reload failed.*no_such_key'
    wait_for 10 "active after a refused reload" active
    expect "process after a refused reload" "$(show MainPID)" "$pid"
    inside sed -i 1d $toml
    use_bundle fer2013
    ok "reload of wrong settings: logged, the old ones stay"
}

# A camera on the network: the demo's pictures as an MJPEG stream.
network_camera() {
    inside systemd-run --quiet --unit network-camera --working-directory=$checkout --setenv=PYTHONPATH=$checkout \
        --setenv=STATE_DIRECTORY=/var/lib/mien /opt/mien/venv/bin/python -c 'from tests.hardware.stream import serve; serve(8000)'
}

# install.sh opens the network for a stream, and closes it for a camera.
network_follows_the_settings() {
    local drop_in=/etc/systemd/system/mien.service.d since=$EPOCHSECONDS
    network_camera
    begin
    source_is http://127.0.0.1:8000/stream
    install_quietly || die "FAILED: install: $(tail -n 1 "$work/install.log")"
    inside test -e $drop_in/network.conf || die "FAILED: a stream as source, and no network.conf"
    [[ $(show RestrictAddressFamilies) == *AF_INET6* ]] || die "FAILED: the service has no network for its stream"
    wait_for 10 "a result from the stream" journal_has "$since" '"source":"http:[^"]*","time":.*"label":'
    inside systemctl stop network-camera
    source_is demo
    install_quietly || die "FAILED: install: $(tail -n 1 "$work/install.log")"
    if inside test -e $drop_in; then die "FAILED: no stream as source, and network.conf is still there"; fi
    ok "network opened for a stream, results come; closed again"
}

camera_absent() {
    local pid
    source_is camera:0
    inside systemctl restart mien
    pid=$(show MainPID)
    begin
    sleep 45 # more than twice WatchdogSec=
    expect "process" "$(show MainPID)" "$pid"
    wait_for 0 "active without a camera" active
    ok "no camera: active, watchdog fed; status: $(show StatusText)"
}

# watch_as USER: what mien watch says first, standard error too.
watch_as() { inside timeout 10 runuser -u "$1" -- /opt/mien/venv/bin/mien watch --json 2>&1 | head -n 1 || true; }

status_is() { [[ $(show StatusText) == *"$1"* ]]; }
not_paused() { status_line && ! status_is paused; }

# Members of mien-records read the socket and nothing else; the others not even that.
readers() {
    local file
    source_is demo
    inside systemctl restart mien
    inside useradd --groups mien-records reader
    inside useradd outsider
    begin
    expect "socket" "$(inside stat --format '%A %U:%G' /run/mien/mien.sock)" "srw-rw---- mien:mien-records"
    expect "its folder" "$(inside stat --format '%A %U:%G' /run/mien)" "drwxr-x--- mien:mien-records"
    [[ $(watch_as reader) == *'"hello"'* ]] || die "FAILED: a member of mien-records hears: $(watch_as reader)"
    [[ $(watch_as outsider) == error:*mien-records* ]] || die "FAILED: another user hears: $(watch_as outsider)"
    for file in $toml /var/lib/mien/face_landmark.tflite; do
        if inside runuser -u reader -- cat "$file" >/dev/null 2>&1; then die "FAILED: a member of mien-records reads $file"; fi
    done
    ok "socket: read by members of mien-records, who read neither settings nor state; by nobody else"
}

paused_and_resumed() {
    begin
    inside /opt/mien/venv/bin/mien pause >/dev/null
    wait_for 3 "paused by mien pause" status_is "paused (device)"
    inside systemctl restart mien
    wait_for 3 "paused after a restart" status_is "paused (device)"
    inside runuser -u mien -- /opt/mien/venv/bin/mien pause >/dev/null
    inside /opt/mien/venv/bin/mien resume >/dev/null
    wait_for 3 "resumed" not_paused
    [[ $(inside runuser -u reader -- /opt/mien/venv/bin/mien pause 2>&1) == error:*root* ]] || die "FAILED: a reader may mien pause"
    ok "mien pause: within a second, kept over a restart; mien resume"
}

further_camera() {
    begin
    inside sed 's/^device = ""/device = "door"/' $toml | inside tee /etc/mien/door.toml >/dev/null
    inside systemctl start mien@door
    wait_for 5 "socket of a further camera" inside test -S /run/mien-door/mien.sock
    [[ $(inside timeout 10 runuser -u reader -- /opt/mien/venv/bin/mien watch --json --socket /run/mien-door/mien.sock | head -n 1) == *'"door"'* ]] ||
        die "FAILED: mien@door does not say that it is door"
    active || die "FAILED: beside mien@door the first service is $(show ActiveState)"
    install_quietly || die "FAILED: install beside mien@door: $(tail -n 1 "$work/install.log")"
    expect "mien@door after an upgrade" "$(inside systemctl is-active mien@door)" active
    inside systemctl stop mien@door
    inside rm /etc/mien/door.toml
    ok "mien@door: settings, socket and id of its own, beside the first service"
}

# ---- interrupted at every command that changes something

# Killed right before command $KILL_AT of run() in install.sh.
write_killer() {
    inside tee /root/killer >/dev/null <<'KILLER'
unset BASH_ENV
set -T
trap 'if [[ $BASH_COMMAND == "\"\$@\"" && $0 == */install.sh ]]; then
    echo >>/run/steps
    if (($(wc -l </run/steps) == KILL_AT)); then kill -9 $$; fi
fi' DEBUG
KILLER
    # A copy of a finished environment in place of `python -m venv`: pip then finds everything there.
    inside cp -a "$(inside readlink /opt/mien/venv)" /root/finished
    inside tee /root/quick-python >/dev/null <<'QUICK'
#!/bin/bash
if [[ $* == "-m venv "* ]]; then rm -f /root/finished/complete; exec cp -al /root/finished/. "${@: -1}"; fi
exec python3 "$@"
QUICK
    inside chmod +x /root/quick-python
}

# The steps of an uninterrupted run: steps ACTION.
steps() {
    inside rm -f /run/steps
    killed_at 0 "$1" || die "FAILED: $1: $(tail -n 1 "$work/install.log")"
    inside cat /run/steps | wc -l
}

killed_at() {
    inside rm -f /run/steps
    inside env BASH_ENV=/root/killer KILL_AT="$1" PYTHON=/root/quick-python $installer "$2" --wheels /root/wheels \
        >"$work/install.log" 2>&1
}

# Not by bin/mien: the one of quick-python's copy starts with the path of the release that was copied.
works() { inside runuser -u mien -- env STATE_DIRECTORY=/var/lib/mien /opt/mien/venv/bin/python -P -m mien check --config $toml >/dev/null 2>&1; }

whole_install() {
    wait_for 0 "active" active
    works || die "FAILED: the installed program does not work"
    expect "releases" "$(inside find /opt/mien/releases -mindepth 1 -maxdepth 1)" "$(inside readlink /opt/mien/venv)"
    expect "left-overs" "$(inside find /opt/mien /etc/mien /etc/systemd/system -maxdepth 2 -name '*.new')" ""
}

nothing_left() {
    expect "files after uninstall" "$(inside find / -xdev -path /root -prune -o -iname '*mien*' -print)" ""
    if inside getent passwd mien || inside getent group mien || inside getent group mien-records; then die "FAILED: the user mien or a group is left"; fi
    expect "unit after uninstall" "$(inside systemctl list-unit-files --no-legend mien.service)" ""
}

again() {
    install_quietly PYTHON=/root/quick-python || die "FAILED: $1: $(tail -n 1 "$work/install.log")"
    whole_install
}

interrupted() {
    local n last
    inside sed -i 's|^source = "[^"]*"|source = "camera:0"|' $checkout/systemd/mien.toml
    begin
    last=$(steps install)
    for ((n = 1; n <= last; n++)); do
        if killed_at "$n" install; then die "FAILED: the upgrade was not killed at step $n of $last"; fi
        active || die "FAILED: the old version does not run after a kill at step $n"
        works || die "FAILED: the old version does not work after a kill at step $n"
        again "an upgrade after one that was killed at step $n"
    done
    ok "upgrade killed before each of its $last commands: old version works on; run again: whole"
    begin
    inside $installer uninstall >/dev/null
    last=$(steps install)
    for ((n = 1; n <= last; n++)); do
        inside $installer uninstall >/dev/null
        if killed_at "$n" install; then die "FAILED: the installation was not killed at step $n of $last"; fi
        again "an installation after one that was killed at step $n"
    done
    ok "first installation killed before each of its $last commands; run again: whole"
    begin
    last=$(steps uninstall)
    for ((n = 1; n <= last; n++)); do
        again "an installation after uninstall"
        if killed_at "$n" uninstall; then die "FAILED: uninstall was not killed at step $n of $last"; fi
        inside $installer uninstall >/dev/null
        nothing_left
    done
    ok "uninstall killed before each of its $last commands; run again: nothing left"
}

pip_at_work() { [[ $(inside find /opt/mien/releases -maxdepth 5 -name numpy | wc -l) == 2 ]]; }

half_of_pip() {
    local job
    again "an installation"
    begin
    inside setsid $installer --wheels /root/wheels >"$work/install.log" 2>&1 &
    job=$!
    wait_for 120 "pip at work" pip_at_work
    inside pkill -KILL -f 'install.sh|-m pip'
    wait "$job" 2>/dev/null || true
    wait_for 0 "the old version is active after pip was killed" active
    works || die "FAILED: the old version does not work after pip was killed"
    again "an upgrade after pip was killed"
    ok "upgrade killed in the middle of pip: old version works on; run again: whole"
}

uninstalls() {
    begin
    inside $installer uninstall >/dev/null
    nothing_left
    ok "uninstall: no file, user or unit is left"
}

begin
start_container
ok "Debian Bookworm is up: $(inside systemctl --version | head -n 1)"
first_install
second_install
starts
exposures
devices
probe closed
probe network
killed
hangs
broken_settings
reload
network_follows_the_settings
readers
paused_and_resumed
further_camera
camera_absent
write_killer
interrupted
half_of_pip
uninstalls
upgrades
echo "$me: all of it works ($SECONDS s)"
