//! Portals at which a lost session is replaced.

use super::*;

/// The ports of the next four attempts; 0 is the portal of the first login.
fn ports_of_attempts(mut nexus: Nexus) -> [u16; 4] {
    [(); 4].map(|()| {
        assert_eq!(nexus.take(NexusEvent::ReconnectNow, NOW), Step::LogIn);
        let port = nexus.portal().map_or(0, |portal| portal.port);
        nexus.take(NexusEvent::LoginFailed(Decision::LogInAgain(Duration::ZERO)), NOW);
        port
    })
}

/// Those of the portal group of the session take turns with the first one. Those of other groups, and all of a target that has
/// not named the group, do so when commands wait no longer.
#[test]
fn commands_wait_for_a_session_at_the_same_portal_group() {
    for (group, while_commands_wait) in [(Some(1), [0, 1, 0, 1]), (None, [0; 4])] {
        let mut world = World::new(group);
        for (port, group) in [(1, Some(1)), (2, Some(2)), (3, None)] {
            world.nexus.add_portal(Portal { host: "192.0.2.1".to_owned(), port }, group);
        }
        assert_eq!(world.lose(Failure::Closed), Step::Wait);
        assert_eq!(ports_of_attempts(world.nexus.clone()), while_commands_wait, "{group:?}");
        let later = NOW + RecoveryPolicy::default().replacement_timeout;
        assert_eq!(world.nexus.advance(later), Step::FailCommands);
        assert_eq!(ports_of_attempts(world.nexus), [0, 1, 2, 3], "{group:?}");
    }
}
