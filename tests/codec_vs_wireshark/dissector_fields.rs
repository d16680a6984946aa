//! The fields of the dissector: those that are compared, and those that are not, with the reason.

use iscsi_tests::external_targets::Dissection;

/// Fields of the SCSI dissector that hold parts of iSCSI headers.
const FIELDS_OF_SCSI: &[&str] = &[
    "scsi.lun.address_mode",
    "scsi.bus",
    "scsi.lun",
    "scsi_sbc.opcode",
    "scsi_sbc.rdwr16.lba",
    "scsi_sbc.rdwr12.xferlen",
    "scsi.sns.errtype",
    "scsi.sns.key",
    "scsi.sns.info",
    "scsi.sns.addlen",
    "scsi.sns.ascascq",
    "scsi.sns.fru",
];

/// Fields that no byte of the PDU holds.
pub(crate) const NOT_COMPARED: &[(&str, &str)] = &[
    ("iscsi.request_frame", "a frame number"),
    ("iscsi.response_frame", "a frame number"),
    ("iscsi.data_in_frame", "a frame number"),
    ("iscsi.data_out_frame", "a frame number"),
    ("iscsi.time", "a difference of time stamps"),
];

/// Fields that are compared and have a value in no PDU of RFC 7143.
pub(crate) const NEVER_SHOWN: &[(&str, &str)] = &[
    ("iscsi.X", "draft 8"),
    ("iscsi.login.X", "draft 8"),
    ("iscsi.isid8", "draft 8"),
    ("iscsi.isid.type", "draft 9"),
    ("iscsi.isid.namingauthority", "draft 9"),
    ("iscsi.isid.qualifier", "draft 9"),
    ("iscsi.tsid", "drafts before 12"),
    ("iscsi.scsicommand.crn", "drafts before 12"),
    ("iscsi.keyvalue.invalid", "a mistake in text"),
    ("iscsi.opcode.invalid", "a mistake in byte 0"),
];

/// The fields that are asked for of every PDU.
pub(crate) fn fields_to_compare() -> Vec<String> {
    let not_compared = |field: &String| !NOT_COMPARED.iter().any(|(name, _)| name == field);
    let iscsi = Dissection::field_names("iscsi").into_iter().filter(not_compared);
    iscsi.chain(FIELDS_OF_SCSI.iter().map(|&name| name.to_owned())).collect()
}
