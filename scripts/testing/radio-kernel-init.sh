#!/bin/busybox sh
# The first program in a guest of the radio lab. The root becomes the host's, with a layer of memory over it for what
# is written; then the lab's own program, which the host has put into /lab, takes over.
# Its shell finds its own commands by way of /proc.
/bin/busybox mount -t proc proc /proc
mount -t devtmpfs dev /dev
while read -r module; do
  case $module in
    # Unknown arguments of the kernel are the environment of its first program.
    mac80211_hwsim.ko) insmod "/modules/$module" "radios=$radios" ;;
    *) insmod "/modules/$module" ;;
  esac
done < /modules/order

shared=trans=virtio,version=9p2000.L,msize=512000
mkdir -p /lower /upper /root
mount -t 9p -o "$shared,cache=loose,ro" host /lower
mount -t tmpfs tmpfs /upper
mkdir /upper/data /upper/work
mount -t overlay -o lowerdir=/lower,upperdir=/upper/data,workdir=/upper/work overlay /root
mkdir -p /root/lab
mount -t 9p -o "$shared,cache=none" lab /root/lab
mount --move /dev /root/dev
mount --move /proc /root/proc
exec /bin/busybox switch_root /root /bin/busybox sh /lab/guest.sh
