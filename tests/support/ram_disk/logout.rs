//! Logout (RFC 7143, 11.14 and 11.15).

use iscsi_pdu::{LogoutReason, LogoutRequest, LogoutResponse, LogoutResponseCode};

use super::connection::{Connection, Flow};
use super::fault::Fault;

impl Connection {
    pub(super) async fn logout(&mut self, request: LogoutRequest) -> Result<Flow, Fault> {
        if !request.itt.is_valid() || self.is_tag_in_use(request.itt) {
            return Err(Fault::violation("Logout Request with a tag that is not free (11.2.1.8)"));
        }
        if !self.admit(request.immediate, request.cmd_sn, request.exp_stat_sn)? {
            return Ok(Flow::GoOn);
        }
        let response = match request.reason {
            LogoutReason::CLOSE_SESSION => LogoutResponseCode::CLOSED,
            LogoutReason::CLOSE_CONNECTION if request.cid == self.session.cid => LogoutResponseCode::CLOSED,
            LogoutReason::CLOSE_CONNECTION => LogoutResponseCode::CID_NOT_FOUND,
            LogoutReason::REMOVE_CONNECTION_FOR_RECOVERY => LogoutResponseCode::RECOVERY_NOT_SUPPORTED,
            LogoutReason(reason) => {
                return Err(Fault::ProtocolViolation(format!(
                    "Logout Request with reason {reason} (11.14.1)"
                )));
            }
        };
        let parameters = self.session.parameters;
        let answer = LogoutResponse {
            response,
            itt: request.itt,
            numbers: self.session.status_numbers(),
            time2wait: parameters.default_time2wait,
            time2retain: parameters.default_time2retain,
        };
        if response == LogoutResponseCode::CLOSED {
            self.leave();
        }
        self.wire.send(answer.encode()).await?;
        if response != LogoutResponseCode::CLOSED {
            return Ok(Flow::GoOn);
        }
        self.portal.report().logouts += 1;
        Ok(Flow::Close)
    }
}
