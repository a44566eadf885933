# The first process of a guest once its root is there. It does what the host says, a line at a time, on a port that
# both have open:
#   run ID [NAMESPACE]   runs /lab/calls/ID/command; answers "started ID PID", then "ended ID CODE"
#   kill PID SIGNAL      signals a command and all that it started
# What commands write is in /lab/calls/ID. When the host closes the port, the guest is switched off.
. /lab/settings
export PATH LATCHKEY_CACHE_HOME HOME=/tmp/home

mount -t sysfs sysfs /sys
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /run
# What the host has is below /host also where the guest has something of its own.
mkdir /host
mount --bind / /host
# Modules that are wanted later are loaded by the kernel itself, with the modprobe of the host.
mkdir -p "/lib/modules/$version"
mount --bind "/host$modules" "/lib/modules/$version"
# The guest has its own /tmp, except for the project, should it be there.
mount -t tmpfs tmpfs /tmp
mkdir -p "$project"
mount --bind "/host$project" "$project"
mkdir "$HOME"

ip link set lo up
ip address add 10.0.2.15/24 dev eth0
ip link set eth0 up
ip route add default via 10.0.2.2

# A session of its own makes all that a command starts one group, which signals reach. Without an exec where possible:
# each takes a tenth of a second here.
run() {
  call=/lab/calls/$1
  if [ -n "$2" ]; then
    setsid nsenter "--net=/run/netns/$2" sh "$call/command" > "$call/stdout" 2> "$call/stderr" < /dev/null 3>&- &
  else
    setsid sh "$call/command" > "$call/stdout" 2> "$call/stderr" < /dev/null 3>&- &
  fi
  echo "started $1 $!" >&3
  wait $!
  echo "ended $1 $?" >&3
}

set -- /dev/vport*p1
exec 3<> "$1"
echo ready >&3
while read -r verb subject argument <&3; do
  case $verb in
    run) run "$subject" "$argument" & ;;
    kill) kill "-$argument" "-$subject" 2> /dev/null ;;
  esac
done
poweroff -f
