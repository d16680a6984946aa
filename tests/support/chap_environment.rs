//! CHAP secrets of test programs, passed in the environment.

use std::env;

/// The variable with the initiator's secret.
pub const INITIATOR_SECRET: &str = "ISCSI_TESTS_INITIATOR_SECRET";
/// The variable with the target's secret.
pub const TARGET_SECRET: &str = "ISCSI_TESTS_TARGET_SECRET";

/// The bytes of the secret in this variable.
///
/// # Errors
/// The variable is not set, or its value is not text.
pub fn secret(variable: &str) -> Result<Vec<u8>, String> {
    env::var(variable).map(String::into_bytes).map_err(|error| format!("{variable}: {error}"))
}
