//! Page 0x8f: third-party copy (SPC-4, 7.8.17; SBC-3, 6.5.6).

use super::VpdPage;
use crate::scsi::CommandError;
use crate::scsi::parameter_data::ParameterData;

/// What a copy manager can do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ThirdPartyCopy {
    /// The descriptors in the target's order; one that is cut off ends the list.
    pub descriptors: Vec<ThirdPartyCopyDescriptor>,
}

/// One descriptor of the page.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ThirdPartyCopyDescriptor {
    /// Its type.
    pub descriptor_type: ThirdPartyCopyType,
    /// Its bytes, without the four with type and length.
    pub bytes: Vec<u8>,
}

/// The type of a descriptor (SPC-4, table 653).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ThirdPartyCopyType(pub u16);

impl ThirdPartyCopyType {
    /// Limits of tokens of block devices ([`BlockRodLimits`]).
    pub const BLOCK_ROD_LIMITS: Self = Self(0x0000);
    /// The commands that the copy manager knows.
    pub const SUPPORTED_COMMANDS: Self = Self(0x0001);
    /// Limits of parameter data.
    pub const PARAMETER_DATA: Self = Self(0x0004);
    /// The descriptors that the copy manager knows.
    pub const SUPPORTED_DESCRIPTORS: Self = Self(0x0008);
    /// The identifiers of copy sources and destinations that it knows.
    pub const SUPPORTED_CSCD_IDS: Self = Self(0x000c);
    /// Properties of tokens ([`RodTokenFeatures`]).
    pub const ROD_TOKEN_FEATURES: Self = Self(0x0106);
    /// The types of tokens that it knows.
    pub const SUPPORTED_ROD_TYPES: Self = Self(0x0108);
    /// General limits of copies.
    pub const GENERAL_COPY_OPERATIONS: Self = Self(0x8001);
}

/// Limits of POPULATE TOKEN and WRITE USING TOKEN, in blocks unless stated otherwise (SBC-3, 6.5.6.2); 0 if the unit does not
/// state one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BlockRodLimits {
    /// The most ranges of one command.
    pub max_ranges: u16,
    /// The longest inactivity timeout of a token in seconds.
    pub max_inactivity_seconds: u32,
    /// The inactivity timeout of a token for which the command states none, in seconds.
    pub default_inactivity_seconds: u32,
    /// The most blocks of one token.
    pub max_transfer: u64,
    /// Tokens of more blocks than this may be slow.
    pub optimal_transfer: u64,
}

/// Properties of the tokens that a copy manager makes (SPC-4, 7.8.17.8); times in seconds, 0 if the unit does not state one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RodTokenFeatures {
    /// Whether tokens of other copy managers can be used, as a code (REMOTE TOKENS).
    pub remote_tokens: u8,
    /// The shortest lifetime of a token.
    pub min_lifetime_seconds: u32,
    /// The longest lifetime of a token.
    pub max_lifetime_seconds: u32,
    /// The longest inactivity timeout of a token.
    pub max_inactivity_seconds: u32,
}

impl VpdPage for ThirdPartyCopy {
    const CODE: u8 = 0x8f;

    fn parse(content: &[u8]) -> Result<Self, CommandError> {
        let (mut rest, mut descriptors) = (content, Vec::new());
        while let Some((&[a, b, high, low], body)) = rest.split_first_chunk::<4>() {
            let length = usize::from(u16::from_be_bytes([high, low]));
            let Some((bytes, behind)) = body.split_at_checked(length) else { break };
            let descriptor_type = ThirdPartyCopyType(u16::from_be_bytes([a, b]));
            descriptors.push(ThirdPartyCopyDescriptor { descriptor_type, bytes: bytes.to_vec() });
            rest = behind;
        }
        Ok(Self { descriptors })
    }
}

impl ThirdPartyCopy {
    /// Returns the limits of tokens of block devices; `None` if the page does not have them.
    #[must_use]
    pub fn block_rod_limits(&self) -> Option<BlockRodLimits> {
        let data = self.data(ThirdPartyCopyType::BLOCK_ROD_LIMITS, 32)?;
        Some(BlockRodLimits {
            max_ranges: data.u16(6),
            max_inactivity_seconds: data.u32(8),
            default_inactivity_seconds: data.u32(12),
            max_transfer: data.u64(16),
            optimal_transfer: data.u64(24),
        })
    }

