#!/bin/busybox sh
# The guest's first and only program: finds the card, gives it to VFIO, and drives it with `stevedore`.
# settings
PATH=/bin
/bin/busybox --install /bin
mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev
# Bars of progress belong on a terminal that somebody looks at.
exec 2> /errors

off() {
    sync
    poweroff -f
}

fail() {
    cat /errors
    echo "GUEST failed $1"
    off
}

echo "GUEST kernel $(uname -r)"
for module in /modules/*; do
    insmod "$module" || fail "$module"
done

card=
for folder in /sys/bus/pci/devices/*; do
    if [ "$(cat "$folder/vendor")" = "$vendor" ] && [ "$(cat "$folder/device")" = "$device" ]; then
        card=${folder##*/}
    fi
done
[ -n "$card" ] || fail "no card with the ids $vendor:$device"
echo "GUEST found $card"
echo vfio-pci > "/sys/bus/pci/devices/$card/driver_override"
echo "$card" > /sys/bus/pci/drivers_probe
echo "GUEST bound to $(basename "$(readlink "/sys/bus/pci/devices/$card/driver")")"

way="--device vfio:$card"
network="--ip $ip --mac 02:53:54:56:44:01 --simulated"

stevedore probe $way || fail probe
stevedore fetch $way $network "$url" --output /file || fail fetch
echo "GUEST fetched $(sha256sum /file | cut -d ' ' -f 1)"

stevedore listen $way $network "$port" --file /file --clients 1 > /serving &
server=$!
while ! grep -q serving /serving; do
    kill -0 $server || fail listen
    sleep 0.1
done
echo "GUEST serving"
wait $server || fail listen
cat /serving

echo "GUEST trespass begins"
stevedore trespass $way $network "$url" || fail trespass
echo "GUEST trespass ends"
stevedore fetch $way $network "$url" --output /again || fail "the fetch after a refused access"
cmp /file /again || fail "the file of the second fetch"
stevedore bench $way $network --reads 200 || fail bench
echo "GUEST done"
off
