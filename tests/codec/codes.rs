//! The values of named codes (RFC 7143, section 11; RFC 7144, section 6; SAM-5).

use iscsi_pdu::{
    AhsType, AsyncEvent, LoginStatus, LogoutReason, LogoutResponseCode, RejectReason, ScsiResponseCode,
    ScsiStatus, SnackType, Stage, TaskAttribute, TaskManagementFunction as Function,
    TaskManagementResponseCode as Response,
};

/// 11.2.2.1, 11.3.1, 11.12.3.
#[test]
fn codes_of_requests() {
    assert_eq!([AhsType::EXTENDED_CDB.0, AhsType::BIDIRECTIONAL_READ_LENGTH.0], [1, 2]);
    let attributes = [
        TaskAttribute::UNTAGGED,
        TaskAttribute::SIMPLE,
        TaskAttribute::ORDERED,
        TaskAttribute::HEAD_OF_QUEUE,
        TaskAttribute::ACA,
    ];
    assert_eq!(attributes.map(|attribute| attribute.0), [0, 1, 2, 3, 4]);
    assert_eq!([Stage::SECURITY.0, Stage::OPERATIONAL.0, Stage::FULL_FEATURE.0], [0, 1, 3]);
}

/// 11.14.1, 11.15.1, 11.16.1.
#[test]
fn codes_of_logout_and_snack() {
    let reasons = [
        LogoutReason::CLOSE_SESSION,
        LogoutReason::CLOSE_CONNECTION,
        LogoutReason::REMOVE_CONNECTION_FOR_RECOVERY,
    ];
    assert_eq!(reasons.map(|reason| reason.0), [0, 1, 2]);
    let responses = [
        LogoutResponseCode::CLOSED,
        LogoutResponseCode::CID_NOT_FOUND,
        LogoutResponseCode::RECOVERY_NOT_SUPPORTED,
        LogoutResponseCode::CLEANUP_FAILED,
    ];
    assert_eq!(responses.map(|response| response.0), [0, 1, 2, 3]);
    let types = [SnackType::DATA_OR_R2T, SnackType::STATUS, SnackType::DATA_ACK, SnackType::R_DATA];
    assert_eq!(types.map(|snack_type| snack_type.0), [0, 1, 2, 3]);
}

/// 11.5.1; 7144, 6.3.
#[test]
fn codes_of_task_management() {
    let functions = [
        Function::ABORT_TASK,
        Function::ABORT_TASK_SET,
        Function::CLEAR_ACA,
        Function::CLEAR_TASK_SET,
        Function::LOGICAL_UNIT_RESET,
        Function::TARGET_WARM_RESET,
        Function::TARGET_COLD_RESET,
        Function::TASK_REASSIGN,
        Function::QUERY_TASK,
        Function::QUERY_TASK_SET,
        Function::I_T_NEXUS_RESET,
        Function::QUERY_ASYNCHRONOUS_EVENT,
    ];
    assert_eq!(functions.map(|function| function.0), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
}

/// 11.6.1; 7144, 6.4.
#[test]
fn codes_of_task_management_responses() {
    let responses = [
        Response::FUNCTION_COMPLETE,
        Response::TASK_DOES_NOT_EXIST,
        Response::LUN_DOES_NOT_EXIST,
        Response::TASK_STILL_ALLEGIANT,
        Response::REASSIGNMENT_NOT_SUPPORTED,
        Response::FUNCTION_NOT_SUPPORTED,
        Response::AUTHORIZATION_FAILED,
        Response::FUNCTION_SUCCEEDED,
        Response::FUNCTION_REJECTED,
    ];
    assert_eq!(responses.map(|response| response.0), [0, 1, 2, 3, 4, 5, 6, 7, 255]);
}

/// 11.9.1, 11.17.1.
#[test]
fn codes_of_unasked_pdus() {
    let events = [
        AsyncEvent::SCSI,
        AsyncEvent::LOGOUT_REQUEST,
        AsyncEvent::CONNECTION_DROP,
        AsyncEvent::SESSION_DROP,
        AsyncEvent::NEGOTIATE,
        AsyncEvent::TASKS_TERMINATED,
    ];
    assert_eq!(events.map(|event| event.0), [0, 1, 2, 3, 4, 5]);
    let reasons = [
        RejectReason::DATA_DIGEST_ERROR,
        RejectReason::SNACK_REJECT,
        RejectReason::PROTOCOL_ERROR,
        RejectReason::COMMAND_NOT_SUPPORTED,
        RejectReason::TOO_MANY_IMMEDIATE_COMMANDS,
        RejectReason::TASK_IN_PROGRESS,
        RejectReason::INVALID_DATA_ACK,
        RejectReason::INVALID_PDU_FIELD,
        RejectReason::LONG_OPERATION,
        RejectReason::NEGOTIATION_RESET,
        RejectReason::WAITING_FOR_LOGOUT,
    ];
    assert_eq!(reasons.map(|reason| reason.0), [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
}

/// 11.4.2, 11.4.3, 11.7.3.
#[test]
fn codes_of_scsi_responses() {
    assert_eq!([ScsiResponseCode::COMPLETED.0, ScsiResponseCode::TARGET_FAILURE.0], [0, 1]);
    let with_data = [
        ScsiStatus::GOOD,
        ScsiStatus::CONDITION_MET,
        ScsiStatus::INTERMEDIATE,
        ScsiStatus::INTERMEDIATE_CONDITION_MET,
    ];
    assert_eq!(with_data.map(|status| status.0), [0x00, 0x04, 0x10, 0x14]);
    let alone = [
        ScsiStatus::CHECK_CONDITION,
        ScsiStatus::BUSY,
        ScsiStatus::RESERVATION_CONFLICT,
        ScsiStatus::TASK_SET_FULL,
        ScsiStatus::ACA_ACTIVE,
        ScsiStatus::TASK_ABORTED,
    ];
    assert_eq!(alone.map(|status| status.0), [0x02, 0x08, 0x18, 0x28, 0x30, 0x40]);
}

/// 11.13.5.
#[test]
fn codes_of_login_statuses() {
    let redirections = [LoginStatus::MOVED_TEMPORARILY, LoginStatus::MOVED_PERMANENTLY];
    assert_eq!(redirections.map(|status| status.0), [0x0101, 0x0102]);
    let initiator_errors = [
        LoginStatus::INITIATOR_ERROR,
        LoginStatus::AUTHENTICATION_FAILURE,
        LoginStatus::AUTHORIZATION_FAILURE,
        LoginStatus::NOT_FOUND,
        LoginStatus::TARGET_REMOVED,
        LoginStatus::UNSUPPORTED_VERSION,
        LoginStatus::TOO_MANY_CONNECTIONS,
        LoginStatus::MISSING_PARAMETER,
        LoginStatus::CANNOT_INCLUDE_IN_SESSION,
        LoginStatus::SESSION_TYPE_NOT_SUPPORTED,
        LoginStatus::SESSION_DOES_NOT_EXIST,
        LoginStatus::INVALID_DURING_LOGIN,
    ];
    for (detail, status) in (0..).zip(initiator_errors) {
        assert_eq!(status.0, 0x0200 + detail);
    }
    let target_errors =
        [LoginStatus::TARGET_ERROR, LoginStatus::SERVICE_UNAVAILABLE, LoginStatus::OUT_OF_RESOURCES];
    assert_eq!(target_errors.map(|status| status.0), [0x0300, 0x0301, 0x0302]);
    assert_eq!(LoginStatus::SUCCESS.0, 0);
}
