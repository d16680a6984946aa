//! The medium of a block device: page 0xb1 (SBC-4, 6.6.2).

use iscsi_initiator::scsi::{BlockCharacteristics, FormFactor, RotationRate, ZonedModel};
use serde::Serialize;

use crate::output::sections::Sections;

/// The medium of a block device.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct CharacteristicsReport {
    /// Whether the medium does not rotate, as flash memory; null if the unit does not tell.
    non_rotating: Option<bool>,
    /// Revolutions per minute of a medium that rotates.
    revolutions_per_minute: Option<u16>,
    /// The nominal form factor, such as `2.5 inches`; null if the unit does not tell.
    form_factor: Option<&'static str>,
    /// `host-aware` or `device-managed` for a device with zones; null for any other.
    zoned: Option<&'static str>,
}

impl From<BlockCharacteristics> for CharacteristicsReport {
    fn from(medium: BlockCharacteristics) -> Self {
        let rate = medium.rotation_rate;
        let is_known = rate == RotationRate::NON_ROTATING || rate.per_minute().is_some();
        Self {
            non_rotating: is_known.then_some(rate == RotationRate::NON_ROTATING),
            revolutions_per_minute: rate.per_minute(),
            form_factor: form_factor(medium.form_factor),
            zoned: match medium.zoned {
                ZonedModel::HOST_AWARE => Some("host-aware"),
                ZonedModel::DEVICE_MANAGED => Some("device-managed"),
                _ => None,
            },
        }
    }
}

impl CharacteristicsReport {
    pub(super) fn rows(&self, sections: &mut Sections) {
        sections.heading("Medium");
        let rotation = match (self.non_rotating, self.revolutions_per_minute) {
            (_, Some(rate)) => format!("{rate} per minute"),
            (Some(true), None) => "none (solid state)".to_owned(),
            _ => "not reported".to_owned(),
        };
        sections.row("rotation", rotation);
        sections.row("form factor", self.form_factor.unwrap_or("not reported"));
        sections.row_of("zones", self.zoned);
    }
}

const fn form_factor(form: FormFactor) -> Option<&'static str> {
    Some(match form {
        FormFactor::INCHES_5_25 => "5.25 inches",
        FormFactor::INCHES_3_5 => "3.5 inches",
        FormFactor::INCHES_2_5 => "2.5 inches",
        FormFactor::INCHES_1_8 => "1.8 inches",
        FormFactor::SMALLER => "less than 1.8 inches",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use iscsi_initiator::scsi::VpdPage as _;

    use super::*;

    fn report(content: &[u8]) -> CharacteristicsReport {
        BlockCharacteristics::parse(content).unwrap().into()
    }

    #[test]
    fn rotation_is_unknown_none_or_a_rate() {
        for (rate, non_rotating, per_minute) in [
            (0x0000, None, None),
            (0x0001, Some(true), None),
            (0x0400, None, None),
            (0x0401, Some(false), Some(0x0401)),
            (7200, Some(false), Some(7200)),
            (0xffff, None, None),
        ] {
            let shown = report(&u16::to_be_bytes(rate));
            assert_eq!(
                (shown.non_rotating, shown.revolutions_per_minute),
                (non_rotating, per_minute),
                "{rate}"
            );
        }
    }

    #[test]
    fn form_factor_and_zones_have_names() {
        let shown = report(&[0, 1, 0, 0x03, 0x10]);
        assert_eq!((shown.form_factor, shown.zoned), (Some("2.5 inches"), Some("host-aware")));
        let shown = report(&[0, 1, 0, 0x0f, 0x00]);
        assert_eq!((shown.form_factor, shown.zoned), (None, None));
    }
}
