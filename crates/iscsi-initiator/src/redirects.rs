//! Where a login may be sent on to, and for how long (RFC 7143, 11.13.5).

use std::collections::HashSet;

use iscsi_login::initiator::Redirect;

use crate::{Error, Portal};

/// Redirections followed before a login is given up.
const MAX_REDIRECTS: usize = 5;

/// The way of one login so far: bounded, without circles, and inside the list of portals that the caller allows.
pub(crate) struct Redirects<'a> {
    allowed: Option<&'a [Portal]>,
    seen: HashSet<Portal>,
    /// Portals of the last redirection not tried yet, in the target's order.
    next: std::vec::IntoIter<Portal>,
    /// What the redirections were so far.
    moved: Option<Moved>,
}

/// What a target said when it sent a login elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    /// For now: the next login begins at the portal that is known.
    Temporarily,
    /// For good: the portal that answered may replace the one that is known.
    Permanently,
}

impl<'a> Redirects<'a> {
    pub(crate) fn new(allowed: Option<&'a [Portal]>) -> Self {
        Self { allowed, seen: HashSet::new(), next: Vec::new().into_iter(), moved: None }
    }

    /// What the way was as a whole: one temporary hop makes it temporary.
    pub(crate) const fn moved(&self) -> Option<Moved> {
        self.moved
    }

    /// Redirections followed so far.
    pub(crate) fn hops(&self) -> usize {
        self.seen.len()
    }

    /// Takes the redirection that came from `portal`; the portal to go on with.
    pub(crate) fn follow(&mut self, portal: Portal, redirect: &Redirect) -> Result<Portal, Error> {
        self.seen.insert(portal);
        let named: Vec<_> = redirect.addresses.iter().map(Portal::from).collect();
        let last = named.first().cloned();
        let allowed: Vec<_> = named.into_iter().filter(|portal| self.is_allowed(portal)).collect();
        let hops = self.hops();
        let Some(last) = last else {
            return Err(Error::SessionEnded("redirection without address".to_owned()));
        };
        if allowed.is_empty() {
            return Err(Error::RedirectRefused { portal: last });
        }
        let new: Vec<_> = allowed.into_iter().filter(|portal| !self.seen.contains(portal)).collect();
        self.next = new.into_iter();
        self.moved = Some(match (self.moved, redirect.permanent) {
            (None | Some(Moved::Permanently), true) => Moved::Permanently,
            _ => Moved::Temporarily,
        });
        match self.next.next() {
            Some(next) if hops <= MAX_REDIRECTS => Ok(next),
            _ => Err(Error::RedirectLoop { hops, portal: last }),
        }
    }

    /// Another portal of the same redirection, when the one before cannot be reached.
    pub(crate) fn instead(&mut self, error: Error) -> Result<Portal, Error> {
        match error {
            Error::Connect { .. } => self.next.next().ok_or(error),
            _ => Err(error),
        }
    }

    fn is_allowed(&self, portal: &Portal) -> bool {
        self.allowed.is_none_or(|allowed| allowed.contains(portal))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn portal(number: u16) -> Portal {
        Portal { host: "10.0.0.1".to_owned(), port: number }
    }

    fn to(ports: &[u16], permanent: bool) -> Redirect {
        let address = |port| format!("10.0.0.1:{port}").parse().unwrap();
        Redirect { permanent, addresses: ports.iter().map(address).collect() }
    }

    #[test]
    fn log_30_circles_and_long_ways_end() {
        let mut redirects = Redirects::new(None);
        assert_eq!(redirects.follow(portal(1), &to(&[2], false)), Ok(portal(2)));
        let circle = redirects.follow(portal(2), &to(&[1, 2], false));
        assert_eq!(circle, Err(Error::RedirectLoop { hops: 2, portal: portal(1) }));

        let mut redirects = Redirects::new(None);
        let hops = (1..100).take_while(|hop| redirects.follow(portal(*hop), &to(&[hop + 1], false)).is_ok());
        assert_eq!(hops.count(), MAX_REDIRECTS);
    }

    #[test]
    fn log_30_other_addresses_are_tried_when_one_is_dead() {
        let mut redirects = Redirects::new(None);
        assert_eq!(redirects.follow(portal(1), &to(&[1, 2, 3], false)), Ok(portal(2)));
        let dead = || Error::Connect { portal: portal(2), reason: String::new() };
        assert_eq!(redirects.instead(dead()), Ok(portal(3)));
        assert_eq!(redirects.instead(dead()), Err(dead()));
        let refused = Error::Policy(String::new());
        assert_eq!(redirects.instead(refused.clone()), Err(refused));
    }

    #[test]
    fn log_31_portals_outside_the_list_are_refused() {
        let allowed = [portal(3)];
        let mut redirects = Redirects::new(Some(&allowed));
        assert_eq!(redirects.follow(portal(1), &to(&[2, 3], false)), Ok(portal(3)));
        let refused = redirects.follow(portal(3), &to(&[2], false));
        assert_eq!(refused, Err(Error::RedirectRefused { portal: portal(2) }));
    }

    #[test]
    fn log_30_one_temporary_hop_makes_the_way_temporary() {
        for (ways, moved) in [
            ([true, true], Moved::Permanently),
            ([true, false], Moved::Temporarily),
            ([false, true], Moved::Temporarily),
        ] {
            let mut redirects = Redirects::new(None);
            for (hop, permanent) in (1..).zip(ways) {
                redirects.follow(portal(hop), &to(&[hop + 1], permanent)).unwrap();
            }
            assert_eq!(redirects.moved(), Some(moved));
        }
        assert_eq!(Redirects::new(None).moved(), None);
    }
}
