# shellcheck shell=bash
# Commands of the initiators. A URL is iscsi://[user%secret@]host:port/iqn/lun[?options].

# url PORT TARGET LUN [ACCOUNT@] [OPTIONS]
url() { echo "iscsi://${4:-}127.0.0.1:$1/$2/$3${5:-}"; }

account=$user%$user_secret@
# Only the tools of libiscsi check the target's answer; qemu ignores this option.
mutual="?target_user=$peer&target_password=$peer_secret"

# Pages of odd lengths cause Data-In with padding.
inquiries() {
  iscsi-inq "$1"
  iscsi-inq -e 1 -c 0 "$1"
  iscsi-inq -e 1 -c 131 "$1"
  iscsi-readcapacity16 "$1"
}

# transfers PORT TARGET LUN [OPTION]: a write that fits into immediate data, one that may not, and both read back. (With
# the header digest in a URL this qemu crashes.)
transfers() {
  local image="driver=iscsi,transport=tcp,portal=127.0.0.1:$1,target=$2,lun=$3${4:+,$4}"
  qemu-io --image-opts -c 'write -P 0x5a 0 512' -c 'write -P 0xa5 4096 3k' -c 'read -P 0xa5 4096 3k' "$image"
}

# After 5 s without traffic qemu pings.
silence() { qemu-io -f raw -c 'sleep 5500' "$1"; }

# unit_test URL NAME: tests of libiscsi's own suite.
unit_test() { timeout 60 iscsi-test-cu --dataloss --ignore --silent --test="$2" "$1"; }

# kernel PORT TARGET COMMANDS [KEY=VALUE]...: a session of the kernel's initiator, in the guest.
kernel() { in_guest kernel_initiator "$2" "$host_address:$1" "'$3'" "${@:4}"; }

kernel_discovery() { in_guest iscsiadm --mode discovery --type sendtargets --portal "$host_address:$1"; }

# Settings of the kernel's initiator; those of a connection cut transfers into several PDUs.
kernel_mutual=(session.auth.authmethod=CHAP session.auth.chap_algs=MD5
  session.auth.username="$user" session.auth.password="$user_secret"
  session.auth.username_in="$peer" session.auth.password_in="$peer_secret")
kernel_digests=(conn[0].iscsi.HeaderDigest=CRC32C conn[0].iscsi.DataDigest=CRC32C)
kernel_short=(conn[0].iscsi.MaxRecvDataSegmentLength=1024 conn[0].iscsi.MaxXmitDataSegmentLength=1024)
kernel_unsolicited=(session.iscsi.InitialR2T=No session.iscsi.ImmediateData=Yes session.iscsi.FirstBurstLength=2048)
kernel_solicited=(session.iscsi.InitialR2T=Yes session.iscsi.ImmediateData=No)
kernel_pings=(conn[0].timeo.noop_out_interval=1)

# Commands for the guest. The first command of a session usually gets a unit attention: sense data.
ready='sg_raw $disk 00 00 00 00 00 00;'
write_and_read="$ready"' sg_raw -s 3072 -i /sbin/iscsid $disk 2a 00 00 00 00 08 00 00 06 00;'
write_and_read+=' sg_raw -r 3072 $disk 28 00 00 00 00 08 00 00 06 00;'
# INQUIRY for 37, 5 and 6 bytes; WRITE BUFFER with 27.
odd_lengths='sg_raw -r 37 $disk 12 00 00 00 25 00; sg_raw -r 5 $disk 12 01 00 00 05 00;'
odd_lengths+=' sg_raw -r 6 $disk 12 01 00 00 06 00; sg_raw -s 27 -i /sbin/iscsid $disk 3b 02 00 00 00 00 00 00 1b 00;'
# READ(32): half of its CDB is in an additional header.
long_command='sg_raw -r 512 $disk 7f 00 00 00 00 00 00 18 00 09'" $(printf ' 00%.0s' {1..21}) 01;"
resets='sg_reset --device $disk; sg_reset --target $disk;'
