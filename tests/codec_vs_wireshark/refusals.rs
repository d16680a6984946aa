//! PDUs that RFC 7143 or RFC 7144 allows but that the dissector does not recognise as iSCSI.

use iscsi_pdu::{
    InitiatorPdu, InitiatorTaskTag, NopOut, Opcode, ScsiCommand, ScsiResponse, TargetPdu,
    TaskManagementFunction, TaskManagementRequest, TaskManagementResponse, TaskManagementResponseCode,
    TextRequest, TextResponse,
};

use crate::samples::Pdu;

/// Why samples are kept from a value.
pub(crate) struct Refusal {
    pub(crate) opcode: Opcode,
    /// The rule that allows the value.
    pub(crate) rule: &'static str,
    /// Gives a PDU that value.
    pub(crate) with_it: fn(&mut Pdu),
}

/// Each is needed: a test fails if the dissector has learned better.
pub(crate) const DISSECTOR_REFUSES: &[Refusal] = &[
    Refusal {
        opcode: Opcode::NOP_OUT,
        rule: "11.2.1.8: of all task tags only 0xffffffff is reserved",
        with_it: |pdu| nop_out(pdu).itt = InitiatorTaskTag(0),
    },
    Refusal {
        opcode: Opcode::SCSI_COMMAND,
        rule: "RFC 7144, 5.1.1: the priority of a command",
        with_it: |pdu| scsi_command(pdu).priority = 1,
    },
    Refusal {
        opcode: Opcode::SCSI_RESPONSE,
        rule: "RFC 7144, 5.2.1: the status qualifier",
        with_it: |pdu| scsi_response(pdu).status_qualifier = 1,
    },
    Refusal {
        opcode: Opcode::TASK_MANAGEMENT_REQUEST,
        rule: "RFC 7144, 6.3: functions 9 to 12",
        with_it: |pdu| task_management_request(pdu).function = TaskManagementFunction::QUERY_TASK,
    },
    Refusal {
        opcode: Opcode::TASK_MANAGEMENT_RESPONSE,
        rule: "RFC 7144, 6.4.2: response 7",
        with_it: |pdu| {
            task_management_response(pdu).response = TaskManagementResponseCode::FUNCTION_SUCCEEDED;
        },
    },
    Refusal {
        opcode: Opcode::TASK_MANAGEMENT_RESPONSE,
        rule: "RFC 7144, 6.4.1: additional response information",
        with_it: |pdu| task_management_response(pdu).additional_information = [1, 0, 0],
    },
    Refusal {
        opcode: Opcode::TEXT_REQUEST,
        rule: "11.10.1 and 11.10.2: a whole text that is not the last request of a negotiation",
        with_it: |pdu| (text_request(pdu).is_final, text_request(pdu).continues) = (false, false),
    },
    Refusal {
        opcode: Opcode::TEXT_RESPONSE,
        rule: "11.11.1 and 11.11.2: a whole text that is not the last response of a negotiation",
        with_it: |pdu| (text_response(pdu).is_final, text_response(pdu).continues) = (false, false),
    },
];

fn nop_out(pdu: &mut Pdu) -> &mut NopOut {
    let Pdu::Initiator(InitiatorPdu::NopOut(pdu)) = pdu else { panic!("not a NOP-Out") };
    pdu
}

fn scsi_command(pdu: &mut Pdu) -> &mut ScsiCommand {
    let Pdu::Initiator(InitiatorPdu::ScsiCommand(pdu)) = pdu else { panic!("not a SCSI Command") };
    pdu
}

fn scsi_response(pdu: &mut Pdu) -> &mut ScsiResponse {
    let Pdu::Target(TargetPdu::ScsiResponse(pdu)) = pdu else { panic!("not a SCSI Response") };
    pdu
}

fn task_management_request(pdu: &mut Pdu) -> &mut TaskManagementRequest {
    let Pdu::Initiator(InitiatorPdu::TaskManagementRequest(pdu)) = pdu else { panic!("not a task request") };
    pdu
}

fn task_management_response(pdu: &mut Pdu) -> &mut TaskManagementResponse {
    let Pdu::Target(TargetPdu::TaskManagementResponse(pdu)) = pdu else { panic!("not a task response") };
    pdu
}

fn text_request(pdu: &mut Pdu) -> &mut TextRequest {
    let Pdu::Initiator(InitiatorPdu::TextRequest(pdu)) = pdu else { panic!("not a Text Request") };
    pdu
}

fn text_response(pdu: &mut Pdu) -> &mut TextResponse {
    let Pdu::Target(TargetPdu::TextResponse(pdu)) = pdu else { panic!("not a Text Response") };
    pdu
}
