# A device from its power-on until it is on the main network: sh power-on.sh latchkey|dpp INTERFACE FOLDER
flow=$1 face=$2 folder=$3
configuration=$folder/wpa_supplicant.conf
wpa_supplicant -B -i "$face" -D nl80211 -c "$configuration"

control() {
  wpa_cli -p /run/wpa_supplicant -i "$face" raw "$@"
}

if [ "$flow" = dpp ]; then
  control DPP_BOOTSTRAP_GEN type=qrcode chan=81/1 "key=$(cat "$folder/key")"
  control DPP_CHIRP own=1 iter=5
  exit
fi

until ip link show dev "$face" | grep -q LOWER_UP; do usleep 5000; done
udhcpc -i "$face" -f -q -n -t 20 -T 1 -s /lab/dhcp-client.sh
router=$(ip route | sed -n 's/^default via \([^ ]*\).*/\1/p')
/lab/latchkey-device -t 60 -f "$folder/pass_tmp" "$router" "$(cat "$folder/uuid")" iot-setup > "$folder/granted"
password=$(sed -n 's/.*"password":"\([^"]*\)".*/\1/p' "$folder/granted")
{
  sed '/^network=/,$d' "$configuration"
  printf 'network={\n  ssid="Home"\n  key_mgmt=WPA-PSK\n  psk="%s"\n}\n' "$password"
} > "$folder/main.conf"
mv "$folder/main.conf" "$configuration"
control RECONFIGURE
