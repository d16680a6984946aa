# shellcheck shell=bash
# LIO, the target of the Linux kernel, in the guest. Unit 0 is a disk in a file.

record_lio() {
  need_guest
  local port=$guest_portal name=$iqn_base.lio
  capture lio-libiscsi-discovery "$port" iscsi-ls "iscsi://127.0.0.1:$port"
  capture lio-libiscsi-inquiries "$port" inquiries "$(url "$port" "$name:plain" 0)"
  capture lio-libiscsi-chap "$port" iscsi-inq "$(url "$port" "$name:chap" 0 "$account")"
  capture lio-libiscsi-mutual "$port" iscsi-inq "$(url "$port" "$name:mutual" 0 "$account" "$mutual")"
  capture lio-libiscsi-refused "$port" iscsi-inq "$(url "$port" "$name:chap" 0 "$user%wrongwrongwrong@")"
  capture lio-libiscsi-tasks "$port" unit_test "$(url "$port" "$name:plain" 0)" 'iSCSI.iSCSITMF.*'
  capture lio-libiscsi-cmdsn "$port" unit_test "$(url "$port" "$name:plain" 0)" 'iSCSI.iSCSIcmdsn.*'
  capture lio-libiscsi-datasn "$port" unit_test "$(url "$port" "$name:plain" 0)" 'iSCSI.iSCSIdatasn.*'
  capture lio-qemu-pings "$port" silence "$(url "$port" "$name:plain" 0)"
  capture lio-qemu-header-digest "$port" transfers "$port" "$name:digests" 0 header-digest=crc32c
  capture lio-qemu-unsolicited "$port" transfers "$port" "$name:unsolicited" 0
  capture lio-qemu-solicited "$port" transfers "$port" "$name:solicited" 0
  capture lio-kernel-discovery "$port" kernel_discovery "$port"
  capture lio-kernel-mutual "$port" kernel "$port" "$name:mutual" "$write_and_read $odd_lengths" \
    "${kernel_mutual[@]}" "${kernel_digests[@]}" "${kernel_short[@]}"
  capture lio-kernel-unsolicited "$port" kernel "$port" "$name:unsolicited" "$write_and_read $long_command" \
    "${kernel_unsolicited[@]}"
  capture lio-kernel-solicited "$port" kernel "$port" "$name:solicited" "$write_and_read $odd_lengths" \
    "${kernel_solicited[@]}"
  capture lio-kernel-tasks "$port" kernel "$port" "$name:plain" "$resets sleep 3" "${kernel_pings[@]}"
  capture lio-kernel-pinged "$port" kernel "$port" "$name:pinging" 'sleep 7'
}
