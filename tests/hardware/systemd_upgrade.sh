# shellcheck shell=bash
# What systemd.sh shows of an upgrade from an older version, which its own install.sh has installed. Sourced by it.
# shellcheck disable=SC2154

older_shipped=/opt/mien/venv/lib/python3.11/site-packages/edge/models

# install_older COMMAND…: the older version runs, after the command has chosen its bundle.
install_older() {
    local since=$EPOCHSECONDS
    inside $older_checkout/systemd/install.sh --wheels /root/older-wheels >"$work/install.log" 2>&1 || true
    grep -q 'installed, but not started' "$work/install.log" || die "FAILED: install $older: $(tail -n 1 "$work/install.log")"
    source_is demo
    portraits
    "$@"
    inside systemctl start mien
    wait_for 20 "a result of $older" journal_has "$since" '^{"schema":1,'
}

settings_name_a_bundle() { inside sed -i 's|^bundle = ""|bundle = "fused"|' $toml; }

use_older_bundle() {
    inside grep -q '"schema": 4,' $older_shipped/ferplus/model.json || die "FAILED: $older's bundles are not of schema 4"
    as_mien models install $older_shipped/ferplus --name older-ferplus >/dev/null
    use_bundle older-ferplus
}

# Settings, face models, bundles and the state of the store, with their modes and owners.
kept() { inside find $toml /var/lib/mien -type f -printf '%m %u:%g ' -exec sha256sum {} ';' | sort -k 4; }

# labels_since TIME: how many labels the newest result has.
labels_since() {
    journal "$1" | sed -nE 's/^\{"schema":2,.*"position_s":.*"probabilities":\{([^}]*)\}.*/\1/p' | tail -n 1 | grep -o '":' | wc -l
}

# upgrade LABELS WHAT: install.sh of this checkout over the older version.
upgrade() {
    local before since=$EPOCHSECONDS
    before=$(kept)
    begin
    install_quietly || die "FAILED: upgrade: $(tail -n 1 "$work/install.log")"
    whole_install
    wait_for 10 "a result of the new version" journal_has "$since" '^{"schema":2,.*"label"'
    expect "version" "$(inside /opt/mien/venv/bin/mien --version)" "mien $(sed -n 's/^__version__ = "\(.*\)"/\1/p' "$root/edge/__init__.py")"
    expect "settings, face models and bundles" "$(kept)" "$before"
    expect "labels of a result" "$(labels_since "$since")" "$1"
    ok "upgrade from $older, $2: active, all of it kept, one release, $1 labels"
}

# What a power cut leaves between the two: the new version is switched to, the unit is still the older one.
new_version_under_the_older_unit() {
    local since=$EPOCHSECONDS
    inside cp $older_checkout/systemd/mien.service /etc/systemd/system/mien.service
    inside systemctl daemon-reload
    begin
    inside systemctl restart mien || die "FAILED: the new version does not start under the unit of $older"
    wait_for 10 "a result under the unit of $older" journal_has "$since" '^{"schema":2,'
    ok "the new version under the unit of $older: active"
}

upgrades() {
    install_older settings_name_a_bundle
    upgrade 7 'bundle = "fused" in the settings'
    inside $installer uninstall >/dev/null
    install_older use_older_bundle
    upgrade 8 "a bundle of schema 4 in use"
    expect "bundle in use" "$(as_mien models list | grep '^\*' | cut -d ' ' -f 2)" older-ferplus
    new_version_under_the_older_unit
    inside $installer uninstall >/dev/null
    nothing_left
}
