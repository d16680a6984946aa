//! An offer with its text, which is the same in every login (RFC 7143, 6.3 and 13).

use iscsi_pdu::TextWriter;

use crate::key::Key;
use crate::operational_keys::KEYS;
use crate::parameters::Offer;

/// An [`Offer`] with its text, written once for many logins
/// ([RFC 7143, section 13](https://www.rfc-editor.org/rfc/rfc7143#section-13)).
///
/// ```
/// use iscsi_login::{Offer, PreparedOffer};
/// let prepared = PreparedOffer::from(Offer::default());
/// assert_eq!(prepared.offer().parameters.max_connections, 1);
/// ```
#[derive(Clone, Debug)]
pub struct PreparedOffer {
    offer: Offer,
    normal: TextWriter,
    discovery: TextWriter,
}

impl From<Offer> for PreparedOffer {
    fn from(offer: Offer) -> Self {
        Self { offer, normal: write(&offer, false), discovery: write(&offer, true) }
    }
}

impl PreparedOffer {
    /// The values that are offered.
    #[must_use]
    pub const fn offer(&self) -> &Offer {
        &self.offer
    }

    /// The pairs of the offer in a session of this type.
    pub(crate) const fn text(&self, is_discovery: bool) -> &TextWriter {
        if is_discovery { &self.discovery } else { &self.normal }
    }
}

/// Whether a key is part of the offer in a session of this type.
pub(crate) fn is_offered(key: &Key, offer: &Offer, is_discovery: bool) -> bool {
    (key.is_offered)(offer) && !(is_discovery && key.irrelevant_in_discovery)
}

fn write(offer: &Offer, is_discovery: bool) -> TextWriter {
    let mut text = TextWriter::new();
    for key in KEYS.iter().filter(|key| is_offered(key, offer, is_discovery)) {
        (key.proposal)(offer).write_to(key.name, &mut text);
    }
    text
}
