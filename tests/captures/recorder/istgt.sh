# shellcheck shell=bash
# istgt: set up by two files before it starts. Unit 0 is a disk in a file. Every login takes it a second.

record_istgt() {
  need_guest
  start_istgt
  local port=$istgt_port name=$iqn_base.istgt
  capture istgt-libiscsi-inquiries "$port" inquiries "$(url "$port" "$name:plain" 0)"
  capture istgt-libiscsi-chap "$port" iscsi-inq "$(url "$port" "$name:chap" 0 "$account")"
  capture istgt-libiscsi-mutual "$port" iscsi-inq "$(url "$port" "$name:mutual" 0 "$account" "$mutual")"
  capture istgt-libiscsi-refused "$port" iscsi-inq "$(url "$port" "$name:chap" 0 "$user%wrongwrongwrong@")"
  capture istgt-libiscsi-tasks "$port" unit_test "$(url "$port" "$name:plain" 0)" 'iSCSI.iSCSITMF.*'
  # Not iSCSIcmdsn and iSCSIdatasn: istgt does not answer them, and they never end.
  capture istgt-qemu-pings "$port" silence "$(url "$port" "$name:plain" 0)"
  capture istgt-qemu-header-digest "$port" transfers "$port" "$name:plain" 0 header-digest=crc32c
  # The tools of libiscsi never come to an end when they ask istgt for its targets.
  capture istgt-kernel-discovery "$port" kernel_discovery "$port"
  capture istgt-kernel-mutual "$port" kernel "$port" "$name:mutual" "$write_and_read $odd_lengths" \
    "${kernel_mutual[@]}" "${kernel_digests[@]}" "${kernel_short[@]}"
  capture istgt-kernel-solicited "$port" kernel "$port" "$name:plain" "$write_and_read $odd_lengths $long_command" \
    "${kernel_solicited[@]}"
  capture istgt-kernel-tasks "$port" kernel "$port" "$name:plain" "$resets sleep 3" "${kernel_pings[@]}"
}

start_istgt() {
  istgt_port=$(free_ports 1)
  mkdir -p "$work/istgt"
  istgt_settings >"$work/istgt/istgt.conf"
  printf '[AuthGroup1]\n Auth "%s" "%s" "%s" "%s"\n' "$user" "$user_secret" "$peer" "$peer_secret" \
    >"$work/istgt/auth.conf"
  chmod 600 "$work/istgt/auth.conf"
  start "$work/istgt.log" istgt -D -c "$work/istgt/istgt.conf"
  # It greets on its control port once both are served.
  until_true 20 istgt_greets
}

istgt_greets() { timeout 1 head -n 1 <"/dev/tcp/127.0.0.1/$((istgt_port + 1))" | grep -q Controller; }

istgt_settings() {
  cat <<SETTINGS
[Global]
 NodeBase "$iqn_base.istgt"
 PidFile $work/istgt/pid
 AuthFile $work/istgt/auth.conf
 MediaDirectory $work/istgt
 LogFacility "local7"
 DiscoveryAuthMethod None
 Timeout 30
 NopInInterval 1
 MaxSessions 32
 MaxConnections 4
 MaxOutstandingR2T 1
 FirstBurstLength 8192
 MaxBurstLength 8192
 MaxRecvDataSegmentLength 4096
 InitialR2T Yes
 ImmediateData Yes
[UnitControl]
 AuthMethod None
 Portal UC1 127.0.0.1:$((istgt_port + 1))
 Netmask 127.0.0.1
[PortalGroup1]
 Portal DA1 127.0.0.1:$istgt_port
[InitiatorGroup1]
 InitiatorName "ALL"
 Netmask 127.0.0.0/8
SETTINGS
  istgt_target 1 plain None
  istgt_target 2 chap CHAP
  istgt_target 3 mutual 'CHAP Mutual'
}

# istgt_target NUMBER NAME METHOD
istgt_target() {
  local disk=$work/istgt/$2.img
  truncate -s 4M "$disk"
  cat <<SETTINGS
[LogicalUnit$1]
 TargetName $2
 Mapping PortalGroup1 InitiatorGroup1
 AuthMethod $3
 AuthGroup AuthGroup1
 UseDigest Auto
 UnitType Disk
 UnitInquiry "TEST" "$2" "0001" "1000000$1"
 QueueDepth 32
 LUN0 Storage $disk Auto
SETTINGS
}
