//! Answers to Task Management Function Requests, as building blocks of scripts.

use iscsi_pdu::{TargetPdu, TaskManagementRequest, TaskManagementResponse, TaskManagementResponseCode};

use super::{Moment, Reply};

/// The Task Management Function Response with this code, as the whole answer to a request.
#[must_use]
pub fn management_response(
    request: &TaskManagementRequest,
    moment: &Moment,
    response: TaskManagementResponseCode,
) -> Reply {
    let (itt, numbers) = (request.itt, moment.numbers);
    let response = TaskManagementResponse { response, additional_information: [0; 3], itt, numbers };
    Reply::of(&[TargetPdu::TaskManagementResponse(response)], moment.digests)
}