    /// Returns the properties of tokens; `None` if the page does not have them.
    #[must_use]
    pub fn rod_token_features(&self) -> Option<RodTokenFeatures> {
        let data = self.data(ThirdPartyCopyType::ROD_TOKEN_FEATURES, 24)?;
        Some(RodTokenFeatures {
            remote_tokens: data.byte(0) & 0x0f,
            min_lifetime_seconds: data.u32(12),
            max_lifetime_seconds: data.u32(16),
            max_inactivity_seconds: data.u32(20),
        })
    }

    /// The first descriptor of a type, if it has as many bytes as its fields need.
    fn data(&self, descriptor_type: ThirdPartyCopyType, least: usize) -> Option<ParameterData<'_>> {
        let mut all = self.descriptors.iter();
        let found = all.find(|descriptor| descriptor.descriptor_type == descriptor_type)?;
        (found.bytes.len() >= least).then_some(ParameterData(&found.bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A vendor's descriptor, the limits of tokens, and their features.
    fn content() -> Vec<u8> {
        let mut content = vec![0xc0, 0x01, 0, 2, 7, 8];
        content.extend([0x00, 0x00, 0, 32, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x12, 0x34]);
        content.extend([0, 0, 0, 60, 0, 0, 0, 30]);
        content.extend([1_u64, 2].iter().flat_map(|number| number.to_be_bytes()));
        content.extend([0x01, 0x06, 0, 44, 0xf4]);
        content.extend([0xff; 11]);
        content.extend([10_u32, 20, 30].iter().flat_map(|number| number.to_be_bytes()));
        content.extend([0; 20]);
        content
    }

    fn parse(content: &[u8]) -> ThirdPartyCopy {
        ThirdPartyCopy::parse(content).unwrap()
    }

    #[test]
    fn descriptors_in_the_order_of_the_target() {
        let page = parse(&content());
        let types: Vec<_> = page.descriptors.iter().map(|descriptor| descriptor.descriptor_type.0).collect();
        assert_eq!((types, &page.descriptors[0].bytes[..]), (vec![0xc001, 0, 0x0106], &[7, 8][..]));
    }

    #[test]
    fn limits_and_features_of_tokens() {
        let page = parse(&content());
        let limits = BlockRodLimits {
            max_ranges: 0x1234,
            max_inactivity_seconds: 60,
            default_inactivity_seconds: 30,
            max_transfer: 1,
            optimal_transfer: 2,
        };
        let features = RodTokenFeatures {
            remote_tokens: 4,
            min_lifetime_seconds: 10,
            max_lifetime_seconds: 20,
            max_inactivity_seconds: 30,
        };
        assert_eq!((page.block_rod_limits(), page.rod_token_features()), (Some(limits), Some(features)));
        assert_eq!((parse(&[]).block_rod_limits(), parse(&[]).rod_token_features()), (None, None));
    }

    #[test]
    fn data_cut_off_at_every_length() {
        let content = content();
        for length in 0..content.len() {
            let page = parse(&content[..length]);
            let expected = [6, 42].iter().filter(|end| length >= **end).count();
            assert_eq!(page.descriptors.len(), expected, "{length}");
            assert_eq!(page.block_rod_limits().is_some(), length >= 42, "{length}");
        }
    }

    #[test]
    fn a_descriptor_that_is_too_short_has_no_fields() {
        for length in 0..=33_u8 {
            let descriptor = [&[0, 0, 0, length][..], &vec![0; length.into()]].concat();
            assert_eq!(parse(&descriptor).block_rod_limits().is_some(), length >= 32, "{length}");
            let descriptor = [&[1, 6, 0, length][..], &vec![0; length.into()]].concat();
            assert_eq!(parse(&descriptor).rod_token_features().is_some(), length >= 24, "{length}");
        }
    }
}
