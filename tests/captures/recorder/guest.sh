# shellcheck shell=bash
# The Linux kernel in a qemu guest: LIO, and the kernel's initiator with open-iscsi.
#
# The guest's user space is busybox and the files copied below; its root file system is the initramfs. Guest and host
# connect in two ways, both over the host's loopback, where they can be recorded: the host reaches the guest's portal at
# 127.0.0.1:$guest_portal (forwarded), the guest reaches any portal of the host as $host_address.

host_address=10.0.2.2
guest_portal=
modules="virtio_pci virtio_net target_core_mod target_core_file iscsi_target_mod crc32c-intel sha3_generic
  iscsi_tcp sg"

# Boots the guest at the first call.
need_guest() {
  [ -z "$guest_portal" ] || return 0
  local tree=$work/guest
  guest_portal=$(free_ports 1)
  unpack_packages
  build_tree "$tree"
  (cd "$tree" && find . | busybox cpio -o -H newc 2>/dev/null) >"$work/initramfs"
  boot
}

# Downloads stay in the cache, because the versions of the captures depend on them.
unpack_packages() {
  local kernel package
  kernel=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/^ *Depends: *\(linux-image-[^ ]*\)$/\1/p' | head -1)
  mkdir -p "$cache/debs" "$cache/unpacked"
  for package in "$kernel" open-iscsi libopeniscsiusr libisns0; do
    compgen -G "$cache/debs/${package}_*.deb" >/dev/null || (cd "$cache/debs" && apt-get download "$package")
    [ -e "$cache/unpacked/.$package" ] || dpkg-deb -x "$cache/debs/${package}"_*.deb "$cache/unpacked"
    touch "$cache/unpacked/.$package"
  done
  release=${kernel#linux-image-}
}

build_tree() {
  local tree=$1
  mkdir -p "$tree"/{bin,sbin,dev,proc,sys,run,tmp,lib64,etc/iscsi,var/target/pr,var/target/alua,var/lib/iscsi}
  cp "$(command -v busybox)" "$tree/bin/"
  ln -s ../bin/busybox "$tree/sbin/modprobe"
  copy_modules "$tree"
  copy_programs "$tree" "$cache"/unpacked/sbin/iscsi{d,adm} "$(command -v sg_raw)" "$(command -v sg_reset)"
  cp "$cache/unpacked/etc/iscsi/iscsid.conf" "$tree/etc/iscsi/"
  echo "InitiatorName=$iqn_base:kernel" >"$tree/etc/iscsi/initiatorname.iscsi"
  echo 'root:x:0:0::/:/bin/sh' >"$tree/etc/passwd"
  install -m 755 "$here/recorder/in_guest/init" "$tree/init"
  install -m 755 "$here"/recorder/in_guest/{lio,kernel_initiator} "$tree/bin/"
  printf '%s\n' "portal=$guest_portal modules='${modules//$'\n'/ }' iqn_base=$iqn_base" \
    "user=$user user_secret=$user_secret peer=$peer peer_secret=$peer_secret" >"$tree/etc/settings"
}

# The modules and their dependencies.
copy_modules() {
  local from=$cache/unpacked/lib/modules/$release to=$1/lib/modules/$release module path
  [ -e "$from/modules.dep" ] || busybox depmod -b "$cache/unpacked" "$release"
  for module in $modules; do
    grep -E "(^|/)${module//_/[-_]}\.ko:" "$from/modules.dep" | tr -d ':'
  done | tr ' ' '\n' | sort -u | while read -r path; do
    install -D -m 644 "$from/$path" "$to/$path"
  done
  cp "$from"/modules.{builtin,order} "$to/"
  busybox depmod -b "$1" "$release"
}

# Programs with their shared libraries, from the unpacked packages or otherwise from this machine.
copy_programs() {
  local tree=$1 libraries
  shift
  cp "$@" "$tree/sbin/"
  libraries=$(LD_LIBRARY_PATH=$cache/unpacked/usr/lib/$(uname -m)-linux-gnu ldd "$@" | grep -o '/[^ ]*\.so[^ ]*' | sort -u)
  mkdir -p "$tree/lib/$(uname -m)-linux-gnu"
  for library in $libraries; do
    case $library in
      */ld-linux*) cp -L "$library" "$tree/lib64/" ;;
      *) cp -L "$library" "$tree/lib/$(uname -m)-linux-gnu/" ;;
    esac
  done
}

# Emulated: a virtual machine inside another often has a /dev/kvm that does not work.
boot() {
  local forward="hostfwd=tcp:127.0.0.1:$guest_portal-127.0.0.1:$guest_portal"
  forward+=",hostfwd=tcp:127.0.0.1:$((guest_portal + 1))-10.0.2.15:9"
  start "$work/qemu.log" qemu-system-x86_64 -nodefaults -no-user-config -M pc -accel tcg -cpu max -m 512 \
    -kernel "$cache/unpacked/boot/vmlinuz-$release" -initrd "$work/initramfs" \
    -append 'console=ttyS0 panic=-1 mitigations=off random.trust_cpu=on net.ifnames=0 loglevel=1' \
    -netdev "user,id=net,ipv6=off,$forward" -device virtio-net-pci,netdev=net,romfile= \
    -display none -serial "file:$work/console" -no-reboot
  until_true 180 grep -q 'guest is ready' "$work/console"
}

# in_guest COMMAND: prints the output of the command in a root shell of the guest; fails if the command does.
in_guest() {
  local answer
  exec 3<>"/dev/tcp/127.0.0.1/$((guest_portal + 1))"
  printf '%s\n' "{ $*" "} 2>&1; echo status \$?; exit" >&3
  answer=$(cat <&3)
  exec 3>&-
  printf '%s\n' "$answer"
  [[ $answer == *'status 0' ]]
}
