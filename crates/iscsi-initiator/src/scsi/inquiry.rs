//! INQUIRY, standard data (SPC-4, 6.6).

use super::{Command, CommandError, Transfer};

const NAME: &str = "INQUIRY";

/// Standard INQUIRY data. The texts come from the target: control characters are replaced, nothing else is trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Inquiry {
    /// Peripheral qualifier: 0 when a device is connected, 3 when there is none at this LUN.
    pub peripheral_qualifier: u8,
    /// Peripheral device type: 0 for a direct-access block device, 5 for CD/DVD, 0x0c for a storage array controller,
    /// 0x1f for none.
    pub device_type: u8,
    /// The medium is removable.
    pub removable: bool,
    /// The vendor, eight characters at most.
    pub vendor: String,
    /// The product, sixteen characters at most.
    pub product: String,
    /// Its revision, four characters at most.
    pub revision: String,
}

/// INQUIRY for standard data.
#[must_use]
pub fn inquiry() -> Command {
    const LENGTH: u16 = 96;
    Command::new(NAME, 0x12, Transfer::Read(LENGTH.into())).with(3, &LENGTH.to_be_bytes())
}

impl Inquiry {
    /// Parses standard INQUIRY data.
    ///
    /// # Errors
    /// [`CommandError::InvalidResponse`] for fewer than 36 bytes, the length that SPC requires.
    pub fn parse(bytes: &[u8]) -> Result<Self, CommandError> {
        let Some(&[first, second, ..]) = bytes.first_chunk::<36>() else {
            return Err(CommandError::InvalidResponse {
                command: NAME,
                reason: format!("{} bytes instead of 36", bytes.len()),
            });
        };
        Ok(Self {
            peripheral_qualifier: first >> 5,
            device_type: first & 0x1f,
            removable: second & 0x80 != 0,
            vendor: text(bytes.get(8..16)),
            product: text(bytes.get(16..32)),
            revision: text(bytes.get(32..36)),
        })
    }

    /// Returns whether this is a connected direct-access block device.
    #[must_use]
    pub const fn is_disk(&self) -> bool {
        self.peripheral_qualifier == 0 && self.device_type == 0
    }
}

/// Printable ASCII without the blanks at the ends.
pub(super) fn text(bytes: Option<&[u8]>) -> String {
    let shown = |byte: &u8| if matches!(byte, 0x20..=0x7e) { char::from(*byte) } else { '?' };
    let text: String = bytes.unwrap_or_default().iter().take_while(|byte| **byte != 0).map(shown).collect();
    text.trim().to_owned()
}
