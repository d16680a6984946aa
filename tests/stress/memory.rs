//! Memory of an idle session.

/// Bytes that a session may take of the client when it has only logged in.
pub(crate) const MOST_UNUSED: u64 = 8 << 10;
/// The same after its first command: the allocator may keep the buffer of that one.
pub(crate) const MOST_USED: u64 = 16 << 10;
/// The same when the buffer has been given back, of a session that would be replaced.
pub(crate) const MOST_IDLE: u64 = 10 << 10;

/// Resident bytes of both processes.
#[derive(Clone, Copy)]
pub(crate) struct Memory {
    client: u64,
    target: u64,
}

impl Memory {
    pub(crate) fn new(client: u64, target: u64) -> Self {
        Self { client, target }
    }

    /// Fails if the `sessions` that came since `before` take too much.
    pub(crate) fn check_growth(self, before: Self, sessions: u32, most: u64) {
        let each = |before: u64, after: u64| after.saturating_sub(before) / u64::from(sessions);
        let (client, target) = (each(before.client, self.client), each(before.target, self.target));
        println!("    an idle session takes {client} bytes of the client and {target} of the target");
        assert!(client > 0 && client <= most, "{client} bytes per idle session");
    }
}
