# mien.service → mien@.service: a further camera NAME is mien@NAME, with the settings /etc/mien/NAME.toml
# and the socket /run/mien-NAME/mien.sock. Models, bundles and confinement are those of mien.service.
s|^Description=.*|& (%i)|
s|/etc/mien/mien\.toml|/etc/mien/%i.toml|
s|^RuntimeDirectory=mien$|RuntimeDirectory=mien-%i|
s|^SyslogIdentifier=mien$|SyslogIdentifier=mien-%i|
