//! Redirections of a login, and their limits (RFC 7143, 11.13.5).

use std::collections::VecDeque;

use iscsi_login::initiator::Redirect;

use iscsi_pdu::Portal;

use crate::error::Error;

/// The most redirections that one login follows.
const MAX_REDIRECTS: usize = 5;
/// The most addresses of one redirection that are tried: more than a target with two networks and two controllers has.
const MAX_ADDRESSES: usize = 8;
/// The most portals that one login connects to.
const MAX_PORTALS: usize = 16;

/// The redirections of one login so far: bounded in number and in portals, without loops, and limited to the portals
/// that the caller allows. The limits matter because a target may redirect before it has authenticated itself.
#[derive(Clone)]
pub(super) struct Redirects<'a> {
    allowed: Option<&'a [Portal]>,
    /// The number of redirections followed.
    hops: usize,
    /// Portals to which the login has connected, or tried to connect.
    tried: Vec<Portal>,
    /// Portals of the last redirection not tried yet, in the target's order.
    next: VecDeque<Portal>,
    redirect_kind: Option<RedirectKind>,
}

/// The kind of redirection that led to a session ([RFC 7143, section
/// 11.13.5](https://www.rfc-editor.org/rfc/rfc7143#section-11.13.5)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedirectKind {
    /// Temporary: the next login begins at the original portal again.
    Temporarily,
    /// Permanent, from a target that had authenticated itself: the new portal may replace the original one.
    Permanently,
}

impl<'a> Redirects<'a> {
    pub(super) const fn new(allowed: Option<&'a [Portal]>) -> Self {
        Self { allowed, hops: 0, tried: Vec::new(), next: VecDeque::new(), redirect_kind: None }
    }

    /// The kind of all redirections together: one temporary or unauthenticated hop makes them temporary.
    pub(super) const fn redirect_kind(&self) -> Option<RedirectKind> {
        self.redirect_kind
    }

    /// The number of redirections followed so far.
    pub(super) const fn hops(&self) -> usize {
        self.hops
    }

    /// Follows the redirection that came from `portal`; returns the portal to try next.
    pub(super) fn follow(&mut self, portal: Portal, redirect: &Redirect) -> Result<Portal, Error> {
        let named = redirect.addresses.iter().take(MAX_ADDRESSES).map(|address| address.portal(&portal));
        let named: Vec<_> = named.collect();
        self.tried.push(portal);
        self.hops += 1;
        let Some(first) = named.first().cloned() else {
            return Err(Error::SessionEnded("redirection without address".to_owned()));
        };
        let allowed: Vec<_> = named.into_iter().filter(|portal| self.is_allowed(portal)).collect();
        if allowed.is_empty() {
            return Err(Error::RedirectRefused { portal: first });
        }
        self.next = allowed.into_iter().filter(|portal| !self.tried.contains(portal)).collect();
        let permanent = redirect.permanent && redirect.target_authenticated;
        self.redirect_kind = Some(match self.redirect_kind {
            None | Some(RedirectKind::Permanently) if permanent => RedirectKind::Permanently,
            _ => RedirectKind::Temporarily,
        });
        let next = self.next.pop_front().filter(|_| self.hops <= MAX_REDIRECTS && self.has_portals_left());
        next.ok_or(Error::RedirectLoop { hops: self.hops, portal: first })
    }

    /// Returns another portal of the last redirection after `portal` could not be connected to, or the error.
    pub(super) fn instead(&mut self, portal: Portal, error: Error) -> Result<Portal, Error> {
        self.tried.push(portal);
        match error {
            Error::Connect { .. } if self.has_portals_left() => self.next.pop_front().ok_or(error),
            _ => Err(error),
        }
    }

