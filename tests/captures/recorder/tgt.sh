# shellcheck shell=bash
# tgt: set up over a control socket while it runs. Unit 1 is a disk in a file, unit 0 its controller.

record_tgt() {
  need_guest
  start_tgt
  local port=$tgt_port name=$iqn_base.tgt
  capture tgt-libiscsi-discovery "$port" iscsi-ls "iscsi://127.0.0.1:$port"
  capture tgt-libiscsi-inquiries "$port" inquiries "$(url "$port" "$name:plain" 1)"
  capture tgt-libiscsi-chap "$port" iscsi-inq "$(url "$port" "$name:chap" 1 "$account")"
  capture tgt-libiscsi-mutual "$port" iscsi-inq "$(url "$port" "$name:mutual" 1 "$account" "$mutual")"
  capture tgt-libiscsi-refused "$port" iscsi-inq "$(url "$port" "$name:chap" 1 "$user%wrongwrongwrong@")"
  capture tgt-libiscsi-tasks "$port" unit_test "$(url "$port" "$name:plain" 1)" 'iSCSI.iSCSITMF.*'
  capture tgt-libiscsi-cmdsn "$port" unit_test "$(url "$port" "$name:plain" 1)" 'iSCSI.iSCSIcmdsn.*'
  capture tgt-libiscsi-datasn "$port" unit_test "$(url "$port" "$name:plain" 1)" 'iSCSI.iSCSIdatasn.*'
  capture tgt-qemu-pings "$port" silence "$(url "$port" "$name:pinging" 1)"
  capture tgt-qemu-header-digest "$port" transfers "$port" "$name:plain" 1 header-digest=crc32c
  capture tgt-qemu-unsolicited "$port" transfers "$port" "$name:unsolicited" 1
  capture tgt-qemu-solicited "$port" transfers "$port" "$name:solicited" 1
  capture tgt-kernel-discovery "$port" kernel_discovery "$port"
  capture tgt-kernel-mutual "$port" kernel "$port" "$name:mutual" "$write_and_read $odd_lengths" \
    "${kernel_mutual[@]}" "${kernel_digests[@]}" "${kernel_short[@]}"
  capture tgt-kernel-unsolicited "$port" kernel "$port" "$name:unsolicited" "$write_and_read $long_command" \
    "${kernel_unsolicited[@]}"
  capture tgt-kernel-solicited "$port" kernel "$port" "$name:solicited" "$write_and_read $odd_lengths" \
    "${kernel_solicited[@]}"
  capture tgt-kernel-tasks "$port" kernel "$port" "$name:plain" "$resets sleep 3" "${kernel_pings[@]}"
}

start_tgt() {
  export TGT_IPC_SOCKET=$work/tgt-control
  tgt_port=$(free_ports)
  start "$work/tgtd.log" tgtd -f -C 0 --iscsi "portal=127.0.0.1:$tgt_port"
  until_true 20 manage system show
  # With its port taken it would listen at 3260 instead.
  manage portal show | grep -q "127.0.0.1:$tgt_port,"
  manage account new --user "$user" --password "$user_secret"
  manage account new --user "$peer" --password "$peer_secret"
  tgt_target 1 plain HeaderDigest=CRC32C
  tgt_target 2 chap
  tgt_target 3 mutual HeaderDigest=CRC32C DataDigest=CRC32C
  local short=(MaxRecvDataSegmentLength=1024 MaxXmitDataSegmentLength=1024 MaxBurstLength=2048 FirstBurstLength=2048)
  tgt_target 4 unsolicited InitialR2T=No "${short[@]}"
  tgt_target 5 solicited InitialR2T=Yes ImmediateData=No "${short[@]}"
  tgt_target 6 pinging nop_interval=2 nop_count=5
  manage account bind --tid 2 --user "$user"
  manage account bind --tid 3 --user "$user"
  manage account bind --tid 3 --user "$peer" --outgoing
}

manage() { tgtadm -C 0 --lld iscsi --mode "$1" --op "${@:2}"; }

# tgt_target ID NAME [KEY=VALUE]...
tgt_target() {
  local id=$1 disk=$work/tgt-$2.img parameter
  truncate -s 4M "$disk"
  manage target new --tid "$id" --targetname "$iqn_base.tgt:$2"
  manage logicalunit new --tid "$id" --lun 1 --backing-store "$disk"
  manage target bind --tid "$id" --initiator-address ALL
  for parameter in "${@:3}"; do
    manage target update --tid "$id" --name "${parameter%%=*}" --value "${parameter#*=}"
  done
}