    fn has_portals_left(&self) -> bool {
        self.tried.len() < MAX_PORTALS
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

    fn to(ports: impl IntoIterator<Item = u16>) -> Redirect {
        let address = |port| format!("10.0.0.1:{port}").parse().unwrap();
        let addresses = ports.into_iter().map(address).collect();
        Redirect { permanent: false, target_authenticated: false, addresses, deviations: Vec::new() }
    }

    fn dead() -> Error {
        Error::Connect { portal: portal(1), reason: String::new() }
    }

    #[test]
    fn log_30_circles_and_long_ways_end() {
        let mut redirects = Redirects::new(None);
        assert_eq!(redirects.follow(portal(1), &to([2])), Ok(portal(2)));
        let circle = redirects.follow(portal(2), &to([1, 2]));
        assert_eq!(circle, Err(Error::RedirectLoop { hops: 2, portal: portal(1) }));

        let mut redirects = Redirects::new(None);
        for hop in 1..=5 {
            assert_eq!(redirects.hops(), usize::from(hop) - 1);
            assert_eq!(redirects.follow(portal(hop), &to([hop + 1])), Ok(portal(hop + 1)));
        }
        let one_too_many = redirects.follow(portal(6), &to([7]));
        assert_eq!(one_too_many, Err(Error::RedirectLoop { hops: 6, portal: portal(7) }));
    }

    #[test]
    fn log_30_other_addresses_are_tried_when_one_is_dead() {
        let mut redirects = Redirects::new(None);
        assert_eq!(redirects.follow(portal(1), &to([1, 2, 3])), Ok(portal(2)));
        assert_eq!(redirects.instead(portal(2), dead()), Ok(portal(3)));
        assert_eq!(redirects.instead(portal(3), dead()), Err(dead()));
        let refused = Error::AuthPolicy(String::new());
        assert_eq!(redirects.instead(portal(3), refused.clone()), Err(refused));
    }

    /// When a portal has answered, its answer counts, and no other portal of the same redirection is tried.
    #[test]
    fn log_30_log_31_other_addresses_are_tried_only_when_one_is_dead() {
        let mut redirects = Redirects::new(None);
        assert_eq!(redirects.follow(portal(1), &to([2, 3])), Ok(portal(2)));
        let refused = Error::AuthPolicy(String::new());
        assert_eq!(redirects.instead(portal(2), refused.clone()), Err(refused));
    }

    #[test]
    fn log_30_a_redirection_without_address() {
        let mut redirects = Redirects::new(None);
        let nowhere = Error::SessionEnded("redirection without address".to_owned());
        assert_eq!(redirects.follow(portal(1), &to([])), Err(nowhere));
    }

    /// A target that has not authenticated itself must not make this host connect to hundreds of others.
    #[test]
    fn log_30_a_redirection_leads_to_a_bounded_number_of_portals() {
        let mut redirects = Redirects::new(None);
        let mut portals = vec![redirects.follow(portal(1), &to(2..200)).unwrap()];
        while let Ok(next) = redirects.instead(portals[portals.len() - 1].clone(), dead()) {
            portals.push(next);
        }
        assert_eq!(portals, (2..10).map(portal).collect::<Vec<_>>());
    }

    #[test]
    fn log_30_all_redirections_together_lead_to_a_bounded_number_of_portals() {
        let mut redirects = Redirects::new(None);
        let (mut current, mut tried) = (portal(1), 1);
        for hop in 1..100 {
            let ports = to((0..7).map(|number| hop * 1000 + number));
            let Ok(mut next) = redirects.follow(current, &ports) else { break };
            tried += 1;
            // All but the last address of each redirection are dead.
            for _ in 0..6 {
                let Ok(other) = redirects.instead(next.clone(), dead()) else { break };
                (next, tried) = (other, tried + 1);
            }
            current = next;
        }
        assert_eq!(tried, 16);
    }

    /// Connecting to `0.0.0.0` would reach the local host.
    #[test]
    fn log_30_an_unspecified_address_is_the_host_that_was_asked() {
        let mut redirects = Redirects::new(None);
        let addresses = ["0.0.0.0:7", "[::]:8"].map(|address| address.parse().unwrap()).to_vec();
        let anywhere = Redirect { addresses, ..to([]) };
        assert_eq!(redirects.follow(portal(1), &anywhere), Ok(portal(7)));
        assert_eq!(redirects.instead(portal(7), dead()), Ok(portal(8)));
        let allowed = [portal(9)];
        let refused = Redirects::new(Some(&allowed)).follow(portal(1), &anywhere);
        assert_eq!(refused, Err(Error::RedirectRefused { portal: portal(7) }));
    }

    #[test]
    fn log_31_portals_outside_the_list_are_refused() {
        let allowed = [portal(3)];
        let mut redirects = Redirects::new(Some(&allowed));
        assert_eq!(redirects.follow(portal(1), &to([2, 3])), Ok(portal(3)));
        let refused = redirects.follow(portal(3), &to([2]));
        assert_eq!(refused, Err(Error::RedirectRefused { portal: portal(2) }));
    }

    #[test]
    fn log_30_one_temporary_or_unauthenticated_hop_makes_the_way_temporary() {
        const AUTHENTICATED: (bool, bool) = (true, true);
        for (ways, redirect_kind) in [
            ([AUTHENTICATED, AUTHENTICATED], RedirectKind::Permanently),
            ([AUTHENTICATED, (false, true)], RedirectKind::Temporarily),
            ([(false, true), AUTHENTICATED], RedirectKind::Temporarily),
            ([AUTHENTICATED, (true, false)], RedirectKind::Temporarily),
            ([(true, false), AUTHENTICATED], RedirectKind::Temporarily),
        ] {
            let mut redirects = Redirects::new(None);
            for (hop, (permanent, target_authenticated)) in (1..).zip(ways) {
                let redirect = Redirect { permanent, target_authenticated, ..to([hop + 1]) };
                redirects.follow(portal(hop), &redirect).unwrap();
            }
            assert_eq!(redirects.redirect_kind(), Some(redirect_kind));
        }
        assert_eq!(Redirects::new(None).redirect_kind(), None);
    }
}
